"""References: how people name a snapshot, a model version, a run or a file. Pure.

`iris@v0.1` and `iris_v0.1` (snapshot), `iris_clf@v0.2.0` (model version), `iris_clf@production` and
`iris_clf#production` (stage), `iris@latest`, `iris` alone, `run:ID`, `sha256:<hex>`; `data:` and `model:` in front
settle an ambiguity. Model names follow GTO's grammar for artifact names.
"""

import re
from typing import Literal, NamedTuple

from mlvgit.core.digest import is_sha256
from mlvgit.core.versions import is_model_version, is_snapshot_version
from mlvgit.errors import UsageError

__all__ = ["Reference", "is_model_name", "is_name", "parse_reference", "split_snapshot_name"]

Wanted = Literal["version", "stage", "latest", "default"]

_DATASET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?", re.ASCII)
_MODEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?", re.ASCII)
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", re.ASCII)
_SNAPSHOT = re.compile(r"(.+)_(v[0-9]+\.[0-9]+(?:\.[0-9]+)?)", re.ASCII)
MAX_NAME = 128


class Reference(NamedTuple):
    """A parsed reference, not yet looked up.

    Attributes:
        kind: "snapshot", "model", "run" or "bytes" when the text settles it, else "" (dataset or model).
        name: dataset, model or run id; the hex digits for "bytes".
        wanted: what `selector` is.
        selector: the version or the stage; "" for "latest" and "default".
        text: as it was typed.
    """

    kind: Literal["snapshot", "model", "run", "bytes", ""]
    name: str
    wanted: Wanted
    selector: str
    text: str


def is_name(text: str) -> bool:
    """Say whether `text` may name a dataset."""
    return len(text) <= MAX_NAME and _DATASET.fullmatch(text) is not None


def is_model_name(text: str) -> bool:
    """Say whether `text` may name a model or a stage (GTO's grammar, without folders)."""
    return len(text) <= MAX_NAME and _MODEL.fullmatch(text) is not None


def is_run_id(text: str) -> bool:
    """Say whether `text` may be a run id; it is also a file name."""
    return len(text) <= MAX_NAME and _RUN.fullmatch(text) is not None and ".." not in text


def split_snapshot_name(text: str) -> tuple[str, str] | None:
    """Split the folder name `iris_v0.1` into `("iris", "v0.1")`; None when it is not a snapshot's."""
    match = _SNAPSHOT.fullmatch(text)
    if match is None or not is_name(match[1]) or not is_snapshot_version(match[2]):
        return None
    return match[1], match[2]


def parse_reference(text: str) -> Reference:
    """Parse what a person typed.

    Raises:
        UsageError: it cannot be a reference.
    """
    scheme, colon, rest = text.partition(":")
    if colon and scheme in ("run", "sha256"):
        return _run_or_bytes(text, scheme, rest)
    kind: Literal["snapshot", "model", ""] = ""
    if colon and scheme in ("data", "model"):
        kind = "snapshot" if scheme == "data" else "model"
    else:
        rest = text
    name, separator, selector = rest.partition("@") if "@" in rest else rest.partition("#")
    if not separator:
        return _bare(text, kind, rest)
    if not is_name(name) or not selector:
        raise _bad(text)
    return _selected(text, kind, name, selector)


def _run_or_bytes(text: str, scheme: str, rest: str) -> Reference:
    if scheme == "run" and is_run_id(rest):
        return Reference("run", rest, "default", "", text)
    if scheme == "sha256" and is_sha256(rest.lower()):
        return Reference("bytes", rest.lower(), "default", "", text)
    if scheme == "sha256":
        raise UsageError(f"{text!r} is not a SHA-256: expected 64 hexadecimal digits after sha256:")
    raise _bad(text)


def _bare(text: str, kind: Literal["snapshot", "model", ""], rest: str) -> Reference:
    named = split_snapshot_name(rest)
    if named and kind != "model":
        return Reference("snapshot", named[0], "version", named[1], text)
    if is_name(rest):
        return Reference(kind, rest, "default", "", text)
    raise _bad(text)


def _selected(text: str, kind: Literal["snapshot", "model", ""], name: str, selector: str) -> Reference:
    if selector == "latest":
        return Reference(kind, name, "latest", "", text)
    if is_snapshot_version(selector) or is_model_version(selector):
        return Reference(kind, name, "version", selector, text)
    if is_model_name(selector) and not re.fullmatch(r"v?[0-9].*", selector):
        return Reference("model" if kind == "" else kind, name, "stage", selector, text)
    if re.fullmatch(r"v?[0-9][0-9.]*", selector):
        raise UsageError(
            f"{selector!r} is not a version: a snapshot's has two numbers, as v0.1, and a model's three, as v0.1.0"
        )
    raise _bad(text)


def _bad(text: str) -> UsageError:
    shown = text.removeprefix("data:").removeprefix("model:")
    return UsageError(
        f"{shown!r} is not a reference",
        hint="write iris@v0.1 (snapshot), iris_clf@v0.2.0 (model version), iris_clf@production (stage), iris@latest, "
        "run:ID or sha256:HEX",
    )
