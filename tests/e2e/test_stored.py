"""Bytes outside Git, end to end: store, remote of bytes, two clones and a server; nothing altered, nothing lost."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlvgit.actions.project import Project
from mlvgit.actions.pulling import plan_pull, pull
from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError
from mlvgit.store.objects import ObjectStore
from tests.conftest import ROOT, Sandbox
from tests.contracts.servers import BUCKET, KEY, SECRET, seaweedfs
from tests.contracts.sshd import sshd
from tests.e2e.conftest import Team

DATA = bytes(range(256)) * 8000
FOLDER = "data/snapshots/scans_v0.1"
FILE = f"{FOLDER}/scans.bin"
MANIFEST = f"{FOLDER}.manifest.json"


def object_of(folder: Path, data: bytes) -> Path:
    name = hashlib.sha256(data).hexdigest()
    return folder / "sha256" / name[:2] / name[2:]


@pytest.fixture
def stored(team: Team) -> Sandbox:
    """Ada's clone: `scans v0.1` in the store and committed, a folder as the remote of bytes; nothing pushed yet."""
    ada = team.with_shelf()
    ada.write("raw.bin", DATA)
    ada.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "-m", "Freeze scans")
    os.rename(ada / "raw.bin", ada.playground.folder / "raw.bin")
    return ada


@pytest.fixture
def shelf(stored: Sandbox) -> Path:
    return stored.playground.folder / "shelf"


@pytest.fixture
def frozen() -> str:
    return "data/snapshots/scans_v0.1/raw.bin"


def edit(sandbox: Sandbox, path: str, data: bytes) -> None:
    os.chmod(sandbox / path, 0o644)
    sandbox.write(path, data)


def test_git_holds_the_manifest_and_not_the_bytes(stored: Sandbox, frozen: str) -> None:
    assert stored.git("ls-files", "data").out.split() == [MANIFEST]
    assert stored.git("status", "--porcelain").out == ""
    assert stored.read(frozen) == DATA
    assert object_of(stored / ".git/mlv/objects", DATA).read_bytes() == DATA


def test_a_push_takes_the_bytes_along_and_a_fresh_clone_gets_every_one(
    team: Team, stored: Sandbox, shelf: Path, frozen: str
) -> None:
    pushed = stored.push("origin", "main")

    assert "sent 2.0 MiB (1 object) to shelf" in pushed.said
    assert object_of(shelf, DATA).read_bytes() == DATA
    carol = team.clone("carol")
    assert not (carol / frozen).exists()
    assert carol.mlv("pull").said.startswith("getting 2.0 MiB (1 object) for scans@v0.1")
    assert carol.read(frozen) == DATA
    carol.mlv("verify")
    assert carol.git("status", "--porcelain").out == ""
    assert "nothing to do" in carol.mlv("pull").said


def test_mlv_push_sends_what_is_too_much_for_a_hook(stored: Sandbox, shelf: Path) -> None:
    said = stored.mlv("push").said

    assert "sent 2.0 MiB (1 object) to shelf" in said
    assert object_of(shelf, DATA).read_bytes() == DATA
    assert stored.mlv("push", "--json").out.find('"refs": []') > 0


def test_a_push_that_the_host_refuses_says_what_was_sent_and_the_next_sends_it_not_again(
    team: Team, stored: Sandbox, shelf: Path
) -> None:
    team.server.hook("update", "echo closed today >&2; exit 1")

    refused = stored.mlv("push", check=False)

    assert refused.status == 4
    assert "closed today" in refused.err
    assert "sent 2.0 MiB (1 object) to shelf; made the folder" in refused.err
    assert refused.err.endswith("hint: git mlv push   (once what the remote refuses is mended)\n")
    (team.server / "hooks/update").unlink()
    sent = object_of(shelf, DATA).stat().st_ino
    assert "sent" not in stored.mlv("push").said
    assert object_of(shelf, DATA).stat().st_ino == sent
    object_of(shelf, DATA).unlink()
    assert stored.mlv("push").out == "sent 2.0 MiB (1 object) to shelf\norigin has everything now\n"
    assert stored.mlv("push").out == "origin has everything: nothing to do\n"


