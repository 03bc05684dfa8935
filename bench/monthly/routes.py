"""The routes by which a falsification is to get into history. Each is refused, undone, and leaves the world as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.monthly import byhand
from bench.monthly.falsify import DEBTS, LIES, Lie, refused, reused, take
from bench.monthly.ledger import State
from bench.monthly.people import Person
from bench.monthly.team import Team
from tests.conftest import Ran

_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply", "sequencer")


@contextmanager
def as_before(team: Team, person: Person) -> Iterator[None]:
    """Check that the server did not move, and bring the person's clone back to where it was."""
    refs = team.server.git("for-each-ref").out
    head = person.head()
    yield
    assert team.server.git("for-each-ref").out == refs, "the server moved"
    person.git("checkout", "-q", "-f", person.current)
    person.git("reset", "-q", "--hard", head)
    person.git("clean", "-fdq")
    assert person.is_clean()


def settled(person: Person) -> None:
    """Fail when an operation is still under way."""
    left = [name for name in _UNDER_WAY if (person / ".git" / name).exists()]
    assert not left, f"{left} is left behind"


def _stand(team: Team, person: Person) -> State:
    """Stand on one's own branch or on the server's main; return what is published there and was not changed since."""
    if team.rng.random() < 0.5:
        view, now = person.branch.base.copy(), person.branch.view
        view.registered &= now.registered
        view.production = now.production
        return view
    person.fetch()
    person.git("checkout", "-q", "--detach", "origin/main")
    return team.main


def _lie(team: Team, person: Person, view: State, *, at_commit: bool) -> Lie | None:
    """Alter something; None when nothing of the kind is there (the working directory is as before then)."""
    for _ in range(5):
        lie = team.rng.choice(LIES)(team, person, view)
        if lie and (lie.codes or not at_commit):
            return lie
        person.git("reset", "-q", "--hard")
        person.git("clean", "-fdq")
    return None


# refused on the spot


def by_commit(team: Team, person: Person) -> str | None:
    """`git commit` in one of its forms; undone as the refusal says."""
    if not person.guarded:
        return None
    with as_before(team, person):
        lie = _lie(team, person, _stand(team, person), at_commit=True)
        if lie is None:
            return None
        head = person.head()
        ways = [["-m", "Improve"], ["--amend", "--no-edit"], ["-m", "Improve", "--", "."]]
        if not lie.new:
            ways.append(["-a", "-m", "Improve"])
        way = team.rng.choice(ways)
        if "-a" not in way:
            person.stage()
        ran = refused(person.git("commit", "-q", *way, check=False), lie.codes, lie.what)
        assert person.head() == head
        label = team.rng.choice(("undo", "undo it", ""))
        if label:
            took = take(person, ran, label)
            person.git("clean", "-fdq")
            assert took, f"no way out under {label!r}\n{ran.said}"
            said = person.mlv("check", check=False)
            assert said.out.startswith("no findings"), f"after the way out:\n{said.said}\n--- of ---\n{ran.said}"
        return f"{lie.what}, {' '.join(['commit', *way])}, then {label or 'reset'}"


def by_revert(team: Team, person: Person) -> str | None:
    """Revert the commit that froze something which is published."""
    if not person.guarded:
        return None
    with as_before(team, person):
        person.fetch()
        person.git("checkout", "-q", "--detach", "origin/main")
        things = [byhand.snapshot_folder(*key) for key in sorted(team.main.snapshots)]
        path = byhand.manifest_path(team.rng.choice(things))
        added = person.git("log", "--no-merges", "--diff-filter=A", "--format=%H %P", "--", path).out.split()
        if len(added) != 2:
            return None
        ran = person.git("revert", "--no-edit", added[0], check=False)
        if "CONFLICT" in ran.said:
            return None
        refused(ran, ("MLV101", "MLV102"), f"revert of what froze {path}")
        assert take(person, ran, "undo"), ran.said
        settled(person)
        return f"reverts what froze {path}"


