"""Honest work on branches: pulling, pushing, losing the race, branches of one's own, and the host that merges them."""

from __future__ import annotations

import re

from bench.monthly import byhand
from bench.monthly.ledger import Branch, State
from bench.monthly.people import Person, silent
from bench.monthly.team import MODELS, Team
from bench.monthly.work import code, finish, model_version, promote, run_record, weekly_data
from tests.conftest import Ran

Taken = dict[str, str | None]

MOST_STOPS = 30
"""A rebase that stops more often than this is going round in circles."""


# taking in what others did


def sync(team: Team, person: Person, how: str = "") -> str:
    """Take main in, by merge or rebase; conflicts in registries are resolved as the person can."""
    branch = person.branch
    how = how or team.rng.choice(("merge", "rebase"))
    if branch.tail != len(branch.ops):
        how = "merge"  # a rebase would undo the merges that are there
    clashes = branch.clashes(team.main)
    taken = {model: team.rng.choice([each for each in pair if each]) for model, pair in clashes.items()}
    person.fetch()
    if person.current == "main" and team.rng.random() < 0.7:
        options = {"merge": ["--no-rebase", "--no-edit"], "rebase": ["--rebase"]}[how]
        ran = person.git("pull", "-q", *options, "origin", "main", check=False)
    elif how == "merge":
        ran = person.git("merge", "-q", "--no-edit", "origin/main", check=False)
    else:
        backend = team.rng.choice((["--merge"], ["--merge"], ["--apply"]))
        ran = person.git("rebase", "-q", *backend, "origin/main", check=False)
    resolve_conflicts(team, person, ran, how, taken, expected=_may_clash(branch, team.main) | clashes.keys())
    assert person.is_clean(), person.git("status").out
    commits = int(person.git("rev-list", "--count", "--no-merges", "origin/main..HEAD").out)
    branch.rebased(team.main, taken, linear=how == "rebase" and commits == len(branch.ops))
    return f"{how} main" + "".join(f", {model} {version} wins" for model, version in taken.items())


def _may_clash(branch: Branch, main: State) -> frozenset[str]:
    """Return models where a registry entry was removed on a side: a conflict about it is no surprise."""
    gone = {key[0] for op in branch.ops for key in op.dropped}
    return frozenset(gone | {key[0] for key in branch.base.registered - main.registered})


def resolve_conflicts(
    team: Team, person: Person, ran: Ran, how: str, taken: Taken, *, expected: frozenset[str] | set[str]
) -> None:
    """Go through a merge or rebase to its end."""
    for _ in range(MOST_STOPS):
        if ran.status == 0:
            silent(ran)
            return
        paths = person.git("diff", "--name-only", "--diff-filter=U").out.split()
        assert paths, f"stopped without a conflict\n{ran.said}"
        assert all(path.endswith("/registry.json") for path in paths), f"a conflict in {paths}\n{ran.said}"
        models = {path.split("/")[1] for path in paths}
        assert not person.guarded or models <= expected, f"the merge driver gave up on {models - expected}\n{ran.said}"
        for model in sorted(models):
            _mend(team, person, model, taken)
        ran = person.git(*(("commit", "-q", "--no-edit") if how == "merge" else ("rebase", "--continue")), check=False)
    raise AssertionError(f"the {how} does not end\n{ran.said}")


def _mend(team: Team, person: Person, model: str, taken: Taken) -> None:
    path = byhand.registry_path(model)
    if person.guarded:
        ran = silent(person.mlv("merge", "--repair", path, check=False), "MLV202")
        choices = re.findall(rf"--take {model}=(\S+)", ran.said)
        if ran.status and choices and taken.get(model) in choices:
            ran = silent(person.mlv("merge", "--repair", path, "--take", f"{model}={taken[model]}", check=False))
        if ran.status == 0:
            return
        assert not choices, f"--take does not settle it\n{ran.said}"
    serves = taken[model] if model in taken else _agreed(person, model)
    byhand.merge_by_hand(person, model, serves)


def _agreed(person: Person, model: str) -> str | None:
    """Return what the side that changed it has in production, by the stages of the conflict."""
    sides = []
    for stage in (1, 2, 3):
        shown = person.git("show", f":{stage}:{byhand.registry_path(model)}", check=False)
        found = re.search(r'"version": "([^"]+)", "stage": "production"', shown.out) if shown.status == 0 else None
        sides.append(found[1] if found else None)
    base, ours, theirs = sides
    return theirs if ours == base else ours


def pull(team: Team, person: Person) -> str | None:
    """Take main in without pushing."""
    if person.branch.base.landed == team.main.landed:
        return None
    return sync(team, person)


# pushing main