def test_bytes_that_are_nowhere_refuse_the_push_and_code_alone_asks_nobody(
    stored: Sandbox, shelf: Path, frozen: str
) -> None:
    object_of(stored / ".git/mlv/objects", DATA).unlink()
    (stored / frozen).unlink()

    refused = stored.push("origin", "main", check=False)

    assert refused.status != 0
    assert hashlib.sha256(DATA).hexdigest() in refused.said
    assert not object_of(shelf, DATA).exists()
    stored.git("switch", "-qc", "code", "origin/main")
    stored.write("train.py", "print()\n")
    stored.git("add", "train.py")
    stored.git("commit", "-qm", "Train")
    stored.write("mlv.yaml", "remotes:\n  shelf: {url: /nowhere/that/exists}\n")
    stored.push("origin", "code")


@pytest.mark.parametrize("how", ["overwritten", "truncated", "extra"])
def test_altered_bytes_that_git_ignores_refuse_the_next_commit(stored: Sandbox, frozen: str, how: str) -> None:
    if how == "extra":
        stored.write(f"{FOLDER}/more.bin", b"more")
    else:
        edit(stored, frozen, DATA[:-1] + b"!" if how == "overwritten" else DATA[:100])
    stored.write("code.py", "print()\n")
    stored.git("add", "code.py")

    refused = stored.assert_refused("commit", "-qm", "Code", because="MLV103")

    assert "git mlv restore scans@v0.1" in refused.said
    assert "git restore --staged" not in refused.said
    stored.mlv("restore", "scans@v0.1")
    assert stored.read(frozen) == DATA
    stored.git("commit", "-qm", "Code")


def test_a_snapshot_deleted_in_part_is_refused_and_one_let_go_whole_is_not(stored: Sandbox) -> None:
    stored.write("many/a.bin", DATA)
    stored.write("many/b.bin", DATA[1:])
    stored.mlv("snapshot", "create", "pair", "v0.1", "many", "-m", "Freeze a pair")
    os.unlink(stored / "data/snapshots/pair_v0.1/b.bin")
    stored.write("code.py", "print()\n")
    stored.git("add", "code.py")

    stored.assert_refused("commit", "-qm", "Code", because="MLV103")

    os.unlink(stored / "data/snapshots/pair_v0.1/a.bin")
    os.rmdir(stored / "data/snapshots/pair_v0.1")
    stored.git("commit", "-qm", "Code")


def test_what_git_clean_takes_away_is_not_here_and_no_finding(stored: Sandbox) -> None:
    stored.write("out/model.pkl", DATA)
    stored.write("out/tree.bin", DATA[1:])
    stored.write("out/metrics.json", '{"acc": 0.8}\n')
    stored.mlv("model", "add", "m", "v0.1.0", "out", "--storage", "store", "-m", "Add m")
    stored.git("clean", "-fdxq")
    stored.write("code.py", "print()\n")
    stored.git("add", "code.py")

    assert "mlv" not in stored.git("commit", "-qm", "Code").said

    assert "scans@v0.1  1 file, 2.0 MiB, 2026" in stored.mlv("status").out
    assert stored.mlv("status").out.count("not checked out here: git mlv pull ") == 2
    assert stored.mlv("verify").out.count("not checked out here: git mlv pull ") == 2
    stored.mlv("promote", "m", "v0.1.0", "archived", "--tag", "-m", "Kept for the record")
    stored.mlv("push")
    for told in ("git mlv pull", "git mlv pull m@v0.1.0"):
        step = stored.mlv("status").out.rpartition("next: ")[2].partition("   (")[0]
        assert step == told
        stored.run("sh", "-c", step)
    assert "not here" not in stored.mlv("verify").out
    os.unlink(stored / "models/m/v0.1.0/tree.bin")
    stored.write("code.py", "print(1)\n")
    stored.git("add", "code.py")
    stored.assert_refused("commit", "-qm", "Code", because="MLV103")


def test_a_clone_without_bytes_commits_and_pushes_code(team: Team, stored: Sandbox) -> None:
    stored.push("origin", "main")
    carol = team.clone("carol")
    carol.write("mlv.yaml", "remotes:\n  shelf: {url: /nowhere/that/exists}\n")
    carol.write("code.py", "print()\n")
    carol.git("add", "code.py")

    carol.git("commit", "-qm", "Code")

    carol.push("origin", "main")


def test_what_was_never_fetched_does_not_fail_a_verification_unless_it_is_asked_for(
    team: Team, stored: Sandbox
) -> None:
    stored.push("origin", "main")
    carol = team.clone("carol")

    assert "git mlv pull scans@v0.1" in carol.mlv("verify").said
    assert carol.mlv("verify", "scans@v0.1", check=False).status == 1


def test_touched_files_with_the_same_bytes_are_no_finding(stored: Sandbox, frozen: str) -> None:
    os.utime(stored / frozen, (1, 1))
    stored.write("code.py", "print()\n")
    stored.git("add", "code.py")

    stored.git("commit", "-qm", "Code")