def by_a_colleague(team: Team, person: Person) -> str | None:
    """Carol falsifies in her clone; somebody with hooks takes that over by merge, cherry-pick, rebase or am."""
    carol = next(each for each in team.people if not each.guarded)
    if not person.guarded:
        return None
    with as_before(team, carol), as_before(team, person):
        for each in (carol, person):
            each.fetch()
            each.git("checkout", "-q", "--detach", "origin/main")
        lie = _lie(team, carol, team.main, at_commit=True)
        if lie is None:
            return None
        carol.stage()
        carol.git("commit", "-q", "-m", "Improve")
        person.write(f"src/own{team.number()}.py", "1\n")
        person.commit("Own work")
        person.git("fetch", "-q", str(carol.path), "HEAD")
        how = team.rng.choice(("merge", "cherry-pick", "rebase"))
        words = {"merge": ["--no-edit"], "cherry-pick": [], "rebase": ["HEAD"]}[how]
        args = [how, *words, "FETCH_HEAD"]
        ran = person.git(*args, check=False)
        if how == "merge" and ran.status == 0 and DEBTS & {*lie.codes}:
            ran = person.push("origin", f"HEAD:refs/heads/try-{team.number()}", check=False)
            refused(ran, lie.codes, lie.what)
            return f"merges that carol {lie.what}, and pushes"
        refused(ran, lie.codes, f"{lie.what}, taken over by {how}")
        label = team.rng.choice({"merge": ("undo",)}.get(how, ("undo", "leave it out")))
        assert take(person, ran, label), f"no {label!r}\n{ran.said}"
        settled(person)
        return f"takes over by {how} that carol {lie.what}, then {label}"


# refused at the push


def by_push(team: Team, person: Person) -> str | None:
    """Commit past the hooks, and push; past the hooks of the push, too, or without any."""
    target = f"refs/heads/try-{team.number()}"
    with as_before(team, person):
        lie = _lie(team, person, _stand(team, person), at_commit=False)
        if lie is None:
            return None
        _sneak(person)
        target, options = _target(team, person, target)
        if person.guarded and team.rng.random() < 0.5:
            options.append("--no-verify")
        ran = person.push(*options, "origin", f"HEAD:{target}", check=False)
        refused(ran, lie.at_push or lie.codes, f"{lie.what}, pushed to {target}")
        mended = "try-" in target and team.rng.random() < 0.5 and _mend(person, ran, target)
        return f"{lie.what}, push {' '.join([*options, target])}" + (", then mended" if mended else "")


def _sneak(person: Person) -> None:
    person.stage()
    person.git("commit", "-q", "--no-verify", "-m", "Improve")


def _target(team: Team, person: Person, new: str) -> tuple[str, list[str]]:
    """Choose where to push to, and with which options."""
    person.fetch()
    forward = person.git("merge-base", "--is-ancestor", "origin/main", "HEAD", check=False).status == 0
    choices: list[tuple[str, list[str]]] = [(new, []), ("refs/heads/main", ["--force"])]
    if forward:
        choices += [("refs/heads/main", []), ("refs/heads/main", [])]
    own = person.branch
    if own.name != "main" and own.pushed:
        choices.append((f"refs/heads/{own.name}", ["--force"]))
    return team.rng.choice(choices)


def _mend(person: Person, ran: Ran, target: str) -> bool:
    """Mend a falsification in a commit of its own, as the refusal says, and push both; then take the branch away."""
    if not take(person, ran, "mend"):
        return False
    person.git("commit", "-q", "--allow-empty", "-m", "Mend")
    person.push("origin", f"HEAD:{target}")
    person.push("origin", f":{target}")
    return True


