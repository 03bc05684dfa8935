"""Honest work that adds one commit: data, model versions, run records, promotions, rollbacks, comments, notes, code.

Each step takes the team and a person who has a clean working directory, and returns what it did in words, None when
there is nothing of the kind to do now.
"""

from __future__ import annotations

import json
import re

from bench.monthly import byhand
from bench.monthly.ledger import Files, Op, State, Version
from bench.monthly.people import Person, silent
from bench.monthly.team import DATASETS, MODELS, Team, newest, tag_name


def commit(team: Team, person: Person, op: Op, *paths: str, allow: tuple[str, ...] = ()) -> str:
    """Stage `paths` and commit in one of the ways that people do; the op is on the branch then."""
    message = f"{op.what} (#{op.number})"
    if paths:
        person.git("add", "--", *paths)
    staged = person.git("diff", "--cached", "--name-only", "-z").out.split("\0")[:-1]
    ways = [["-m", message], ["-a", "-m", message], ["-m", message, "--", *staged]]
    person.honest("commit", "-q", *team.rng.choice(ways), allow=allow)
    return finish(person, op)


def finish(person: Person, op: Op) -> str:
    """Note that `op` was committed."""
    assert person.is_clean(), f"{op} left something behind\n{person.git('status', '--porcelain').out}"
    person.branch.add(op)
    return op.what


# data


def some_files(team: Team) -> Files:
    """Return a few files of a dataset."""
    files = {"data.csv": team.rows()}
    for name in ("labels.csv", "deep/er/more.csv", "with space.txt", "größe.csv", "manifest.json"):
        if team.rng.random() < 0.2:
            files[name] = team.rows()
    return files


def weekly_data(team: Team, person: Person) -> str | None:
    """Freeze a new version of a dataset."""
    name = team.rng.choice(DATASETS)
    ways = [_data_created, _data_bumped, _data_based, _data_by_hand] if person.guarded else [_data_by_hand]
    return team.rng.choice(ways)(team, person, name)


def _snapshot_op(team: Team, key: Version, files: Files, how: str) -> Op:
    return team.op("snapshot", f"Freeze {key[0]} {key[1]} {how}", snapshots={key: files})


def _create(team: Team, person: Person, key: Version, files: Files, how: str, *args: str) -> str:
    op = _snapshot_op(team, key, files, how)
    if team.rng.random() < 0.3:
        args = (*args, "--notes", f"{team.rng.randint(1, 9)} rows corrected")
    if team.rng.random() < 0.4:
        said = person.honest_mlv("snapshot", "create", *args, "-m", f"{op.what} (#{op.number})")
        assert f"froze {key[0]}@{key[1]}:" in said.out, said.out
        return finish(person, op)
    said = person.honest_mlv("snapshot", "create", *args)
    assert f"froze {key[0]}@{key[1]}:" in said.out, said.out
    return commit(team, person, op)


def _data_created(team: Team, person: Person, name: str) -> str:
    version, files = team.next_version(name, model=False), some_files(team)
    return _create(team, person, (name, version), files, "from a folder", name, version, str(team.outside(files)))


def _data_bumped(team: Team, person: Person, name: str) -> str:
    last = newest(person.branch.view.snapshots, name)
    part = team.rng.choice(("minor", "minor", "major", "patch"))
    version = bumped(last, part) if last else ""
    if not version or team.is_taken(name, version):
        return _data_created(team, person, name)
    team.take(name, version)
    files = some_files(team)
    folder = str(team.outside(files))
    more = ("--from", f"{name}@{last}") if team.rng.random() < 0.5 else ()
    return _create(team, person, (name, version), files, "by counting on", name, "--bump", part, folder, *more)


