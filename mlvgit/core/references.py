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
    kind: Literal["snapshot", "model", ""] = ""
    rest = text
    if text.startswith("run:"):
        if is_run_id(text[4:]):
            return Reference("run", text[4:], "default", "", text)
        raise _bad(text)
    if text.startswith("sha256:"):
        if is_sha256(text[7:].lower()):
            return Reference("bytes", text[7:].lower(), "default", "", text)
        raise UsageError(f"{text!r} is not a SHA-256: expected 64 hexadecimal digits after sha256:")
    if text.startswith("data:"):
        kind, rest = "snapshot", text[5:]
    elif text.startswith("model:"):
        kind, rest = "model", text[6:]

    name, separator, selector = rest.partition("@")
    if not separator:
        name, separator, selector = rest.partition("#")
    if not separator:
        named = split_snapshot_name(rest)
        if named and kind != "model":
            return Reference("snapshot", named[0], "version", named[1], text)
        if is_name(rest):
            return Reference(kind, rest, "default", "", text)
        raise _bad(text)
    if not is_name(name) or not selector:
        raise _bad(text)
    if selector == "latest":
        return Reference(kind, name, "latest", "", text)
    if is_snapshot_version(selector) or is_model_version(selector):
        return Reference(kind, name, "version", selector, text)
    if is_model_name(selector) and not re.fullmatch(r"v?[0-9].*", selector):
        return Reference("model" if kind == "" else kind, name, "stage", selector, text)
    raise _bad(text)


def _bad(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is not a reference",
        hint="write iris@v0.1 (snapshot), iris_clf@v0.2.0 (model version), iris_clf@production (stage), iris@latest, "
        "run:ID or sha256:HEX",
    )
