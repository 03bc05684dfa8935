"""Files of metrics and parameters that a person gives, as JSON or YAML: read strictly, kept as JSON."""

import json
from pathlib import Path
from typing import Any, Final

from mlvgit.errors import UsageError

__all__ = ["as_json", "is_yaml", "read_object"]

YAML_SUFFIXES: Final = (".yaml", ".yml")


def is_yaml(path: Path) -> bool:
    """Say whether a file is YAML by its name."""
    return path.suffix.lower() in YAML_SUFFIXES


def read_object(path: Path) -> dict[str, Any]:
    """Read a small JSON or YAML file that holds one object.

    Raises:
        UsageError: it does not.
        DocumentError: the YAML is none, or has what JSON cannot say.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = 'a file is meant: JSON such as {"lr": 0.1}, or YAML such as lr: 0.1'
        raise UsageError(f"cannot read {path}: {error.strerror}", hint=hint) from error
    if is_yaml(path):
        from mlvgit.records.strict import read_plain_yaml

        value = read_plain_yaml(data, str(path))
    else:
        try:
            value = json.loads(data)
        except ValueError as error:
            raise UsageError(f"{path} is not JSON: {error}", hint="YAML is read from a .yaml or .yml file") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no object", hint='write {"f1": 0.94}, or f1: 0.94 in YAML')
    return value


def as_json(path: Path) -> bytes:
    """Return what such a file says as JSON: its own bytes, where it is JSON.

    Raises:
        UsageError, DocumentError: see `read_object`.
    """
    value = read_object(path)
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode() if is_yaml(path) else path.read_bytes()