def _data_based(team: Team, person: Person, name: str) -> str:
    view = person.branch.view
    last = newest(view.snapshots, name)
    version = bumped(last, "minor") if last else ""
    if not version or team.is_taken(name, version):
        return _data_created(team, person, name)
    team.take(name, version)
    files = dict(view.snapshots[name, last])
    args = [name, "--bump", "minor", "--base", team.rng.choice((f"{name}@latest", f"{name}_{last}"))]
    if len(files) > 1 and team.rng.random() < 0.4:
        gone = team.rng.choice(sorted(files))
        del files[gone]
        args += ["--remove", gone]
    added = f"day-{team.number()}.csv"
    files[added] = team.rows()
    args += ["--add", str(team.outside({added: files[added]}) / added)]
    return _create(team, person, (name, version), files, "on a base", *args)


def bumped(version: str, part: str) -> str:
    """Return the version that `--bump` is documented to count on to: `v0.1` -> `v0.2`, `v0.1.1`, `v1.0`."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    position = ("major", "minor", "patch").index(part)
    short = len(numbers) == 2 and part != "patch"
    numbers = [*[*numbers, 0][:position], [*numbers, 0][position] + 1, 0, 0][: 2 if short else 3]
    return "v" + ".".join(map(str, numbers))


def _data_by_hand(team: Team, person: Person, name: str) -> str:
    version, files = team.next_version(name, model=False), some_files(team)
    folder = byhand.snapshot_folder(name, version)
    byhand.write_folder(person, folder, files)
    path = byhand.write_manifest(person, folder, files, dataset=name, version=version, notes="by hand")
    return commit(team, person, _snapshot_op(team, (name, version), files, "by hand"), folder, path)


# model versions


def model_version(team: Team, person: Person, name: str = "") -> str | None:
    """Add a model version that was trained on some snapshot."""
    view = person.branch.view
    if not view.snapshots:
        return None
    name = name or team.rng.choice(MODELS)
    key = (name, team.next_version(name, model=True))
    files = {"model.pkl": bytes(team.rng.randrange(256) for _ in range(20)), "metrics.json": _metrics(team)}
    if team.rng.random() < 0.5:
        files["params.json"] = b'{"C": 1.0}\n'
    data = team.rng.choice(sorted(view.snapshots))
    op = team.op("model", f"Add {name} {key[1]}", models={key: files}, trained_on=data)
    ways = [_add_by_mlv, _add_in_place, _add_by_hand] if person.guarded else [_add_by_hand]
    return team.rng.choice(ways)(team, person, op, key, files, data)


def _metrics(team: Team) -> bytes:
    return json.dumps({"f1": team.rng.randint(500, 999) / 1000}).encode() + b"\n"


def _add_by_mlv(team: Team, person: Person, op: Op, key: Version, files: Files, data: Version) -> str:
    folder = team.outside(files)
    args = [*key, str(folder / "model.pkl"), "--metrics", str(folder / "metrics.json"), "--data", "@".join(data)]
    if "params.json" in files:
        args += ["--params", str(folder / "params.json")]
    return _added(team, person, op, *args)


def _add_in_place(team: Team, person: Person, op: Op, key: Version, files: Files, data: Version) -> str:
    byhand.write_folder(person, byhand.model_folder(*key), files)
    return _added(team, person, op, *key, "--data", "_".join(data))


def _added(team: Team, person: Person, op: Op, *args: str) -> str:
    if team.rng.random() < 0.5:
        person.honest_mlv("model", "add", *args, "-m", f"{op.what} (#{op.number})")
        return finish(person, op)
    person.honest_mlv("model", "add", *args)
    return commit(team, person, op)


def _add_by_hand(team: Team, person: Person, op: Op, key: Version, files: Files, data: Version) -> str:
    folder = byhand.model_folder(*key)
    byhand.write_folder(person, folder, files)
    path = byhand.write_manifest(person, folder, files, model=key[0], version=key[1], derived_from=["_".join(data)])
    return commit(team, person, op, folder, path)


def run_record(team: Team, person: Person) -> str | None:
    """Record the run that made a model version."""
    branch, view = person.branch, person.branch.view
    known = sorted(key for key in view.models if not any(f"-{key[0]}-{key[1]}-" in run for run in view.records))
    if not known:
        return None
    key = team.rng.choice(known)
    number = team.number()
    run_id = f"run{number}-{key[0]}-{key[1]}-{person.name}"
    data = view.trained_on[key]
    op = team.op("record", f"Record the run of {tag_name(key)}", record=run_id)
    published = person.git("merge-base", "HEAD", "origin/main").out.strip()
    if not person.guarded:
        facts = {"code": published[:12], "data": "_".join(data), "model": key[0], "version": key[1]}
        return commit(team, person, op, byhand.write_record(person, run_id, **facts))
    if team.rng.random() < 0.5:
        args = ["--code", published]
    else:
        args, branch.refs[f"refs/mlv/runs/{run_id}"] = [], person.head()
    if team.rng.random() < 0.5:
        args += ["--data", "@".join(data)]
    person.honest_mlv("record", *key, "--id", run_id, *args)
    return commit(team, person, op)


# stages


def tag(team: Team, person: Person) -> str | None:
    """Tag a model version."""
    known = sorted(key for key in person.branch.view.models if tag_name(key) not in team.tags)
    return make_tag(team, person, team.rng.choice(known)) if known and person.guarded else None


def make_tag(team: Team, person: Person, key: Version) -> str:
    """Tag this model version."""
    person.honest_mlv("tag-model", *key)
    note_tag(team, person, key)
    return f"Tag {tag_name(key)}"


def note_tag(team: Team, person: Person, key: Version) -> None:
    """Note that the person has made a model tag, which has to be pushed with the branch."""
    team.tags.add(tag_name(key))
    person.branch.tags.append(tag_name(key))


def may_promote(team: Team, person: Person, model: str, stage: str) -> list[Version]:
    """Return the versions that this person may now put into a stage without coming into anybody's way."""
    branch, view = person.branch, person.branch.view
    if stage == "production" and any(op.production and op.production[0] == model for op in branch.ops):
        return []
    served = view.served.get(model, [])
    found = []
    for key in sorted(view.models):
        tagged = tag_name(key) in (team.published if not person.guarded else {*team.published, *branch.tags})
        fresh = (person.guarded and tag_name(key) not in team.tags) or tagged
        again = stage == "production" and key[1] != view.production.get(model)
        if key[0] == model and fresh and (key[1] not in served or again) and team.is_free(branch, _stage(key)):
            found.append(key)
    return [key for key in found if stage == "production" or key not in view.registered]


