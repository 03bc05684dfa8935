"""The settings of an mlv root, from mlv.yaml: folders, stages, limits, exceptions, remotes. Pure and declarative."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from mlvgit.core.globs import matches
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.paths import fold, unsafe_reason
from mlvgit.core.text import nearest
from mlvgit.records import weakening
from mlvgit.records.layout import SETTINGS_NAME, Layout
from mlvgit.records.strict import Document, read_yaml, without

__all__ = ["Exemption", "Folders", "Limits", "Remote", "Settings", "Stage"]

KIB: Final = 1024
MIB: Final = 1024 * KIB

_KNOWN: Final = frozenset(
    (
        "format",
        "requires",
        "folders",
        "protect",
        "release_branch",
        "mode",
        "limits",
        "stages",
        "exceptions",
        "ignore_extra",
        "run_lock",
        "datasets",
        "remotes",
    )
)
# Patterns as text: `re` compiles them when they are first used, which most commands never do.
_SIZE = r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGT])(i?))?B?"
_USERINFO = r"([A-Za-z][A-Za-z0-9+.-]*)://([^/@?#]*)@"
_SECRET_KEY = (
    r"secret|passw|passphrase|token|credential|api.?key|access.?key|private.?key|account.?key|shared.?key|sas|"
    r"connection.?string|signature"
)
_SECRET_QUERY = r"[?&#;](?:[^=&#;]*(?:secret|passw|token|credential|signature|key)[^=&#;]*|sig)="
_PROGRAM_KEY = r"command|cmd|exec|program|script|shell|hook|plugin|helper"


class Stage(NamedTuple):
    """What holds for the versions in a stage.

    Attributes:
        name: as registries write it.
        one: at most one version of a model may be in it.
        tag: a version needs a model tag to be in it.
        comes_from: the stages that a version may come from; empty means any.
    """

    name: str
    one: bool = False
    tag: bool = False
    comes_from: tuple[str, ...] = ()


class Exemption(NamedTuple):
    """A finding that the team has agreed to live with.

    Attributes:
        code: of the rule.
        path: a pattern relative to the mlv root.
        reason: why.
        until: the last day, YYYY-MM-DD in UTC; "" means for good.
    """

    code: str
    path: str
    reason: str
    until: str = ""

    def covers(self, code: str, path: str, today: str) -> bool:
        """Say whether it covers a finding of `code` about `path` (relative to the root) on `today` (YYYY-MM-DD)."""
        return code == self.code and (not self.until or today <= self.until) and matches(self.path, path)


class Remote(NamedTuple):
    """Where bytes are pushed to.

    Attributes:
        name: as people type it.
        url: without a password.
        endpoint: the server's address, or "".
        options: what else this kind of remote needs; never a secret.
    """

    name: str
    url: str
    endpoint: str = ""
    options: Mapping[str, Any] = {}


class Limits(NamedTuple):
    """How large things may be, sizes in bytes.

    Attributes:
        file_in_git: the largest file that Git may hold below our folders (MLV107).
        git_limit: up to this size a frozen file stays in Git when the storage is chosen by itself.
        list_files: a store-kept snapshot of more files has its list of files in the store.
    """

    file_in_git: int = 10 * MIB
    git_limit: int = MIB
    list_files: int = 10_000


class Folders(NamedTuple):
    """Where things stand, relative to the mlv root."""

    snapshots: str = "data/snapshots"
    models: str = "models"
    runs: str = "runs"
    env: str = "env"


DEFAULT_FOLDERS: Final = Folders()
DEFAULT_LIMITS: Final = Limits()
DEFAULT_STAGES: Final = (
    Stage("dev"),
    Stage("staging", tag=True),
    Stage("production", one=True, tag=True),
    Stage("archived"),
)


class Settings(NamedTuple):
    """What mlv.yaml says; every field has the default that holds when the file or the key is absent.

    Attributes:
        requires: the least version of mlvgit, without ">="; "" when any will do.
        protect: patterns of published branches; () means the remote's HEAD branch and release/*.
        release_branch: "" means the remote's HEAD branch.
        mode: "advise" turns refusals at commit into warnings.
        stages: in the order of the document.
        ignore_extra: names and patterns of files that are neither frozen nor extra.
        run_lock: "required" makes MLV302 refuse.
        local_never: datasets whose bytes are not fetched by themselves.
        unknown: keys of a newer minor version of the format.
    """

    format: str = ""
    requires: str = ""
    folders: Folders = DEFAULT_FOLDERS
    protect: tuple[str, ...] = ()
    release_branch: str = ""
    mode: Literal["enforce", "advise"] = "enforce"
    limits: Limits = DEFAULT_LIMITS
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    exceptions: tuple[Exemption, ...] = ()
    ignore_extra: tuple[str, ...] = ()
    run_lock: Literal["optional", "required"] = "optional"
    local_never: frozenset[str] = frozenset()
    remotes: tuple[Remote, ...] = ()
    unknown: Mapping[str, Any] = EMPTY

    def layout(self, root: str = "") -> Layout:
        """Return the layout of the mlv root `root` ("" for the top of the repository)."""
        return Layout(root=root, snapshots=self.folders.snapshots, models=self.folders.models, runs=self.folders.runs)

    def stage(self, name: str) -> Stage | None:
        """Return the stage `name`, or None when these settings do not know it."""
        return next((stage for stage in self.stages if stage.name == name), None)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The names of all stages, in order."""
        return tuple(stage.name for stage in self.stages)

    @property
    def exclusive(self) -> frozenset[str]:
        """The stages that hold one version only."""
        return frozenset(stage.name for stage in self.stages if stage.one)

    def remote(self, name: str) -> Remote | None:
        """Return the remote `name`, or None."""
        return next((remote for remote in self.remotes if remote.name == name), None)

    def exempted(self, code: str, path: str, today: str) -> Exemption | None:
        """Return the exception that covers a finding of `code` about `path` on `today` (YYYY-MM-DD), or None."""
        return next((exemption for exemption in self.exceptions if exemption.covers(code, path, today)), None)

    def ignores(self, path: str) -> bool:
        """Say whether `ignore_extra` names `path` (relative to a frozen directory), or a folder that it lies in."""
        parts = path.split("/")
        for pattern in self.ignore_extra:
            if "/" in pattern.rstrip("/"):
                if matches(pattern, path):
                    return True
            elif any(matches(pattern.rstrip("/"), part) for part in parts):
                return True
        return False

    def satisfied_by(self, program_version: str) -> bool:
        """Say whether a mlvgit of `program_version` may work on this repository."""
        return not self.requires or _numbers(program_version) >= _numbers(self.requires)

    def weakened_by(self, new: "Settings") -> list[str]:
        """List, as sentences, what `new` allows that these settings did not."""
        return weakening.sentences(self, new)

    @classmethod
    def parse(cls, data: bytes, path: str = SETTINGS_NAME) -> "Settings":
        """Read and check mlv.yaml; an empty file has the defaults.

        Args:
            data: the bytes of the document.
            path: its name, for messages.

        Raises:
            SettingsError: it is not sound; carries every problem.
        """
        if _is_blank(data):
            return cls()
        document = read_yaml(data, path, "settings")
        shaped = document.check_shape()
        if isinstance(document.value, dict):
            _check_remotes(document)
        if shaped:
            _check(document)
        document.refuse()
        return _build(document.value)