def test_a_flipped_byte_in_the_store_is_refused_by_name_and_healed(stored: Sandbox, shelf: Path, frozen: str) -> None:
    stored.push("origin", "main")
    whole = object_of(stored / ".git/mlv/objects", DATA)
    edit(stored, str(whole.relative_to(stored.path)), b"!" + DATA[1:])
    edit(stored, frozen, b"!" + DATA[1:])

    stored.mlv("restore", "scans@v0.1")

    assert stored.read(frozen) == DATA
    assert whole.read_bytes() == DATA
    edit(stored, str(whole.relative_to(stored.path)), b"!" + DATA[1:])
    assert "healed" in stored.mlv("fsck").said
    assert whole.read_bytes() == DATA


def test_a_folder_in_place_of_an_object_is_set_aside(stored: Sandbox, frozen: str) -> None:
    stored.push("origin", "main")
    place = object_of(stored / ".git/mlv/objects", DATA)
    place.unlink()
    (place / "inside").mkdir(parents=True)
    (stored / frozen).unlink()

    stored.mlv("pull")

    assert stored.read(frozen) == place.read_bytes() == DATA
    assert [path.is_dir() for path in (stored / ".git/mlv/objects/quarantine").iterdir()] == [True]
    stored.mlv("gc", "--quarantine")
    assert list((stored / ".git/mlv/objects/quarantine").iterdir()) == []


@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_a_push_heals_a_damaged_object_from_the_working_directory_and_sends_the_right_bytes(
    stored: Sandbox, shelf: Path, how: str
) -> None:
    whole = object_of(stored / ".git/mlv/objects", DATA)
    if how == "flipped":
        edit(stored, str(whole.relative_to(stored.path)), b"!" + DATA[1:])
    else:
        whole.unlink()

    stored.push("origin", "main")

    assert object_of(shelf, DATA).read_bytes() == DATA
    assert whole.read_bytes() == DATA


def test_a_flipped_byte_on_the_remote_is_handed_out_to_nobody(
    team: Team, stored: Sandbox, shelf: Path, frozen: str
) -> None:
    stored.push("origin", "main")
    there = object_of(shelf, DATA)
    there.chmod(0o644)
    there.write_bytes(b"!" + DATA[1:])
    carol = team.clone("carol")

    refused = carol.mlv("pull", check=False)

    assert refused.status == 1
    assert frozen in refused.said
    assert "git mlv fsck --remote shelf" in refused.said
    assert not (carol / frozen).exists()
    assert list((carol / ".git/mlv/objects").glob("sha256/*/*")) == []


def test_a_served_model_in_the_store_has_its_metrics_in_git_and_a_fresh_clone_is_led_to_its_bytes(
    team: Team, stored: Sandbox
) -> None:
    stored.write("out/model.pkl", DATA)
    stored.write("out/metrics.json", '{"f1": 0.9}\n')
    stored.mlv("model", "add", "clf", "v0.1.0", "out/model.pkl", "--metrics", "out/metrics.json", "-m", "Add clf")
    stored.mlv("promote", "clf", "v0.1.0", "production", "--tag", "-m", "first")
    stored.write("out/model.pkl", DATA[1:])
    stored.mlv("model", "add", "clf", "v0.2.0", "out/model.pkl", "-m", "Add a newer one")
    stored.mlv("push")

    carol = team.clone("carol")
    carol.mlv("pull", "scans@v0.1")

    assert "not checked out: 1 file (2.0 MiB) of clf@v0.1.0: git mlv pull\n" in carol.mlv("status").out
    assert "models/clf/v0.1.0/metrics.json" in carol.git("ls-files", "models").out
    assert "models/clf/v0.1.0/model.pkl" not in carol.git("ls-files", "models").out
    path = carol.mlv("resolve", "clf@production", "model.pkl").out.strip()
    assert Path(path).read_bytes() == DATA


def test_renumbering_and_discarding_keep_the_bytes_out_of_git(stored: Sandbox) -> None:
    stored.mlv("renumber", "scans@v0.1", "v0.2", "-m", "Renumber")

    assert stored.git("ls-files", "data").out.split() == ["data/snapshots/scans_v0.2.manifest.json"]
    assert stored.git("status", "--porcelain").out == ""
    stored.mlv("verify")
    stored.mlv("discard", "scans@v0.2", "-m", "Not needed")
    assert stored.git("ls-files", "data").out.split() == []
    assert stored.git("status", "--porcelain").out == ""