def push_main(team: Team, person: Person) -> str | None:
    """Push main; whoever was slower is turned away by Git, pulls and pushes again."""
    branch = person.branches["main"]
    if not (branch.ops or branch.tags):
        return None
    switch(person, "main")
    said = "Push"
    if branch.base.landed != team.main.landed:
        said = "Push after the others"
        if branch.ops and team.rng.random() < 0.5:
            ran = silent(person.push("--atomic", "origin", *refs_of(branch), check=False))
            assert ran.status != 0, f"a push over {team.main.landed - branch.base.landed} others passed\n{ran.said}"
            assert "rejected" in ran.said, ran.said
            said = "Push, too late"
        said += f", {sync(team, person)}"
    person.honest("push", "-q", *_atomic(team, branch), "origin", *refs_of(branch))
    team.landed(branch)
    return said


def _atomic(team: Team, branch: Branch) -> list[str]:
    return ["--atomic"] if branch.tags or team.rng.random() < 0.5 else []


def refs_of(branch: Branch) -> list[str]:
    """Return what a push of the branch takes along."""
    return [branch.name, *branch.tags, *(f"{commit}:{ref}" for ref, commit in branch.refs.items())]


def switch(person: Person, name: str) -> None:
    """Check a branch out."""
    if person.current != name:
        person.honest("checkout", "-q", name)
        person.current = name


# branches of one's own


def start_branch(team: Team, person: Person) -> str | None:
    """Begin a branch of one's own, from main as the server has it."""
    if len(person.branches) > 2:
        return None
    name = f"{person.name}-{team.number()}"
    person.fetch()
    person.honest("checkout", "-q", "--no-track", "-b", name, "origin/main")
    person.branches[name] = Branch(name=name, base=team.main.copy())
    person.current = name
    return f"Begin {name}"


def change_branch(team: Team, person: Person) -> str | None:
    """Go to another branch of one's own."""
    others = sorted(set(person.branches) - {person.current})
    if not others:
        return None
    switch(person, team.rng.choice(others))
    return f"Go to {person.current}"


def push_branch(team: Team, person: Person) -> str | None:
    """Push a branch of one's own, by force when its history was rewritten, and ask for it to be merged."""
    branch = person.branch
    if branch.name == "main" or not branch.ops or not (branch.dirty or branch.tags):
        return None
    force = ["--force-with-lease"] if branch.pushed else []
    person.honest("push", "-q", *_atomic(team, branch), *force, "-u", "origin", *refs_of(branch))
    branch.pushed = True
    team.settle(branch)
    team.ready[branch.name] = (person, person.head())
    return f"Push {branch.name}" + (" by force" if force else "")


def host_merges(team: Team, person: Person) -> str | None:
    """Let the host merge a branch by one of its buttons; when it cannot, the owner brings the branch up to date."""
    ready = [name for name, (owner, head) in sorted(team.ready.items()) if owner.head(name) == head]
    if not ready:
        return None
    name = team.rng.choice(ready)
    owner, _ = team.ready[name]
    branch = owner.branches[name]
    button = team.rng.choice(("squash", "merge", "rebase"))
    if not _press(team, branch, button):
        return f"The host cannot {button} {name}; {bring_up_to_date(team, owner, branch)}"
    del team.ready[name]
    later, branch.tags = branch.tags, []  # made after the branch was pushed
    team.landed(branch)
    if team.rng.random() < 0.7:
        team.host.honest("push", "-q", "origin", "--delete", name)
    switch(owner, "main")
    owner.honest("branch", "-q", "-D", name)
    del owner.branches[name]
    owner.branches["main"].tags += later
    return f"The host merges {name} by {button}"


def bring_up_to_date(team: Team, owner: Person, branch: Branch) -> str:
    """Take main into a branch that the host could not merge, and push it again."""
    before = owner.current
    switch(owner, branch.name)
    said = sync(team, owner)
    pushed = push_branch(team, owner)
    switch(owner, before)
    return f"{owner.name} does {said}, {pushed}"


def _press(team: Team, branch: Branch, button: str) -> bool:
    """Merge on the host and push the result; False when there is a conflict, or the guard finds what the merge made."""
    host = team.host
    host.fetch()
    host.honest("checkout", "-q", "-B", "main", "origin/main")
    title = f"Merge {branch.name} ({', '.join(f'#{op.number}' for op in branch.ops)})"
    if button == "rebase":
        host.honest("checkout", "-q", "-B", "rebased", f"origin/{branch.name}")
        ran = host.git("rebase", "-q", "--force-rebase", "origin/main", check=False)
        if ran.status == 0:
            host.honest("checkout", "-q", "main")
            host.honest("merge", "-q", "--ff-only", "rebased")
    elif button == "squash":
        ran = host.git("merge", "-q", "--squash", f"origin/{branch.name}", check=False)
        if ran.status == 0:
            host.honest("commit", "-q", "-m", title)
    else:
        ran = host.git("merge", "-q", "--no-ff", "-m", title, f"origin/{branch.name}", check=False)
    if ran.status != 0:
        assert "registry.json" in ran.said, ran.said
        assert branch.base.landed != team.main.landed or button == "rebase", f"no reason for a conflict\n{ran.said}"
        host.git(
            "rebase" if button == "rebase" else "reset", *(["--abort"] if button == "rebase" else ["-q", "--hard"])
        )
        return False
    ran = host.push("origin", "main", check=False)
    if ran.status == 0:
        silent(ran)
        assert not branch.clashes(team.main), f"two promotions were merged\n{ran.said}"
        return True
    assert branch.clashes(team.main), f"an honest merge was refused\n{ran.said}"
    assert "error MLV202" in ran.said, ran.said
    return False