def parse_size(value: int | float | str) -> int:
    """Turn `1048576`, `"500 KiB"`, `"10MB"` into bytes; KiB is 1024, KB is 1000.

    Raises:
        ValueError: it is no size.
    """
    if isinstance(value, int | float):
        return int(value)
    match = re.fullmatch(_SIZE, value, re.ASCII)
    if match is None:
        raise ValueError(value)
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("KMGT".index(unit) + 1 if unit else 0))


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"[0-9]+", re.split(r"[^0-9.]", version, maxsplit=1)[0])][:3]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _is_blank(data: bytes) -> bool:
    return all(
        not line.strip() or line.lstrip().startswith(b"#") or line.strip() == b"---" for line in data.splitlines()
    )


def _check(document: Document) -> None:
    value = document.value
    _check_folders(document, value.get("folders", {}))
    _check_stages(document, value.get("stages", {}))
    for name, number in value.get("limits", {}).items():
        try:
            parse_size(number)
        except ValueError:
            document.note(("limits", name), f"{number!r} is not a size: write bytes, or 500 KiB, 10 MiB, 1 GiB")


def _check_folders(document: Document, written: Mapping[str, str]) -> None:
    for name, folder in written.items():
        reason = unsafe_reason(folder)
        if reason:
            document.note(("folders", name), f"the folder {folder!r} {reason}")
    merged = {**Folders()._asdict(), **{key: value for key, value in written.items() if key in Folders._fields}}
    names = [name for name in merged if name != "env"]
    for first in names:
        for second in names:
            one, other = fold(merged[first]), fold(merged[second])
            if first != second and ((one == other and first < second) or other.startswith(one + "/")):
                document.note(("folders", second if second in written else first), f"{second} lies in {first}")