def _stage(key: Version) -> str:
    return f"stage of {tag_name(key)}"


def promotion(team: Team, person: Person) -> str | None:
    """Promote a version to staging or production."""
    model, stage = team.rng.choice(MODELS), team.rng.choice(("staging", "production", "production"))
    known = may_promote(team, person, model, stage)
    return promote(team, person, team.rng.choice(known), stage) if known else None


def promote(team: Team, person: Person, key: Version, stage: str) -> str:
    """Promote this version; untagged ones are tagged, before or after, as people do."""
    op = team.op("promote", f"Promote {tag_name(key)} to {stage}", registered=frozenset({key}))
    op.touches = frozenset({_stage(key)})
    if stage == "production":
        op.production = (key[0], person.branch.production.get(key[0]), key[1])
    untagged = tag_name(key) not in team.tags
    if not person.guarded or team.rng.random() < 0.3:
        return _promote_by_hand(team, person, op, key, stage, untagged=untagged)
    person.fetch()
    more = ["--tag"] if untagged else []
    if untagged and team.rng.random() < 0.5:
        make_tag(team, person, key)
        more, untagged = [], False
    person.honest_mlv("promote", *key, stage, *more, "-m", f"It is better (#{op.number})")
    if untagged:
        note_tag(team, person, key)
    return finish(person, op)