# both at once


def two_releases(team: Team, person: Person) -> str | None:
    """Two people release a version of the same model on one day; the second one has to decide which serves."""
    one, other = team.rng.sample([each for each in team.people if each.guarded], 2)
    model = team.rng.choice(MODELS)
    said = []
    for each in (one, other):
        switch(each, "main")
        if each.branch.base.landed != team.main.landed or each.branch.ops:
            sync(team, each)
            push_main(team, each)
    for each in (one, other):
        if each.branch.base.landed != team.main.landed:
            sync(team, each)
    for each in (one, other):
        if team.rng.random() < 0.5:
            weekly_data(team, each)
        model_version(team, each, model)
        key = next(iter(each.branch.ops[-1].models))
        if team.rng.random() < 0.5:
            run_record(team, each)
        promote(team, each, key, "production")
        said.append(f"{each.name} releases {model} {key[1]}")
    for each in (one, other):
        said.append(f"{each.name}: {push_main(team, each)}")
    return "; ".join(said)


def stash(team: Team, person: Person) -> str | None:
    """Leave half-finished work in a stash, do something on another branch, and come back to it."""
    if not person.guarded:
        return None
    here = person.current
    others = sorted(set(person.branches) - {here})
    view = person.branch.view
    name, version = "digits", team.next_version("digits", model=False)
    files = {"data.csv": team.rows()}
    person.honest_mlv("snapshot", "create", name, version, str(team.outside(files)))
    person.write("scratch.txt", "half an idea\n")
    person.honest("stash", "push", "-q", "--include-untracked")
    if others:
        switch(person, team.rng.choice(others))
        code(team, person)
        switch(person, here)
    else:
        person.honest("checkout", "-q", "--detach", "origin/main")
        person.honest("checkout", "-q", here)
    person.honest("stash", "pop", "-q", "--index")
    person.remove("scratch.txt")
    assert view.snapshots == person.branch.view.snapshots
    op = team.op("snapshot", f"Freeze {name} {version} after a stash", snapshots={(name, version): files})
    person.honest("commit", "-q", "-m", f"{op.what} (#{op.number})")
    return finish(person, op)


def cherry_pick(team: Team, person: Person) -> str | None:
    """Bring a commit of main to the release branch, and push it."""
    person.fetch()
    lines = person.git("log", "--no-merges", "--format=%H %s", "origin/release/1..origin/main").out.splitlines()
    known = {(f"data/snapshots/{name}_{version}", "snapshot"): (name, version) for name, version in team.main.snapshots}
    known |= {(f"models/{name}/{version}", "model"): (name, version) for name, version in team.main.models}
    candidates = []
    for line in lines:
        oid, _, subject = line.partition(" ")
        paths = person.git("show", "--format=", "--name-only", "-z", "--diff-filter=A", oid).out.split("\0")[:-1]
        found = {key for key in known if any(path.startswith(key[0] + "/") for path in paths)}
        every = person.git("show", "--format=", "--name-only", oid).out.count("\n")
        if len(found) == 1 and every == len(paths):
            kind, key = found.copy().pop()[1], known[next(iter(found))]
            have = team.release.snapshots if kind == "snapshot" else team.release.models
            if key not in have:
                candidates.append((oid, kind, key, subject))
        if len(candidates) > 8:
            break
    if not candidates:
        return None
    oid, kind, key, subject = team.rng.choice(candidates)
    options = team.rng.choice(([], ["-x"], ["-n"]))
    person.honest("checkout", "-q", "-B", "release/1", "origin/release/1")
    person.honest("cherry-pick", *options, oid)
    if options == ["-n"]:
        person.honest("commit", "-q", "-m", f"Pick: {subject}")
    person.honest("push", "-q", "origin", "release/1")
    person.honest("checkout", "-q", person.current)
    if kind == "snapshot":
        team.release.snapshots[key] = team.main.snapshots[key]
    else:
        team.release.models[key] = team.main.models[key]
    return f"Pick {key[0]} {key[1]} to the release branch"


FLOW = {
    pull: 6,
    push_main: 16,
    start_branch: 6,
    change_branch: 6,
    push_branch: 10,
    host_merges: 10,
    two_releases: 2,
    stash: 3,
    cherry_pick: 3,
}
"""Step -> how often, in relation to the others."""
