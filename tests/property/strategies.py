"""Strategies for documents: sound ones, and sound ones broken somewhere."""

import string
from typing import Any

from hypothesis import strategies as st

from mlvgit.core.paths import collisions
from mlvgit.records.registry import Comment, RegisteredVersion, Registry

hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.text(string.ascii_letters + string.digits, min_size=1, max_size=6)
versions = st.builds("v{}.{}.{}{}".format, *[st.integers(0, 12)] * 3, st.sampled_from(["", "-rc.1", "+b", "-0.x"]))
snapshots = st.builds("{}_v{}.{}".format, words, st.integers(0, 9), st.integers(0, 9))
moments = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01 10:00:00.5+02:00"])
numbers = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
mappings = st.dictionaries(texts, plain, max_size=3)
names = st.text("abcXYZ019_.-éß日 ", min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))


def optional(**keys: Any) -> Any:
    """A mapping that has some of `keys`."""
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def manifests(draw: Any) -> dict[str, Any]:
    """Sound manifests, as a person or another program might write them."""
    snapshot = draw(st.booleans())
    name = draw(words)
    version = draw(st.sampled_from(["v0.1", "v1.2.3"])) if snapshot else draw(versions)
    prefix = draw(st.sampled_from(["", "a/", "data/snap shots/"])) + (
        f"{name}_{version}/" if snapshot else f"{name}/{version}/"
    )
    paths: list[str] = []
    for path in draw(
        st.lists(st.lists(names, min_size=1, max_size=3).map("/".join), min_size=1, max_size=5, unique=True)
    ):
        if not collisions([*paths, path]):
            paths.append(path)
    files = [
        {"path": prefix + path, "size_bytes": draw(st.integers(0, 2**40)), "sha256": draw(hexes)} for path in paths
    ]
    person = st.text("Adé <@>", min_size=1, max_size=8)
    retired = st.fixed_dictionaries(
        {"by": person, "at": moments, "reason": person},
        optional={"bytes": st.integers(0, 9), "paths": st.just([files[0]["path"]])},
    )
    extra = optional(
        format=st.just("1.0"),
        created_utc=moments,
        notes=texts,
        source=texts,
        derived_from=st.lists(snapshots, max_size=2),
        run=words,
        owner=texts,
        license=texts,
        created_by=texts,
        storage=st.sampled_from(["git", "store"]),
        metadata=mappings,
        retired=retired,
        total_bytes=st.just(sum(entry["size_bytes"] for entry in files)),
        file_count=st.just(len(files)),
    )
    document = {"dataset" if snapshot else "model": name, "version": version, "files": files, **draw(extra)}
    return dict(draw(st.permutations(list(document.items()))))


comments = st.fixed_dictionaries({"text": texts}, optional={"at": moments, "by": texts})
registry_entries = st.fixed_dictionaries(
    {"version": versions, "stage": st.sampled_from(["dev", "staging", "production", "archived"])},
    optional={
        "tree_sha256": hexes,
        "run": words,
        "data_snapshots": st.lists(snapshots, max_size=2),
        "registered_utc": moments,
        "comments": st.lists(comments, max_size=2),
    },
)
registries = st.fixed_dictionaries(
    {"name": words, "versions": st.lists(registry_entries, max_size=4, unique_by=lambda entry: entry["version"])},
    optional={"format": st.just("1.0")},
)

runs = st.fixed_dictionaries(
    {
        "run_id": words,
        "code_commit": st.text("0123456789abcdef", min_size=4, max_size=40),
        "data_snapshot": st.one_of(snapshots, st.lists(snapshots, max_size=3)),
    },
    optional={
        "params": mappings,
        "env": st.fixed_dictionaries(
            {},
            optional={
                "python": st.sampled_from(["3.10", "3.11.7"]),
                "requirements_lock": st.one_of(hexes.map("sha256:{}".format), st.just("env/requirements.lock")),
                "container_image": st.just("ghcr.io/org/ml:1.2.3"),
                "cuda": texts,
            },
        ),
        "command": st.one_of(texts, st.lists(texts, max_size=3)),
        "started_utc": moments,
        "duration_seconds": st.floats(0, 1e9),
        "platform": texts,
        "code_sha256": hexes,
        "outputs": st.fixed_dictionaries(
            {}, optional={"model": words, "model_version": versions, "tree_sha256": hexes, "metrics": mappings}
        ),
        "tolerances": st.dictionaries(
            words,
            st.one_of(
                st.floats(0, 1), st.fixed_dictionaries({}, optional={"abs": st.integers(0, 3), "rel": st.floats(0, 1)})
            ),
            max_size=2,
        ),
        "notes": texts,
    },
)