def _check_stages(document: Document, stages: Mapping[str, Any]) -> None:
    for name, stage in stages.items():
        for number, source in enumerate((stage or {}).get("from", ())):
            if source not in stages:
                near = nearest(source, list(stages))
                advice = f"; did you mean {near!r}?" if near else f"; known are {', '.join(stages)}"
                document.note(("stages", name, "from", number), f"the stage {source!r} is not named here{advice}")


def _check_remotes(document: Document) -> None:
    """Find credentials and programs, whatever else is wrong with the file."""
    remotes = document.value.get("remotes")
    for name, remote in remotes.items() if isinstance(remotes, dict) else ():
        where = ("remotes", name)
        options = remote if isinstance(remote, dict) else {}
        for key, value in options.items():
            if re.search(_SECRET_KEY, key, re.IGNORECASE):
                document.note((*where, key), "looks like a secret; mlv.yaml is committed: keep it in the environment")
            elif re.search(_PROGRAM_KEY, key, re.IGNORECASE):
                document.note((*where, key), "looks like a program to run; mlv.yaml never names one")
            elif isinstance(value, str):
                _check_url(document, (*where, key), value)
        if isinstance(remote, str):
            _check_url(document, where, remote)


def _check_url(document: Document, where: tuple[str | int, ...], url: str) -> None:
    match = re.search(_USERINFO, url, re.ASCII)
    # the name of an ssh account is no secret, anything before @ in another scheme may be
    if match and (":" in match[2] or match[1].lower() not in ("ssh", "sftp")):
        document.note(where, "has a user name or password before @; mlv.yaml is committed: keep it in the environment")
    elif re.search(_SECRET_QUERY, url, re.IGNORECASE):
        document.note(where, "has a signature, key or token in it; mlv.yaml is committed: keep it in the environment")
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*::|-", url):
        document.note(where, "would run a program; mlv.yaml never names one")


def _build(value: Mapping[str, Any]) -> Settings:
    return Settings(
        format=value.get("format", ""),
        requires=value.get("requires", "").removeprefix(">=").strip(),
        folders=Folders(**_only(value.get("folders", {}), Folders._fields)),
        protect=tuple(value.get("protect", ())),
        release_branch=value.get("release_branch", ""),
        mode=value.get("mode", "enforce"),
        limits=Limits(
            **{key: parse_size(size) for key, size in _only(value.get("limits", {}), Limits._fields).items()}
        ),
        stages=tuple(_build_stage(name, stage or {}) for name, stage in value["stages"].items())
        if "stages" in value
        else DEFAULT_STAGES,
        exceptions=tuple(Exemption(**_only(exemption, Exemption._fields)) for exemption in value.get("exceptions", ())),
        ignore_extra=tuple(value.get("ignore_extra", ())),
        run_lock=value.get("run_lock", "optional"),
        local_never=frozenset(
            name for name, dataset in value.get("datasets", {}).items() if (dataset or {}).get("local") == "never"
        ),
        remotes=tuple(_build_remote(name, remote) for name, remote in value.get("remotes", {}).items()),
        unknown=without(value, _KNOWN),
    )


def _only(mapping: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key in names}


def _build_stage(name: str, value: Mapping[str, Any]) -> Stage:
    return Stage(name, value.get("one", False), value.get("tag", False), tuple(value.get("from", ())))


def _build_remote(name: str, value: "str | Mapping[str, Any]") -> Remote:
    if isinstance(value, str):
        return Remote(name, value)
    return Remote(name, value["url"], value.get("endpoint", ""), without(value, ("url", "endpoint")))