def test_small_versions_stay_in_git_when_the_storage_is_chosen_by_size(stored: Sandbox) -> None:
    stored.write("small.csv", "a,b\n1,2\n")

    stored.mlv("snapshot", "create", "small", "v0.1", "small.csv", "-m", "Freeze")

    assert "data/snapshots/small_v0.1/small.csv" in stored.git("ls-files", "data").out


def test_another_worktree_shares_the_store(stored: Sandbox, frozen: str) -> None:
    stored.git("worktree", "add", "-q", "../other", "HEAD")
    other = Sandbox(stored.playground, stored.playground.folder / "other")

    said = other.mlv("pull").said

    assert "getting" not in said
    assert other.read(frozen) == DATA
    assert object_of(stored / ".git/mlv/objects", DATA).stat().st_nlink == 1


def test_data_that_may_not_be_here_is_not_pulled(team: Team, stored: Sandbox, frozen: str) -> None:
    stored.write("mlv.yaml", (stored.read("mlv.yaml").decode() + "datasets:\n  scans: {local: never}\n"))
    stored.git("commit", "-qam", "Keep scans off other machines")
    stored.push("origin", "main")
    carol = team.clone("carol")

    assert "nothing to do" in carol.mlv("pull").said
    refused = carol.mlv("pull", "scans@v0.1", check=False)

    assert refused.status == 1
    assert "local: never" in refused.said
    assert carol.mlv("resolve", "scans@v0.1", check=False).status == 1
    assert not (carol / frozen).exists()


def test_a_folder_is_read_back_by_the_documented_steps_alone(team: Team, stored: Sandbox, shelf: Path) -> None:
    stored.push("origin", "main")
    page = (ROOT / "docs" / "store-format.md").read_text()
    steps = page.split("## Reading a folder back without mlvgit")[1].split("```sh\n")[1].split("```")[0]
    empty = team.bare_clone("without-mlvgit")

    said = empty.run("sh", "-euc", steps, MANIFEST=MANIFEST, SHELF=str(shelf)).out

    assert said == f"{FOLDER}/raw.bin: OK\n"
    assert empty.read(f"{FOLDER}/raw.bin") == DATA