settings_documents = optional(
    requires=st.sampled_from(["0.1", ">= 1.2.3"]),
    folders=optional(snapshots=st.just("d/s"), models=st.just("m"), runs=st.just("r"), env=st.just("e")),
    protect=st.lists(st.sampled_from(["main", "release/*"]), max_size=2),
    release_branch=st.just("main"),
    mode=st.sampled_from(["enforce", "advise"]),
    limits=optional(file_in_git=st.one_of(st.integers(0, 2**53), st.just("10 MiB")), git_limit=st.just("1KB")),
    stages=st.dictionaries(
        words, st.one_of(st.none(), optional(one=st.booleans(), tag=st.booleans())), min_size=1, max_size=3
    ),
    exceptions=st.lists(st.just({"code": "MLV107", "path": "x", "reason": "y", "until": "2026-01-01"}), max_size=2),
    ignore_extra=st.lists(names, max_size=2),
    run_lock=st.sampled_from(["optional", "required"]),
    datasets=st.dictionaries(
        words, st.one_of(st.none(), optional(local=st.sampled_from(["auto", "never"]))), max_size=2
    ),
    remotes=st.dictionaries(
        words, st.one_of(st.just("s3://b"), st.just({"url": "s3://b", "region": "eu", "n": 3, "t": True})), max_size=2
    ),
)

by_kind: dict[str, Any] = {"manifest": manifests(), "registry": registries, "run": runs, "settings": settings_documents}

odd = st.one_of(
    plain,
    st.sampled_from(
        [
            "",
            "\n",
            "v1.0\n",
            "<sha256>",
            "a" * 200,
            "A" * 64,
            -1,
            0.5,
            1.0,
            2**53 + 1,
            True,
            None,
            [],
            {},
            [None],
            {"x": 1},
            "v1.0.0",
            "1.0",
        ]
    ),
)


def places(document: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the place of every value."""
    found = [here]
    if isinstance(document, dict):
        found += [place for key, value in document.items() for place in places(value, (*here, key))]
    elif isinstance(document, list):
        found += [place for number, value in enumerate(document) for place in places(value, (*here, number))]
    return found


@st.composite
def broken(draw: Any, kind: str) -> Any:
    """A sound document in which a value was replaced, removed, or a key added; sometimes it is still sound."""
    document = draw(by_kind[kind])
    for _ in range(draw(st.integers(1, 2))):
        document = _break(draw, document, draw(st.sampled_from(places(document))))
    return document


def _break(draw: Any, document: Any, place: tuple[str | int, ...]) -> Any:
    if not place:
        value = draw(odd)
        how = draw(st.sampled_from(["replace", "remove", "add"]))
        if how == "add" and isinstance(document, dict):
            return {**document, draw(st.one_of(words, texts)): value}
        if how == "add" and isinstance(document, list):
            return [*document, value]
        if how == "remove" and isinstance(document, dict) and document:
            gone = draw(st.sampled_from(sorted(document)))
            return {key: inner for key, inner in document.items() if key != gone}
        return value
    key = place[0]
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[key] = _break(draw, document[key], place[1:])
    return copy


STAGES = ["dev", "staging", "production", "archived"]
merge_entries = st.builds(
    RegisteredVersion,
    version=st.sampled_from(["v0.1.0", "v0.2.0", "v0.3.0", "v0.10.0"]),
    stage=st.sampled_from(STAGES),
    tree_sha256=st.sampled_from(["", "a" * 64, "b" * 64]),
    run=st.sampled_from(["", "r"]),
    data_snapshots=st.sampled_from([(), ("iris_v0.1",)]),
    registered_utc=st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]),
    comments=st.lists(
        st.builds(Comment, st.sampled_from(["", "2026-01-01"]), st.just("A"), st.sampled_from("xyz"), st.just("")),
        max_size=2,
        unique=True,
    ).map(tuple),
    unknown=st.dictionaries(st.sampled_from("pq"), st.integers(0, 2), max_size=2),
)


@st.composite
def merge_registries(draw: Any) -> Registry:
    """Registries in which the exclusive stage holds at most one version."""
    entries = draw(st.lists(merge_entries, max_size=4, unique_by=lambda entry: entry.version))
    serving = [entry.version for entry in entries if entry.stage == "production"][:1]
    kept = [entry for entry in entries if entry.stage != "production" or entry.version in serving]
    return Registry(name="m", format="1.1").with_versions(tuple(kept))