def _promote_by_hand(team: Team, person: Person, op: Op, key: Version, stage: str, *, untagged: bool) -> str:
    person.fetch()
    document = byhand.read_registry(person, key[0])
    byhand.put_into(document, key[1], stage)
    path = byhand.write_registry(person, key[0], document)
    said = commit(team, person, op, path, allow=("MLV203",) if untagged else ())
    if untagged:
        make_tag(team, person, key)
    return said + " by hand"


def rollback(team: Team, person: Person) -> str | None:
    """Roll a model back."""
    branch, view = person.branch, person.branch.view
    model = team.rng.choice(MODELS)
    now = view.production.get(model)
    before = sorted(each for each in {*view.served.get(model, [])} - {now} if (model, each) in view.registered)
    if not person.guarded or now is None or not before or any(op.production for op in branch.ops):
        return None
    number = team.number()
    named = [team.rng.choice(before)] if team.rng.random() < 0.3 else []
    said = person.honest_mlv("rollback", model, *named, "-m", f"It was worse (#{number})").out
    found = re.search(rf"production of {model} is (\S+) ", said)
    assert found, said
    assert found[1] in (named or before), f"{found[1]} of {model} was never in production: {before}\n{said}"
    op = Op(number=number, kind="promote", what=f"Roll {model} back to {found[1]}")
    op.production, op.registered = (model, now, found[1]), frozenset({(model, found[1])})
    return finish(person, op)


def revert_promotion(team: Team, person: Person) -> str | None:
    """Revert the newest change of a registry, when it is a commit of its own that changed what is in production."""
    branch, view = person.branch, person.branch.view
    model = team.rng.choice(MODELS)
    path = byhand.registry_path(model)
    if any(op.production and op.production[0] == model for op in branch.ops):
        return None
    last = person.git("log", "-1", "--format=%H %P", "--", path).out.split()
    if len(last) != 2 or person.git("show", "--format=", "--name-only", last[0]).out.split() != [path]:
        return None
    before, after = _serving(person, last[1], model), _serving(person, last[0], model)
    if before[0] == after[0] or after[0] != view.production.get(model):
        return None
    gone = frozenset((model, version) for version in after[1] - before[1])
    op = team.op("promote", f"Revert the promotion of {model} {after[0]}", dropped=gone)
    op.production = (model, after[0], before[0])
    op.touches = frozenset(_stage(key) for key in gone)
    if not all(team.is_free(branch, thing) for thing in op.touches):
        return None
    return _revert(person, op, last[0])


def _serving(person: Person, commit_id: str, model: str) -> tuple[str | None, set[str]]:
    """Return (what is in production, what is beyond dev) by a commit's registry."""
    shown = person.git("show", f"{commit_id}:{byhand.registry_path(model)}", check=False)
    versions = json.loads(shown.out)["versions"] if shown.status == 0 else []
    serving = [entry["version"] for entry in versions if entry["stage"] == "production"]
    return (serving or [None])[0], {entry["version"] for entry in versions if entry["stage"] != "dev"}


def _revert(person: Person, op: Op, commit_id: str) -> str:
    """Revert a commit; the number of the op goes into the message by an amendment, as of somebody who explains."""
    person.honest("revert", "--no-edit", commit_id)
    person.honest("commit", "-q", "--amend", "-m", f"{op.what} (#{op.number})")
    return finish(person, op)


# what is free to change


def comment(team: Team, person: Person) -> str | None:
    """Comment on a model version."""
    view = person.branch.view
    known = sorted(view.models if person.guarded else view.registered)
    if not known:
        return None
    key = team.rng.choice(known)
    op = team.op("comment", f"Comment on {tag_name(key)}")
    if person.guarded:
        person.honest_mlv("comment", tag_name(key), f"Seen in {op.number}", "-m", f"{op.what} (#{op.number})")
        return finish(person, op)
    document = byhand.read_registry(person, key[0])
    for entry in document["versions"]:
        if entry["version"] == key[1]:
            entry.setdefault("comments", []).append({"by": person.name, "text": f"Seen in {op.number}"})
    return commit(team, person, op, byhand.write_registry(person, key[0], document))


