"""The one path: freeze, add, commit, tag, promote, push, fresh clone, resolve, falsify, recover, roll back."""

import os

from tests.e2e.conftest import Team

ROWS = "sepal,petal,kind\n5.1,1.4,setosa\n6.2,4.5,versicolor\n"
FROZEN = "data/snapshots/iris_v0.1/iris.csv"


def test_the_whole_way_from_freezing_to_rolling_back(team: Team) -> None:
    ada, bob = team.ada, team.bob

    # Ada freezes data, adds two versions of a model, and releases both.
    ada.write("raw/iris.csv", ROWS)
    ada.mlv("snapshot", "create", "iris", "v0.1", "raw/iris.csv")
    ada.git("commit", "-qm", "Freeze iris")
    for version, f1 in (("v0.1.0", "0.91"), ("v0.2.0", "0.94")):
        ada.write("out/model.pkl", f"weights of {version}\n")
        ada.write("out/metrics.json", f'{{"f1": {f1}}}\n')
        ada.mlv(
            "model", "add", "iris_clf", version, "out/model.pkl", "--metrics", "out/metrics.json", "--data", "iris@v0.1"
        )
        ada.git("commit", "-qm", f"Add {version}")
        ada.mlv("tag-model", "iris_clf", version)
        ada.mlv("promote", "iris_clf", version, "production", "-m", f"f1 {f1}")
    ada.push("--atomic", "origin", "main", "iris_clf@v0.1.0", "iris_clf@v0.2.0")

    # A fresh clone hands out what serves, hashed.
    carol = team.clone("carol")
    path = carol.mlv("resolve", "iris_clf@production", "model.pkl").out.strip()
    with open(path) as file:
        assert file.read() == "weights of v0.2.0\n"

    # Falsify, first route: an edit in place is refused by git commit.
    bob.git("pull", "-q")
    os.chmod(bob / FROZEN, 0o644)
    bob.write(FROZEN, ROWS + "9.9,9.9,virginica\n")
    refused = bob.assert_refused("commit", "-qam", "Fix a row", because="MLV101")
    assert "git mlv restore iris@v0.1" in refused.said

    # Second route: past the commit hook, and refused at push.
    bob.git("commit", "-qam", "Fix a row", "--no-verify")
    assert "MLV101" in bob.push("origin", "main", check=False).said

    # Third route: past all hooks of this clone, and refused by the server.
    answer = bob.push("--no-verify", "origin", "main", check=False)
    assert answer.status != 0
    assert "MLV101" in answer.said
    assert team.server.head("main") == ada.head()

    # Recover both ways: put the frozen bytes back, and freeze the change as a new version.
    bob.git("reset", "-q", "--soft", "origin/main")
    bob.mlv("snapshot", "create", "iris", "--bump", "minor", "data/snapshots/iris_v0.1", "--from", "iris@v0.1")
    bob.mlv("restore", "iris@v0.1")
    bob.git("commit", "-qm", "Freeze the corrected iris")
    bob.push("origin", "main")
    assert bob.read("data/snapshots/iris_v0.2/iris.csv").endswith(b"virginica\n")
    assert bob.read(FROZEN) == ROWS.encode()
    bob.mlv("verify")

    # Roll back, and everybody gets the former model.
    ada.git("pull", "-q")
    assert "v0.1.0" in ada.mlv("rollback", "iris_clf", "-m", "Recall fell").out
    ada.push("origin", "main")
    carol.git("pull", "-q")
    with open(carol.mlv("resolve", "iris_clf@production", "model.pkl").out.strip()) as file:
        assert file.read() == "weights of v0.1.0\n"
    assert "no findings" in carol.mlv("check", "--all").out
