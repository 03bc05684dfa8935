"""Honest rewriting of what nobody else has yet: amend, fixup, reorder, taking back."""

from __future__ import annotations

from bench.monthly import byhand
from bench.monthly.flow import sync
from bench.monthly.ledger import Op
from bench.monthly.people import Person
from bench.monthly.team import Team, tag_name

SWAP = "sed -i.bak '1{h;d};2G'"  # of two lines, the second comes first


def amend(team: Team, person: Person) -> str | None:
    """Amend the newest commit: its bytes where that is possible, else only its date."""
    branch = person.branch
    if not branch.tail:
        return None
    op = branch.ops[-1]
    if _may_change(team, person, op):
        _change(team, person, op)
        person.honest("commit", "-q", "--amend", "--no-edit", *team.rng.choice(([], ["-a"])))
        branch.dirty = True
        assert person.is_clean()
        return f"Amend what is in {op}"
    person.honest("commit", "-q", "--amend", "--no-edit", "--date", "2026-01-15T12:00:00Z")
    branch.dirty = True
    return f"Amend {op}"


def fixup(team: Team, person: Person) -> str | None:
    """Correct an older commit that nobody has yet."""
    branch = person.branch
    known = [number for number, op in enumerate(reversed(branch.ops[-branch.tail :])) if _may_change(team, person, op)]
    if not branch.tail or not known:
        return None
    back = team.rng.choice(known)
    op = branch.ops[-1 - back]
    _change(team, person, op)
    person.honest("commit", "-q", *team.rng.choice(([], ["-a"])), f"--fixup=HEAD~{back}")
    start = f"HEAD~{back + 2}"
    person.honest("rebase", "-q", "-i", "--autosquash", start, GIT_SEQUENCE_EDITOR="true")
    branch.dirty = True
    assert person.is_clean()
    return f"Correct {op} by a fixup"


def _may_change(team: Team, person: Person, op: Op) -> bool:
    """Say whether the bytes that `op` brought may still be others: nobody has them, and nothing was made from them."""
    if op.kind == "code":
        return bool(op.added)
    later = person.branch.ops[person.branch.ops.index(op) + 1 :]
    folders = {byhand.snapshot_folder(*key) for key in op.snapshots} | {byhand.model_folder(*key) for key in op.models}
    if any(byhand.manifest_path(folder) in each.touches for folder in folders for each in later):
        return False  # its manifest was edited since: that is a conflict with oneself
    if op.kind == "model":
        return not any(tag_name(key) in team.tags for key in op.models) and not _recorded(person, op)
    used = {each.trained_on for each in later} | {None}
    return op.kind == "snapshot" and not any(key in used for key in op.snapshots)


def _recorded(person: Person, op: Op) -> bool:
    view = person.branch.view
    key = next(iter(op.models))
    return key in view.registered or any(f"-{key[0]}-{key[1]}-" in run for run in view.records)


def _change(team: Team, person: Person, op: Op) -> None:
    """Change what an op brought, staged, with all that freezes it."""
    if op.kind == "code":
        for path in op.added:
            person.write(path, person.read(path) + f"print({team.number()})\n".encode())
        person.git("add", "--", *op.added)
        return
    frozen = op.snapshots or op.models
    key = next(iter(frozen))
    files = {**frozen[key], team.rng.choice(("data.csv", f"new-{team.number()}.csv")): team.rows()}
    if person.guarded:
        verb = ["snapshot", "create"] if op.snapshots else ["model", "add"]
        folder = team.outside(files)
        args = [folder] if op.snapshots else sorted(folder.iterdir())
        if op.models:
            args += ["--data", "@".join(op.trained_on or ())]
        person.honest_mlv(*verb, *key, *args, "--replace")
    else:
        folder_name = (byhand.snapshot_folder if op.snapshots else byhand.model_folder)(*key)
        byhand.write_folder(person, folder_name, files)
        head = {"dataset": key[0]} if op.snapshots else {"model": key[0]}
        path = byhand.write_manifest(person, folder_name, files, **head, version=key[1])
        person.git("add", "--", folder_name, path)
    frozen[key] = files


def reorder(team: Team, person: Person) -> str | None:
    """Swap the two newest commits."""
    branch = person.branch
    free = ("snapshot", "model", "code", "note")
    if branch.tail < 2 or any(op.kind not in free for op in branch.ops[-2:]):
        return None
    older, newer = branch.ops[-2:]
    if (older.touches | older.added) & (newer.touches | newer.removed) or newer.trained_on in older.snapshots:
        return None
    if any(name == other for name, _ in older.snapshots for other, _ in newer.snapshots) or newer.kind == "note":
        return None
    person.honest("rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR=SWAP)
    branch.ops[-2:] = [newer, older]
    branch.dirty = True
    return f"Swap {older} and {newer}"


def take_back(team: Team, person: Person) -> str | None:
    """Throw the newest commit away."""
    branch = person.branch
    if not branch.tail or branch.ops[-1].kind == "promote":
        return None
    op = branch.ops[-1]
    if any(tag_name(key) in team.tags for key in op.models) or (branch.pushed and len(branch.ops) == 1):
        return None
    person.honest("reset", "-q", "--hard", "HEAD~1")
    branch.ops.pop()
    branch.tail -= 1
    branch.dirty = True
    branch.refs = {ref: oid for ref, oid in branch.refs.items() if not (op.record and ref.endswith("/" + op.record))}
    return f"Throw {op} away"


def rebase_branch(team: Team, person: Person) -> str | None:
    """Rebase one's own work, pushed or not."""
    branch = person.branch
    if not branch.ops or branch.base.landed == team.main.landed or branch.tail != len(branch.ops):
        return None
    return sync(team, person, "rebase")


REWRITE = {amend: 5, fixup: 4, reorder: 3, take_back: 2, rebase_branch: 4}
"""Step -> how often, in relation to the others."""