def by_reuse(team: Team, person: Person) -> str | None:
    """Use a published version again for other files, on a branch from before it was published."""
    with as_before(team, person):
        person.fetch()
        lie = reused(team, person)
        if lie is None:
            return None
        person.stage()
        if person.guarded and team.rng.random() < 0.5:
            refused(person.git("commit", "-q", "-m", "New data", check=False), lie.codes, lie.what)
            return f"{lie.what}, commit"
        person.git("commit", "-q", "--no-verify", "-m", "New data")
        options = team.rng.choice(([], ["--no-verify"]))
        ran = person.push(*options, "origin", f"HEAD:refs/heads/try-{team.number()}", check=False)
        refused(ran, lie.codes, lie.what)
        return f"{lie.what}, push {' '.join(options)}"


def by_force(team: Team, person: Person) -> str | None:
    """Take published work away: main set back, or the release branch deleted."""
    options = team.rng.choice((["--no-verify"], [])) if person.guarded else []
    with as_before(team, person):
        person.fetch()
        if team.rng.random() < 0.3:
            if person.git("rev-list", "--count", "origin/main..origin/release/1").out.strip() == "0":
                return None  # main has all of it: nothing would be lost
            ran = person.push(*options, "origin", ":refs/heads/release/1", check=False)
            refused(ran, ("MLV101", "MLV102"), "deletes the release branch")
            return "deletes the release branch"
        freezing = person.git("log", "--first-parent", "--format=%H", "-3", "origin/main", "--", "*.manifest.json").out
        for oid in freezing.split():
            added = person.git("diff", "--name-only", "--diff-filter=A", f"{oid}~1", oid, "--", "*.manifest.json").out
            if added:
                ran = person.push(*options, "--force", "origin", f"{oid}~1:refs/heads/main", check=False)
                refused(ran, ("MLV102", "MLV101"), "sets main back")
                return f"sets main back to before {added.split()[0]}"
        return None


def by_tag(team: Team, person: Person) -> str | None:
    """Move, replace or delete a published model tag, or publish one that lies."""
    if not team.published:
        return None
    with as_before(team, person):
        person.fetch()
        name = team.rng.choice(sorted(team.published))
        options = ["--no-verify"] if person.guarded and team.rng.random() < 0.5 else []
        way = team.rng.choice((_tag_moved, _tag_light, _tag_deleted, _tag_renamed))
        lie, refspec = way(team, person, name)
        ran = person.push(*options, "--force", "origin", refspec, check=False)
        refused(ran, lie.codes, lie.what)
        person.git("fetch", "-q", "--force", "origin", f"refs/tags/{name}:refs/tags/{name}")
        return lie.what


def _tag_moved(team: Team, person: Person, name: str) -> tuple[Lie, str]:
    text = person.git("cat-file", "tag", name).out
    target = person.head("origin/main")
    if person.head(f"{name}^{{commit}}") == target:
        target = person.head("origin/main~1")
    forged = person.git("hash-object", "-t", "tag", "-w", "--stdin", input=text.replace(text.split()[1], target, 1)).out
    return Lie(f"moves the tag {name}", ("MLV501",)), f"{forged.strip()}:refs/tags/{name}"


def _tag_light(team: Team, person: Person, name: str) -> tuple[Lie, str]:
    return Lie(f"puts a light tag in the place of {name}", ("MLV501",)), f"{name}^{{commit}}:refs/tags/{name}"


def _tag_deleted(team: Team, person: Person, name: str) -> tuple[Lie, str]:
    return Lie(f"deletes the tag {name}", ("MLV501",)), f":refs/tags/{name}"


def _tag_renamed(team: Team, person: Person, name: str) -> tuple[Lie, str]:
    model = name.partition("@")[0]
    return Lie(
        f"publishes {name} under another name", ("MLV502",)
    ), f"refs/tags/{name}:refs/tags/{model}@v99.0.{team.number()}"


ROUTES: dict[Callable[[Team, Person], str | None], int] = {
    by_commit: 10,
    by_push: 14,
    by_a_colleague: 4,
    by_revert: 1,
    by_reuse: 3,
    by_force: 2,
    by_tag: 3,
}
"""Route -> how often, in relation to the others."""