def test_a_machine_that_ssh_reaches_takes_the_bytes_and_gives_them_back(
    team: Team, stored: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    far = stored.playground.folder / "far"
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        stored.write("mlv.yaml", f"remotes:\n  lab: '{server.url(far)}'\n")
        stored.git("commit", "-qam", "Use the lab")
        said = stored.git("push", "-q", "origin", "main", GIT_SSH_COMMAND=server.command()).said
        carol = team.clone("carol")
        refused = carol.mlv("pull", check=False, GIT_SSH_COMMAND=server.command(key="stranger"))

        carol.mlv("pull", GIT_SSH_COMMAND=server.command())

    assert "sent 2.0 MiB (1 object) to lab" in said
    assert refused.status == 4
    assert "Permission denied" in refused.err
    assert object_of(far, DATA).read_bytes() == DATA
    assert carol.read(f"{FOLDER}/raw.bin") == DATA


def test_a_bucket_takes_the_bytes_and_gives_them_back(
    team: Team, stored: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with seaweedfs(tmp_path_factory.mktemp("weed")) as endpoint:
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        settings = f"remotes:\n  bucket: {{url: 's3://{BUCKET}/team', endpoint: '{endpoint}'}}\n"
        stored.write("mlv.yaml", settings)
        stored.git("commit", "-qam", "Use a bucket")
        said = stored.git("push", "-q", "origin", "main", **keys).said
        carol = team.clone("carol")

        carol.mlv("pull", **keys)

    assert "sent 2.0 MiB (1 object) to bucket" in said
    assert carol.read(f"{FOLDER}/raw.bin") == DATA


def test_a_damaged_object_on_the_remote_is_found_and_sent_anew_from_a_clone_that_has_it(
    team: Team, stored: Sandbox, shelf: Path, frozen: str
) -> None:
    stored.push("origin", "main")
    there = object_of(shelf, DATA)
    there.chmod(0o644)
    there.write_bytes(b"!" + DATA[1:])
    carol = team.clone("carol")

    found = carol.mlv("fsck", "--remote", check=False)

    assert found.status == 1
    assert hashlib.sha256(DATA).hexdigest() in found.out
    assert "healed" in stored.mlv("fsck", "--remote", "shelf").out
    assert there.read_bytes() == DATA
    assert "1 whole" in carol.mlv("fsck", "--remote").out
    assert "names: shelf" in carol.mlv("fsck", "--remote", "attic", check=False).said


def test_a_truncated_object_on_the_remote_is_sent_again_by_the_next_push(
    stored: Sandbox, shelf: Path, frozen: str
) -> None:
    stored.push("origin", "main")
    there = object_of(shelf, DATA)
    there.chmod(0o644)
    there.write_bytes(DATA[:10])

    said = stored.mlv("push").said

    assert "sent 2.0 MiB (1 object) to shelf" in said
    assert there.read_bytes() == DATA


KILLED = """
import os, signal, sys
from mlvgit.actions.project import Project
from mlvgit.actions.pulling import plan_pull, pull

class Killer:
    left = int(sys.argv[1])
    def start(self, total_bytes, total_files): pass
    def finish(self): pass
    def advance(self, nbytes):
        self.left -= nbytes
        if self.left < 0:
            os.kill(os.getpid(), getattr(signal, sys.argv[2]))

project = Project.open()
pull(project, plan_pull(project), Killer())
"""


def test_a_pull_takes_what_the_store_lost_from_files_that_stand_whole_and_asks_no_remote(
    stored: Sandbox, frozen: str
) -> None:
    for number in range(3):
        stored.write(f"many/{number}.csv", f"{number}\n")
    stored.mlv("snapshot", "create", "many", "v0.1", "many", "--storage", "store", "-m", "Freeze many")
    objects = stored / ".git/mlv/objects"
    shutil.rmtree(objects / "sha256")

    assert "would take 2.0 MiB (4 objects) for many@v0.1, scans@v0.1" in stored.mlv("pull", "--dry-run").out
    pulled = stored.mlv("pull")

    assert "taking 2.0 MiB (4 objects)" in pulled.out
    assert "getting" not in pulled.out
    assert object_of(objects, DATA).read_bytes() == DATA
    assert stored.mlv("pull").out == "everything is here: nothing to do\n"
    object_of(objects, DATA).unlink()
    edit(stored, frozen, DATA[::-1])
    refused = stored.mlv("pull", check=False)
    assert refused.status == 1
    assert f"{frozen}: not as it was frozen, and nowhere else" in refused.err
    assert stored.read(frozen) == DATA[::-1]
    assert not object_of(objects, DATA[::-1]).exists()


def test_a_pull_that_was_killed_goes_on_where_it_was(team: Team, stored: Sandbox, shelf: Path) -> None:
    for number in range(40):
        stored.write(f"many/{number}.bin", bytes([number]) * 100_000)
    stored.mlv("snapshot", "create", "many", "v0.1", "many", "-m", "Freeze many")
    stored.push("origin", "main")
    carol = team.clone("carol")

    killed = carol.run(sys.executable, "-c", KILLED, "3000000", "SIGKILL", check=False)

    assert killed.status == -9
    here = len(list((carol / ".git/mlv/objects/sha256").glob("*/??????????????????????????????*")))
    assert 0 < here < 41
    assert f"({41 - here} objects)" in carol.mlv("pull").said
    carol.mlv("verify", "many@v0.1", "scans@v0.1")
    carol.write("code.py", "print()\n")
    carol.git("add", "code.py")
    carol.git("commit", "-qm", "Code")


def test_what_a_killed_pull_left_is_no_finding_and_goes_with_a_later_one(team: Team, stored: Sandbox) -> None:
    stored.push("origin", "main")
    carol = team.clone("carol")
    left = carol.write(f"{FOLDER}/.mlv-tmp-0123456789abcdef", "half")
    os.utime(left, (1, 1))
    carol.mlv("init")
    assert "MLV" not in carol.mlv("check").said

    carol.mlv("pull")

    assert os.listdir(carol / FOLDER) == ["raw.bin"]
    assert carol.commit_files("Honest work", notes="text")


def _heed_ctrl_c() -> None:
    """Undo what a shell does to programs in its background: they ignore Ctrl-C, and so do all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_a_pull_that_waits_for_a_server_and_leaves_nothing_half_done(team: Team, stored: Sandbox) -> None:
    stored.push("origin", "main")
    carol = team.clone("carol")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        carol.write("mlv.yaml", f"remotes:\n  bucket: {{url: 's3://b/p', endpoint: 'http://127.0.0.1:{port}'}}\n")
        waiting = subprocess.Popen(
            ["git-mlv", "pull"],
            cwd=carol.path,
            env=carol.playground.environment(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s"),
            stderr=subprocess.PIPE,
            preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - no other thread runs here
        )
        try:
            connection, _ = silent.accept()
            with connection:
                waiting.send_signal(signal.SIGINT)
                said = waiting.communicate(timeout=30)[1]
        finally:
            waiting.kill()
            waiting.communicate()

    assert waiting.returncode == 130, said
    assert not list((carol / ".git/mlv/objects").glob("sha256/*/*"))
    carol.write("mlv.yaml", stored.read("mlv.yaml").decode())
    carol.mlv("pull")


def test_a_pull_gets_the_files_that_were_asked_for_and_the_rest_is_no_finding(team: Team, stored: Sandbox) -> None:
    for name in ("train/a.csv", "train/b.csv", "train/b.txt", "test/a.csv", "names.txt"):
        stored.write(f"many/{name}", f"{name}\n")
    stored.mlv("snapshot", "create", "many", "v0.1", "many", "--storage", "store", "-m", "Freeze many")
    stored.push("origin", "main")
    carol = team.clone("carol")
    folder = "data/snapshots/many_v0.1"

    def here() -> list[str]:
        return sorted(str(path.relative_to(carol / folder)) for path in (carol / folder).rglob("*.*"))

    assert "would get" in carol.mlv("pull", "many@v0.1", "-I", "train", "-n").said
    assert here() == []
    carol.mlv("pull", "many@v0.1", "--include", "*.csv", "--exclude", "test/")
    assert here() == ["train/a.csv", "train/b.csv"]
    carol.mlv("pull", f"{folder}/names.*")
    assert here() == ["names.txt", "train/a.csv", "train/b.csv"]
    carol.write("code.py", "print()\n")
    carol.git("add", "code.py")
    carol.git("commit", "-qm", "Code")
    assert carol.mlv("pull", f"{folder}/nothing.*", check=False).status == 2
    edit(carol, f"{folder}/train/a.csv", b"other\n")
    pulled = carol.mlv("pull", "many@v0.1", check=False)
    assert pulled.status == 1
    assert "git mlv restore many@v0.1" in pulled.err
    assert carol.read(f"{folder}/train/a.csv") == b"other\n"
    assert "test/a.csv" in here()
    carol.write("code.py", "print(1)\n")
    carol.git("add", "code.py")
    carol.assert_refused("commit", "-qm", "Code", because="MLV103")


def test_a_pull_after_a_reset_brings_the_bytes_that_the_manifest_names_now(stored: Sandbox, frozen: str) -> None:
    first = stored.head()
    stored.write("raw.bin", DATA[::-1])
    stored.write("more.bin", DATA[::2])
    stored.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "more.bin", "--replace", "-m", "Freeze others")
    second = stored.head()
    stored.git("reset", "-q", "--hard", first)

    checked = stored.mlv("check", "--all", check=False)
    assert checked.status == 1
    assert "git mlv restore scans@v0.1" in checked.said
    stored.mlv("pull")

    assert stored.read(frozen) == DATA
    assert os.listdir(stored / FOLDER) == ["raw.bin"]
    stored.mlv("verify", "scans@v0.1")
    stored.mlv("check", "--all")
    assert "nothing to do" in stored.mlv("pull").said
    stored.git("reset", "-q", "--hard", second)
    stored.mlv("pull", "scans@v0.1")
    stored.mlv("verify", "scans@v0.1")


def test_a_file_takes_the_place_of_a_folder_of_another_version_and_the_other_way_round(stored: Sandbox) -> None:
    stored.write("raw/sub/b.bin", DATA[::-1])
    stored.mlv("snapshot", "create", "scans", "v0.1", "raw", "--replace", "-m", "Freeze a folder")
    with_folder = stored.head()
    shutil.rmtree(stored / "raw")
    stored.write("raw/sub", DATA[::2])
    stored.mlv("snapshot", "create", "scans", "v0.1", "raw", "--replace", "-m", "Freeze a file")
    with_file = stored.head()

    for commit in (with_folder, with_file):
        stored.git("reset", "-q", "--hard", commit)
        stored.mlv("pull")
        stored.mlv("verify", "scans@v0.1")
    stored.git("reset", "-q", "--hard", with_folder)
    stored.mlv("pull")
    stored.write(f"{FOLDER}/sub/mine", "nowhere else")
    stored.git("reset", "-q", "--hard", with_file)
    assert "nowhere else" in stored.mlv("pull", check=False).err
    stored.remove(f"{FOLDER}/sub/mine")
    stored.mlv("pull", f"{FOLDER}/sub")

    for commit in (with_folder, with_file):
        stored.checkout(commit)
        stored.mlv("verify", "scans@v0.1")


def test_a_pull_leaves_bytes_of_which_the_store_has_only_what_nothing_needs(stored: Sandbox, frozen: str) -> None:
    first = stored.head()
    stored.write("raw.bin", DATA[::-1])
    stored.mlv("snapshot", "create", "scans", "v0.2", "raw.bin", "-m", "Freeze others")
    stored.git("reset", "-q", "--hard", first)
    stored.git("update-ref", "-d", "ORIG_HEAD")
    stored.git("reflog", "expire", "--expire=now", "--all")
    os.unlink(stored / frozen)
    os.rename(stored / "raw.bin", stored / frozen)

    refused = stored.mlv("pull", "scans@v0.1", check=False)

    assert refused.status == 1
    assert "git mlv restore scans@v0.1" in refused.said
    assert stored.read(frozen) == DATA[::-1]


def test_a_pull_leaves_what_is_written_to_after_it_was_hashed(
    stored: Sandbox, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.write("raw.bin", DATA[::-1])
    stored.mlv("snapshot", "create", "scans", "v0.2", "raw.bin", "-m", "Freeze others")
    edit(stored, frozen, DATA[::-1])
    project = Project.open(stored.path)
    check = ObjectStore.check

    def written_meanwhile(store: ObjectStore, digest: Digest) -> bool:
        with (stored / frozen).open("ab") as file:
            file.write(b"precious")
        return check(store, digest)

    monkeypatch.setattr(ObjectStore, "check", written_meanwhile)
    with pytest.raises(IntegrityError, match="left as it stands"):
        pull(project, plan_pull(project, ["scans@v0.1"]))

    assert stored.read(frozen) == DATA[::-1] + b"precious"


def test_a_pull_leaves_the_bytes_of_a_manifest_that_is_not_committed_yet(stored: Sandbox, frozen: str) -> None:
    stored.write("raw.bin", DATA[::-1])
    stored.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--replace")

    stored.mlv("pull")

    assert stored.read(frozen) == DATA[::-1]


def test_a_switch_brings_unaltered_folders_in_line_and_leaves_altered_ones(stored: Sandbox, frozen: str) -> None:
    other = DATA[::-1]
    stored.git("switch", "-qc", "other")
    stored.write("raw.bin", other)
    stored.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--replace", "-m", "Freeze others")
    os.unlink(stored / "raw.bin")

    said = stored.git("switch", "main").said

    assert f"{FOLDER} follows its manifest: 1 file removed, 1 file from the store" in said
    assert stored.read(frozen) == DATA
    stored.write("code.py", "print()\n")
    stored.git("add", "code.py")
    stored.git("commit", "-qm", "Code")
    edit(stored, frozen, b"mine")
    assert f"{FOLDER} is left as it stands: raw.bin" in stored.git("switch", "other").said
    assert stored.read(frozen) == b"mine"
    stored.mlv("restore", "scans@v0.1")
    assert stored.read(frozen) == other


def test_a_source_with_two_names_of_one_file_leaves_whole(repo: Sandbox) -> None:
    repo.write("raw/a.bin", "a" * 5000)
    (repo / "raw/b.bin").hardlink_to(repo / "raw/a.bin")

    repo.mlv("snapshot", "create", "q", "v0.1", "raw", "--move", "--storage", "store", "-m", "Freeze q")

    assert list((repo / "raw").iterdir()) == []
    repo.mlv("verify")


@pytest.mark.parametrize(
    "damage",
    [
        lambda held: held.write_bytes(b""),
        lambda held: held.write_bytes(b"\xff\x00garbage"),
        lambda held: held.write_bytes(held.read_bytes()[:-3]),
        lambda held: held.write_bytes(held.read_bytes().replace(b"a.bin", b"i.bin")),
        lambda held: held.unlink(),
    ],
    ids=["emptied", "garbage", "cut", "bit flipped", "deleted"],
)
def test_an_alteration_is_seen_although_the_record_of_what_is_held_is_damaged_or_gone(
    repo: Sandbox, damage: Callable[[Path], object]
) -> None:
    repo.mlv("init")
    repo.commit("Set up mlvgit")
    repo.write("raw/a.bin", "a" * 5000)
    repo.mlv("snapshot", "create", "q", "v0.1", "raw", "--storage", "store", "-m", "Freeze q")
    damage(repo / ".git/mlv-held")
    file = repo / "data/snapshots/q_v0.1/a.bin"
    file.chmod(0o644)
    file.write_text("b" * 5000)
    repo.write("raw/a.bin", "c" * 5000)

    repo.mlv("snapshot", "create", "r", "v0.1", "raw", "--storage", "store")

    repo.assert_refused("commit", "--allow-empty", "-m", "Nothing", because="MLV103")
    repo.mlv("restore", "q@v0.1")
    repo.git("commit", "-q", "--allow-empty", "-m", "Nothing")


def test_a_folder_in_place_of_the_record_of_what_is_held_is_named(stored: Sandbox) -> None:
    (stored / ".git/mlv-held").unlink()
    (stored / ".git/mlv-held").mkdir()

    refused = stored.git("commit", "-q", "--allow-empty", "-m", "Nothing", check=False)

    assert "mlv-held: Is a directory" in refused.said
    assert "move it away" in refused.said


def test_a_replaced_version_stays_where_its_bytes_are_kept(stored: Sandbox) -> None:
    stored.write("small.csv", "a\n")
    stored.mlv("snapshot", "create", "small", "v0.1", "small.csv", "--storage", "store", "-m", "Freeze small")
    stored.write("small.csv", "b\n")

    stored.mlv("snapshot", "create", "small", "v0.1", "small.csv", "--replace", "-m", "Freeze small again")

    assert stored.git("ls-files", "data/snapshots/small_v0.1").out == ""


def test_bytes_held_for_another_manifest_are_refused_and_restored(team: Team, stored: Sandbox, frozen: str) -> None:
    stored.git("switch", "-qc", "feature")
    stored.mlv("push")
    carol = team.clone("carol")
    carol.git("switch", "-q", "feature")
    carol.mlv("pull")
    stored.write("raw.bin", DATA[::-1])
    stored.mlv("snapshot", "create", "scans", "v0.1", "raw.bin", "--replace", "-m", "Freeze others")
    stored.mlv("push")
    carol.git("fetch", "-q")
    carol.git("reset", "-q", "--hard", "origin/feature")
    carol.write("code.py", "print()\n")
    carol.git("add", "code.py")

    carol.assert_refused("commit", "-qm", "Code", because="git mlv restore scans@v0.1")

    assert carol.read(frozen) == DATA
    carol.mlv("restore", "scans@v0.1")
    assert carol.read(frozen) == DATA[::-1]
    carol.git("commit", "-qm", "Code")


def test_what_is_about_to_be_taken_back_does_not_come_again_and_its_commit_is_accepted(
    stored: Sandbox, frozen: str
) -> None:
    stored.write("more.bin", DATA[::-1])
    stored.mlv("snapshot", "create", "maps", "v0.1", "more.bin", "-m", "Freeze maps", "--storage", "store")
    stored.mlv("discard", "maps@v0.1")

    pulled = stored.mlv("pull").said

    assert "maps" not in pulled
    assert not (stored / "data/snapshots/maps_v0.1").exists()
    stored.git("commit", "-qm", "Discard maps@v0.1")


def test_a_dry_pull_says_what_only_the_working_directory_lacks(stored: Sandbox, frozen: str) -> None:
    stored.remove(frozen)

    assert "would put 1 file into the working directory; the store has the bytes" in stored.mlv("pull", "-n").said
    assert not (stored / frozen).exists()
    stored.mlv("pull")
    assert "everything is here" in stored.mlv("pull", "-n").said


@pytest.mark.parametrize("command", [("push",), ("fsck", "--remote", "shelf")])
def test_settings_that_cannot_be_read_are_said_before_a_remote_is_said_not_to_be_named(
    stored: Sandbox, command: tuple[str, ...]
) -> None:
    stored.write("mlv.yaml", "remotes: [\n")

    refused = stored.mlv(*command, check=False)

    assert refused.status == 2
    assert "mlv.yaml" in refused.said
    assert "no remote" not in refused.said


def test_other_bytes_in_the_place_of_a_version_are_not_frozen_by_the_first_way_that_is_printed(
    stored: Sandbox,
) -> None:
    stored.write("data/snapshots/maps_v0.1/maps.bin", b"old")
    stored.write("maps.bin", b"corrected")
    create = ("snapshot", "create", "maps", "v0.1", "maps.bin", "-m", "Freeze maps")

    refused = stored.mlv(*create, check=False)

    assert refused.status == 1
    assert "mv data/snapshots/maps_v0.1 data/snapshots/maps_v0.1.old" in refused.said
    os.rename(stored / "data/snapshots/maps_v0.1", stored / "data/snapshots/maps_v0.1.old")
    stored.mlv(*create)
    assert stored.read("data/snapshots/maps_v0.1/maps.bin") == b"corrected"
