"""The run record: code + data + parameters + environment -> model version + metrics. Reading, writing. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mlvgit.core.digest import is_sha256
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.versions import is_model_version
from mlvgit.records import yamltext
from mlvgit.records.strict import read_yaml, without

__all__ = ["Environment", "RunRecord", "looks_like_run"]

_KNOWN: Final = frozenset(
    (
        "format",
        "run_id",
        "code_commit",
        "code_sha256",
        "data_snapshot",
        "params",
        "env",
        "command",
        "started_utc",
        "duration_seconds",
        "platform",
        "outputs",
        "tolerances",
        "notes",
    )
)
_ENV_KEYS: Final = ("python", "requirements_lock", "container_image")
_OUTPUT_KEYS: Final = ("model", "model_version", "tree_sha256", "metrics")
_RUN_ID = re.compile(rb"""^[ \t]*[{,]?[ \t]*(?:run_id|"run_id"|'run_id')[ \t]*:""", re.MULTILINE)


def looks_like_run(data: bytes) -> bool:
    """Say whether a YAML file below the runs folder has a `run_id`, so that it is ours to judge; quick, by its text."""
    return _RUN_ID.search(data) is not None


class Environment(NamedTuple):
    """What a run ran in; "" where the record does not say.

    Attributes:
        python: version of the interpreter, as written.
        requirements_lock: `sha256:<hex>` of the lock file, or its path.
        container_image: name of the image, best with its digest.
        extra: further keys, as text.
    """

    python: str = ""
    requirements_lock: str = ""
    container_image: str = ""
    extra: Mapping[str, str] = EMPTY

    @property
    def lock_sha256(self) -> str:
        """The digits of a lock given by its hash, else ""."""
        digits = self.requirements_lock.removeprefix("sha256:")
        return digits if is_sha256(digits) else ""

    @property
    def image_digest(self) -> str:
        """The digest that pins the container image (`sha256:<hex>`), else ""."""
        _, found, digest = self.container_image.partition("@sha256:")
        return "sha256:" + digest if found else ""

    @property
    def is_locked(self) -> bool:
        """Whether it says which libraries ran: a lock file is named, or an image by its digest."""
        return bool(self.requirements_lock or self.image_digest)

    def as_json(self) -> dict[str, str]:
        """Return the mapping as a record writes it."""
        known = {key: getattr(self, key) for key in _ENV_KEYS}
        return {**{key: value for key, value in known.items() if value}, **self.extra}


class RunRecord(NamedTuple):
    """The recipe of a training run and what came out.

    Attributes:
        run_id: also the name of the file.
        code_commit: in full or abbreviated.
        data_snapshots: references to what was read.
        params: free.
        env: the environment.
        model_version: what came out, or "".
        model: its model; "" means the only model with that version.
        metrics: free.
        tree_sha256: identity of the model version, or "".
        command: the words that were run; one word when the record has one line.
        duration_seconds: None when the record does not say.
        tolerances: metric -> absolute number, or {abs, rel}.
        unknown: keys of a newer minor version of the format.
        unknown_outputs: the same inside `outputs`.
    """

    run_id: str
    code_commit: str
    data_snapshots: tuple[str, ...] = ()
    params: Mapping[str, Any] = EMPTY
    env: Environment = Environment()
    model_version: str = ""
    model: str = ""
    metrics: Mapping[str, Any] = EMPTY
    tree_sha256: str = ""
    code_sha256: str = ""
    command: str | tuple[str, ...] = ""
    started_utc: str = ""
    duration_seconds: float | None = None
    platform: str = ""
    tolerances: Mapping[str, Any] = EMPTY
    notes: str = ""
    format: str = ""
    unknown: Mapping[str, Any] = EMPTY
    unknown_outputs: Mapping[str, Any] = EMPTY

    @classmethod
    def parse(cls, data: bytes, path: str) -> "RunRecord":
        """Read and check a run record, YAML or JSON.

        Args:
            data: the bytes of the document.
            path: its name, for messages.

        Raises:
            DocumentError: it is not a sound run record; carries every problem.
        """
        document = read_yaml(data, path, "run")
        if not document.check_shape():
            document.refuse()
        version = document.value.get("outputs", {}).get("model_version", "")
        if version and not is_model_version(version):
            document.note(
                ("outputs", "model_version"), f"{version!r} is not a model version: vMAJOR.MINOR.PATCH (SemVer)"
            )
        document.refuse()
        return _build(document.value)

    def dump(self) -> bytes:
        """Write the canonical form: YAML in a fixed order of keys.

        Raises:
            UsageError: a text in it is not UTF-8, or a number is not finite.
            DocumentError: `parse` would refuse what was written.
        """
        snapshots = self.data_snapshots
        outputs = {
            "model": self.model,
            "model_version": self.model_version,
            "tree_sha256": self.tree_sha256,
            "metrics": self.metrics,
        }
        document = {
            "format": self.format,
            "run_id": self.run_id,
            "code_commit": self.code_commit,
            "code_sha256": self.code_sha256,
            "data_snapshot": snapshots[0] if len(snapshots) == 1 else list(snapshots),
            "params": self.params,
            "env": self.env.as_json(),
            "command": list(self.command) if isinstance(self.command, tuple) else self.command,
            "started_utc": self.started_utc,
            "duration_seconds": self.duration_seconds,
            "platform": self.platform,
            "outputs": {**{key: value for key, value in outputs.items() if value}, **self.unknown_outputs},
            "tolerances": self.tolerances,
            "notes": self.notes,
        }
        kept = {key: value for key, value in document.items() if value or key == "data_snapshot" or _is_number(value)}
        data = yamltext.dump({**kept, **self.unknown})
        type(self).parse(data, f"{self.run_id}.yaml")
        return data


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _build(value: Mapping[str, Any]) -> RunRecord:
    outputs = value.get("outputs", {})
    env = value.get("env", {})
    snapshots = value["data_snapshot"]
    command = value.get("command", "")
    return RunRecord(
        run_id=value["run_id"],
        code_commit=value["code_commit"],
        data_snapshots=(snapshots,) if isinstance(snapshots, str) else tuple(snapshots),
        params=value.get("params", {}),
        env=Environment(**{key: env.get(key, "") for key in _ENV_KEYS}, extra=without(env, _ENV_KEYS)),
        model_version=outputs.get("model_version", ""),
        model=outputs.get("model", ""),
        metrics=outputs.get("metrics", {}),
        tree_sha256=outputs.get("tree_sha256", ""),
        code_sha256=value.get("code_sha256", ""),
        command=command if isinstance(command, str) else tuple(command) or "",
        started_utc=value.get("started_utc", ""),
        duration_seconds=value.get("duration_seconds"),
        platform=value.get("platform", ""),
        tolerances=value.get("tolerances", {}),
        notes=value.get("notes", ""),
        format=value.get("format", ""),
        unknown=without(value, _KNOWN),
        unknown_outputs=without(outputs, _OUTPUT_KEYS),
    )
