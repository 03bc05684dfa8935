"""Falsifications: what somebody alters, by which route it is to get into history, and how it is found and undone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import NamedTuple

from bench.monthly import byhand
from bench.monthly.ledger import State, Version
from bench.monthly.people import Person
from bench.monthly.team import MODELS, Team, tag_name
from tests.conftest import Ran
from tests.e2e.world import commands

DEBTS = frozenset(("MLV103", "MLV104", "MLV106", "MLV202", "MLV205", "MLV303"))
"""What is wrong in itself: a merge that takes it over is not at fault, and passes; its push is refused."""


class Lie(NamedTuple):
    """What was altered in a working directory.

    Attributes:
        what: for the log.
        codes: at least one of these has to be named by the refusal at a commit.
        at_push: the same for a push; empty means the same codes.
        new: it adds files that Git does not know: `git commit -a` would not see them.
    """

    what: str
    codes: tuple[str, ...]
    at_push: tuple[str, ...] = ()
    new: bool = False


# what is altered; everything here is published on main, and in the branch that is checked out


def _frozen(team: Team, view: State) -> tuple[str, dict[str, bytes]]:
    """Pick something published that is frozen: (folder, its files)."""
    things = [(byhand.snapshot_folder(*key), view.snapshots[key]) for key in sorted(view.snapshots)]
    things += [(byhand.model_folder(*key), view.models[key]) for key in sorted(view.models)]
    return team.rng.choice(things)


def _a_file(team: Team, view: State) -> tuple[str, str]:
    folder, files = _frozen(team, view)
    return folder, f"{folder}/{team.rng.choice(sorted(files))}"


def _edit(person: Person, path: str) -> None:
    (person / path).chmod(0o644)
    with (person / path).open("ab") as file:
        file.write(b"9.9,9.9\n")


def edited(team: Team, person: Person, view: State) -> Lie:
    """Edit a frozen file in place."""
    _, path = _a_file(team, view)
    _edit(person, path)
    return Lie(f"edits {path}", ("MLV101",))


def fitted(team: Team, person: Person, view: State) -> Lie:
    """Edit a frozen file, and the manifest so that it verifies."""
    folder, path = _a_file(team, view)
    _edit(person, path)
    fit(person, folder)
    return Lie(f"edits {path} and its manifest to fit", ("MLV102",))


def fit(person: Person, folder: str) -> None:
    """Write the facts of the files that stand there now into the manifest."""
    manifest = byhand.manifest_path(folder)
    document = json.loads(person.read(manifest))
    files = {each["path"].removeprefix(folder + "/"): person.read(each["path"]) for each in document["files"]}
    document["files"] = byhand.entries(folder, files)
    if "tree_sha256" in document:
        document["tree_sha256"] = byhand.identity(files)
        document["total_bytes"] = sum(map(len, files.values()))
    person.write(manifest, json.dumps(document, indent=2) + "\n")


def stale(team: Team, person: Person, view: State) -> Lie:
    """Freeze a new version, and edit it before it is committed."""
    del view
    version, files = f"v90.{team.number()}", {"data.csv": team.rows()}
    folder = byhand.snapshot_folder("iris", version)
    byhand.write_folder(person, folder, files)
    byhand.write_manifest(person, folder, files, dataset="iris", version=version)
    _edit(person, f"{folder}/data.csv")
    return Lie(f"edits iris {version} after its manifest was written", ("MLV103",), new=True)


def deleted(team: Team, person: Person, view: State) -> Lie:
    """Delete a frozen file, a manifest, or both with everything."""
    folder, path = _a_file(team, view)
    what = team.rng.choice(("file", "manifest", "all"))
    if what == "file":
        person.remove(path)
        return Lie(f"deletes {path}", ("MLV101",))
    person.remove(byhand.manifest_path(folder))
    if what == "all":
        person.git("rm", "-rq", "--cached", "--", folder)
        person.run("rm", "-rf", "--", folder)
    return Lie(f"deletes {byhand.manifest_path(folder)}" + (" and its folder" * (what == "all")), ("MLV102",))


def moved(team: Team, person: Person, view: State) -> Lie:
    """Move a frozen folder to where nobody finds it, or rename one of its files."""
    folder, path = _a_file(team, view)
    if team.rng.random() < 0.5:
        person.git("mv", folder, f"old-{team.number()}")
        return Lie(f"moves {folder} away", ("MLV101", "MLV102"))
    person.git("mv", path, f"{path}.old")
    return Lie(f"renames {path}", ("MLV101",))


def executable(team: Team, person: Person, view: State) -> Lie:
    """Make a frozen file executable."""
    _, path = _a_file(team, view)
    (person / path).chmod(0o755)
    return Lie(f"makes {path} executable", ("MLV101",))


def linked(team: Team, person: Person, view: State) -> Lie:
    """Put a symbolic link in the place of a frozen file."""
    _, path = _a_file(team, view)
    person.remove(path)
    os.symlink("/etc/hostname", person / path)
    return Lie(f"makes {path} a link", ("MLV101",))


def extra(team: Team, person: Person, view: State) -> Lie:
    """Add a file to a frozen folder."""
    folder, _ = _frozen(team, view)
    path = f"{folder}/extra-{team.number()}.csv"
    person.write(path, "1,2\n")
    return Lie(f"adds {path}", ("MLV103",), new=True)


def unfrozen(team: Team, person: Person, view: State) -> Lie:
    """Add a snapshot without a manifest."""
    del view
    folder = byhand.snapshot_folder("wine", f"v91.{team.number()}")
    person.write(f"{folder}/data.csv", "1,2\n")
    return Lie(f"adds {folder} with no manifest", ("MLV104",), new=True)


def two_productions(team: Team, person: Person, view: State) -> Lie | None:
    """Put a second version into production by hand."""
    for model in team.rng.sample(MODELS, len(MODELS)):
        others = [v for each, v in sorted(view.registered) if each == model and v != view.production.get(model)]
        if view.production.get(model) and others:
            document = byhand.read_registry(person, model)
            version = team.rng.choice(others)
            for entry in document["versions"]:
                if entry["version"] == version:
                    entry["stage"] = "production"
            byhand.write_registry(person, model, document)
            return Lie(f"puts {model} {version} into production too", ("MLV202",))
    return None


def unknown_stage(team: Team, person: Person, view: State) -> Lie | None:
    """Put a version into a stage that does not exist."""
    return _alter_entry(team, person, view, "puts into a stage of its own", "MLV205", lambda entry: {"stage": "prod"})


def dropped(team: Team, person: Person, view: State) -> Lie | None:
    """Drop a version that served from the registry."""
    served = {(model, version) for model, versions in view.served.items() for version in versions}
    view = view.copy()
    # One that is in the archive: another that goes as it came is a reverted promotion.
    view.registered = {key for key in view.registered & served if _stage(person, key) == "archived"}
    return _alter_entry(team, person, view, "drops from the registry", "MLV201", lambda entry: None)


def _stage(person: Person, key: Version) -> str:
    entries = byhand.read_registry(person, key[0])["versions"]
    return next((str(entry["stage"]) for entry in entries if entry["version"] == key[1]), "")


def identity_altered(team: Team, person: Person, view: State) -> Lie | None:
    """Let the registry vouch for other files."""
    known = []

    def forged(entry: byhand.Document) -> byhand.Document:
        known.append("tree_sha256" in entry)
        return {"tree_sha256": "f" * 64}

    lie = _alter_entry(team, person, view, "alters the identity of", "MLV201", forged)
    # An entry that had no identity is not altered: a wrong one is unbacked, which only warns at a commit.
    return lie._replace(codes=(), at_push=("MLV204",)) if lie and not known[0] else lie


def lineage_altered(team: Team, person: Person, view: State) -> Lie | None:
    """Let the manifest of a model version say that it was made from other data."""
    if not view.models:
        return None
    path = byhand.manifest_path(byhand.model_folder(*team.rng.choice(sorted(view.models))))
    text = person.read(path).decode()
    found = re.search(r'"derived_from": \[\s*"(\w+)_v', text)
    assert found, text
    person.write(path, text.replace(f'"{found[1]}_v', '"nothing_v', 1))
    return Lie(f"alters the lineage in {path}", ("MLV102",))


def _alter_entry(
    team: Team,
    person: Person,
    view: State,
    what: str,
    code: str,
    change: Callable[[byhand.Document], byhand.Document | None],
) -> Lie | None:
    known = sorted(view.registered)
    if not known:
        return None
    model, version = team.rng.choice(known)
    document = byhand.read_registry(person, model)
    versions = []
    for entry in document["versions"]:
        altered = change(entry) if entry["version"] == version else {}
        if altered is not None:
            versions.append({**entry, **altered})
    assert versions != document["versions"], f"{model} {version} is not in the registry"
    path = byhand.write_registry(person, model, {**document, "versions": versions})
    oid = person.git("hash-object", path).out.strip()
    if oid in person.git("log", "--all", "--format=", "--raw", "--no-abbrev", "-m", "--", path).out:
        return None  # that is what a reverted promotion gives
    return Lie(f"{what} {model} {version}", (code,))


def record_altered(team: Team, person: Person, view: State) -> Lie | None:
    """Correct a published run record, or delete it."""
    if not view.records:
        return None
    path = f"runs/{team.rng.choice(sorted(view.records))}.yaml"
    if team.rng.random() < 0.3:
        person.remove(path)
        return Lie(f"deletes {path}", ("MLV304",))
    text = person.read(path).decode()
    person.write(
        path, re.sub(r"^platform: .*", "platform: none", text.replace("seed: 42", "seed: 7"), flags=re.MULTILINE)
    )
    return Lie(f"alters {path}", ("MLV304",))


def flattering(team: Team, person: Person, view: State) -> Lie | None:
    """Record a run whose metrics are better than those of the model version."""
    if not view.models:
        return None
    key = team.rng.choice(sorted(view.models))
    run_id = f"lie{team.number()}"
    facts = {"code": person.head()[:12], "data": "_".join(view.trained_on[key]), "model": key[0], "version": key[1]}
    path = byhand.write_record(person, run_id, **facts, more=", metrics: {f1: 2.0}")
    return Lie(f"flatters {tag_name(key)} in {path}", ("MLV303",), new=True)


def unreadable(team: Team, person: Person, view: State) -> Lie | None:
    """Commit conflict markers."""
    del view
    path = byhand.registry_path(team.rng.choice(MODELS))
    if not (person / path).exists():
        return None
    text = person.read(path).decode()
    person.write(path, f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n")
    return Lie(f"leaves conflict markers in {path}", ("MLV106",))


def untagged(team: Team, person: Person, view: State) -> Lie | None:
    """Put a version that nobody tagged into production, and push without a tag."""
    known = [key for key in sorted(view.models) if tag_name(key) not in team.tags and key not in view.registered]
    if not known:
        return None
    key = team.rng.choice(known)
    document = byhand.read_registry(person, key[0])
    byhand.put_into(document, key[1], "staging")
    byhand.write_registry(person, key[0], document)
    return Lie(f"puts {tag_name(key)} into staging, untagged", (), ("MLV203",), new=True)


def guard_weakened(team: Team, person: Person, view: State) -> Lie | None:
    """Allow two versions in production, or except a rule, in mlv.yaml."""
    del view
    more = team.rng.choice(
        (
            "stages:\n  dev: {}\n  staging: {}\n  production: {}\n  archived: {}\n",
            'exceptions:\n  - {code: MLV101, path: "**", reason: "in the way"}\n',
            "limits: {file_in_git: 9 GiB}\n",
            'protect: ["nothing"]\n',
        )
    )
    person.write("mlv.yaml", person.read("mlv.yaml").decode() + more)
    return Lie(f"weakens the guards: {more.splitlines()[0]}", (), ("MLV108",))


LIES: tuple[Callable[[Team, Person, State], Lie | None], ...] = (
    edited,
    edited,
    fitted,
    stale,
    deleted,
    moved,
    executable,
    linked,
    extra,
    unfrozen,
    two_productions,
    unknown_stage,
    dropped,
    identity_altered,
    lineage_altered,
    record_altered,
    flattering,
    unreadable,
    untagged,
    guard_weakened,
)


def reused(team: Team, person: Person) -> Lie | None:
    """On an older state of main, freeze a version that was published since, with other files."""
    older = sorted(team.main.snapshots)
    key: Version = team.rng.choice(older)
    folder = byhand.snapshot_folder(*key)
    added = person.git("log", "--first-parent", "--format=%H", "origin/main", "--", byhand.manifest_path(folder)).out
    start = added.split()[-1] + "~1"
    if person.git("cat-file", "-e", f"{start}:mlv.yaml", check=False).status:
        return None
    person.git("checkout", "-q", "--detach", start)
    files = {"data.csv": team.rows() + b"0,0\n"}
    byhand.write_folder(person, folder, files)
    byhand.write_manifest(person, folder, files, dataset=key[0], version=key[1])
    return Lie(f"freezes {key[0]} {key[1]} again with other files", ("MLV206",), new=True)


# finding out


def refused(ran: Ran, codes: tuple[str, ...], lie: str) -> Ran:
    """Fail unless this was refused because of one of `codes`, in words for people."""
    found = set(re.findall(r"^(?:remote: )?error (MLV\d{3})\b", ran.said, re.MULTILINE))
    assert ran.status != 0, f"NOT FOUND: {lie}: {' '.join(ran.args)} passed\n{ran.said}"
    assert found & set(codes), f"{lie}: {' '.join(ran.args)}: {sorted(found)}, not {codes}\n{ran.said}"
    assert "Traceback" not in ran.said, ran.said
    assert "bug in mlvgit" not in ran.said, ran.said
    return ran


def take(person: Person, ran: Ran, *labels: str) -> bool:
    """Paste the way out that a refusal prints under these labels; say whether there was one."""
    steps = commands(ran.said, *labels)
    for step in steps:
        took = person.run("sh", "-c", step, check=False)
        assert took.status == 0, f"the way out fails: {step}\n{took.said}\n--- after ---\n{ran.said}"
    return bool(steps)