def notes_typo(team: Team, person: Person) -> str | None:
    """Mend the notes of something frozen, published or not."""
    view = person.branch.view
    folders = [byhand.snapshot_folder(*key) for key in sorted(view.snapshots)]
    folders += [byhand.model_folder(*key) for key in sorted(view.models)]
    paths = [byhand.manifest_path(folder) for folder in folders]
    paths = [path for path in paths if team.is_free(person.branch, path)]
    if not paths:
        return None
    path = team.rng.choice(paths)
    op = team.op("note", f"Mend the notes of {path}", touches=frozenset({path}))
    text = person.read(path).decode()
    note = f'"notes": "Typo {op.number} mended"'
    if '"notes": ' in text:
        text = re.sub(r'"notes": "[^"]*"', note, text, count=1)
    else:
        text = text.replace("{\n", "{\n  " + note + ",\n", 1)
    person.write(path, text)
    return commit(team, person, op, path)


def readme(team: Team, person: Person) -> str | None:
    """Edit a README beside what is frozen."""
    paths = [
        "data/snapshots/README.md",
        "models/README.md",
        "runs/README.md",
        *(f"models/{m}/README.md" for m in MODELS),
    ]
    paths = [path for path in paths if team.is_free(person.branch, path)]
    if not paths:
        return None
    path = team.rng.choice(paths)
    op = team.op("note", f"Describe {path}", touches=frozenset({path}))
    old = person.read(path) if (person / path).exists() else b""
    person.write(path, old + f"Line {op.number}\n".encode())
    return commit(team, person, op, path)


def code(team: Team, person: Person) -> str | None:
    """Commit code."""
    op = team.op("code", "Code")
    path = f"src/part{op.number}.py"
    op.what, op.added = f"Add {path}", frozenset({path})
    person.write(path, f"print({op.number})\n")
    return commit(team, person, op, path)


def revert_code(team: Team, person: Person) -> str | None:
    """Revert a commit that only brought code."""
    state: State = person.branch.view
    paths = [path for path in sorted(state.code) if team.is_free(person.branch, path)]
    if not paths:
        return None
    path = team.rng.choice(paths)
    added = person.git("log", "--format=%H", "--no-merges", "--diff-filter=A", "--", path).out.split()[0]
    if person.git("show", "--format=", "--name-only", added).out.split() != [path]:
        return None
    op = team.op("code", f"Revert {path}", removed=frozenset({path}), touches=frozenset({path}))
    return _revert(person, op, added)


def look(team: Team, person: Person) -> str | None:
    """Ask questions; nothing changes, and nothing is wrong."""
    if not person.guarded:
        return None
    model = team.rng.choice(MODELS)
    assert person.honest_mlv("check").out.startswith("no findings")
    for question in (["log", model], ["model", "list"], ["snapshot", "list"], ["verify"]):
        person.honest_mlv(*question)
    serving = person.branch.production.get(model)
    ran = silent(person.mlv("resolve", f"{model}@production", check=False))
    if serving is None:
        assert ran.status != 0, ran.said
    else:
        assert ran.out.rstrip("\n").endswith("/" + byhand.model_folder(model, serving)), f"{serving}: {ran.said}"
    return "Look around"


WORK = {
    weekly_data: 12,
    model_version: 8,
    run_record: 6,
    tag: 3,
    promotion: 9,
    rollback: 3,
    revert_promotion: 3,
    comment: 4,
    notes_typo: 4,
    readme: 3,
    code: 7,
    revert_code: 2,
    look: 3,
}
"""Step -> how often, in relation to the others."""
