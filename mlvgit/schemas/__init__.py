"""The shapes of the committed documents: JSON Schemas as the authority, and the verdict on a document.

May import core and errors; the only importer of jsonschema. Must never read a schema from a repository or fetch one.
`*.schema.json` are the source; `generated.py` is made from them by `python -m mlvgit.schemas.generate` and needs no
package at run time.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from mlvgit.core.jsontext import Path
from mlvgit.core.text import nearest, printable

if TYPE_CHECKING:
    from jsonschema import ValidationError

__all__ = [
    "MAJOR",
    "MINOR",
    "Kind",
    "Path",
    "explain",
    "is_valid",
    "keeps_text",
    "member",
    "problems",
    "schema",
    "stripped",
]

Kind = Literal["inventory", "manifest", "registry", "run", "settings"]
Finding = tuple[Path, str]

MAJOR: Final = 1
MINOR: Final = 0

_TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping of keys to values",
    "array": "a list",
    "null": "nothing",
}
_PLACEHOLDER = re.compile(r"\s*<[^<>]*>\s*|.*(?:\.\.\.|\u2026).*|(?:TODO|FIXME|XXX|x{3,})", re.IGNORECASE | re.DOTALL)


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of `kind`."""
    from mlvgit.schemas import generated

    found: dict[str, Any] = generated.SCHEMAS[kind]
    return found


def is_valid(kind: Kind, document: object) -> bool:
    """Say whether `document` has the shape of our own format version; quick, by generated code."""
    from mlvgit.schemas import generated

    try:
        validate: Callable[[object], object] = generated.VALIDATORS[kind]
        validate(document)
    except generated.JsonSchemaException:
        return False
    return True


def problems(kind: Kind, document: object, *, newer: bool = False) -> list[Finding]:
    """List everything that is wrong with the shape of `document`.

    Args:
        kind: what the document is.
        document: plain data.
        newer: the document is of a newer minor version, so that keys we do not know are left alone.

    Returns:
        (where it is, what was found and what was expected) in document order; empty when the shape is right.
    """
    judged = stripped(schema(kind), document) if newer else document
    if is_valid(kind, judged):
        return []
    return explain(schema(kind), judged)


def member(root: Mapping[str, Any], node: Mapping[str, Any], key: str | int) -> Mapping[str, Any]:
    """Return the schema of the member `key` of what `node` describes; empty when nothing is said about it."""
    node = resolve(root, node)
    if isinstance(key, int):
        found = node.get("items", {})
    else:
        found = node.get("properties", {}).get(key)
        if found is None:
            found = node.get("additionalProperties", {})
    return resolve(root, found) if isinstance(found, dict) else {}


def resolve(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a `$ref` into `$defs`; keys beside it win."""
    reference = node.get("$ref")
    if reference is None:
        return node
    target: Mapping[str, Any] = root["$defs"][reference.rsplit("/", 1)[1]]
    return {**target, **node}


def keeps_text(node: Mapping[str, Any]) -> bool:
    """Say whether a scalar described by `node` is text, so that a YAML reader must keep it as it was written."""
    types = node.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    return "string" in types and types.isdisjoint({"integer", "number", "boolean"})


def stripped(root: Mapping[str, Any], document: object, node: Mapping[str, Any] | None = None) -> object:
    """Return a copy of `document` without the keys that our schema does not know where it forbids such keys."""
    node = resolve(root, root if node is None else node)
    if isinstance(document, dict):
        known = node.get("properties", {})
        closed = node.get("additionalProperties") is False
        return {
            key: stripped(root, value, member(root, node, key))
            for key, value in document.items()
            if not closed or key in known
        }
    if isinstance(document, list):
        inner = member(root, node, 0)
        return [stripped(root, value, inner) for value in document] if inner else document
    return document


def explain(root: Mapping[str, Any], document: object) -> list[Finding]:
    """List every disagreement of `document` with the schema `root`, in words; slow, by jsonschema.

    A reference to anything outside `root` raises `referencing.exceptions.Unresolvable`: nothing is fetched.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    strict: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    found: list[Finding] = []
    for error in strict(root, registry=Registry()).iter_errors(document):
        path: Path = tuple(error.absolute_path)
        node = _described(root, error)
        if "propertyNames" in error.absolute_schema_path:
            found.append((path, f"the name {shown(error.instance)} is not one: write letters, digits, - and _"))
            continue
        found.extend(
            (path + extra, message) for extra, message in _WORDS.get(str(error.validator), _other)(error, node)
        )
    return sorted(found, key=lambda finding: [(isinstance(part, str), part) for part in finding[0]])


def _pattern(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator["ValidationError"]:
    """Judge `pattern` as ECMA 262 does, where `$` is the very end of the text."""
    from jsonschema import ValidationError

    if isinstance(instance, str) and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _described(root: Mapping[str, Any], error: "ValidationError") -> Mapping[str, Any]:
    """Find what the schema says about the place of `error`, with the title beside a `$ref`."""
    node: Mapping[str, Any] = root
    for part in error.absolute_path:
        node = member(root, node, part)
    return node


def shown(value: object) -> str:
    """Write a value into a message: short, printable, recognisable."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= 80 else text[:76] + "...")


def is_placeholder(value: object) -> bool:
    """Say whether `value` was copied from a tutorial without being filled in: `<sha256>`, `7b1f...`."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _wanted(node: Mapping[str, Any]) -> str:
    examples = node.get("examples", ())
    title = str(node.get("title", "another value"))
    return f"{title}, such as {json.dumps(examples[0], ensure_ascii=False)}" if examples else title


def _type(error: "ValidationError", node: Mapping[str, Any]) -> Iterator[Finding]:
    wanted_types: Any = error.validator_value
    types = [wanted_types] if isinstance(wanted_types, str) else wanted_types
    wanted = " or ".join(_TYPES[name] for name in types)
    title = node.get("title")
    if is_placeholder(error.instance):
        yield (), f"{shown(error.instance)} is a placeholder: write {wanted}{f' ({title})' if title else ''}"
        return
    message = f"expected {wanted}{f' ({title})' if title else ''}, found {shown(error.instance)}"
    if "string" in types and isinstance(error.instance, int | float) and not isinstance(error.instance, bool):
        message += f"; write it in quotes: {json.dumps(json.dumps(error.instance))}"
    yield (), message


def _required(error: "ValidationError", node: Mapping[str, Any]) -> Iterator[Finding]:
    # jsonschema reports one missing key per error; its name is only in the message
    match = re.match(r"'(.*)' is a required property", error.message, re.DOTALL)
    key = match[1] if match else ""
    title = node.get("properties", {}).get(key, {}).get("title", "")
    yield (), f"the key {key!r} is missing{f' ({title})' if title else ''}"


def _unknown(error: "ValidationError", node: Mapping[str, Any]) -> Iterator[Finding]:
    known = list(node.get("properties", {}))
    instance: Any = error.instance
    for key in instance:
        if key not in known:
            near = nearest(key, known)
            advice = f"did you mean {near!r}?" if near else f"known are {', '.join(known)}"
            yield (key,), f"unknown key {shown(key)}; {advice}"


def _form(error: "ValidationError", node: Mapping[str, Any]) -> Iterator[Finding]:
    value: Any = error.instance
    write = node.get("x-write")
    if is_placeholder(value):
        yield (), f"{shown(value)} is a placeholder: write {write or _wanted(node)}"
    elif "{64}" in str(node.get("pattern")) and re.fullmatch(r"(sha256:)?[0-9a-fA-F]{64}\s*", value):
        yield (), f"found {shown(value)}; write the digits in lower case and nothing else: {_plain_hex(node, value)}"
    else:
        yield (), f"expected {write or _wanted(node)}; found {shown(value)}"


def _plain_hex(node: Mapping[str, Any], value: str) -> str:
    digits = value.strip().lower().removeprefix("sha256:")
    return "sha256:" + digits if "sha256:" in str(node.get("pattern", "")) else digits


def _choice(error: "ValidationError", node: Mapping[str, Any]) -> Iterator[Finding]:
    choices: Any = error.validator_value
    known = [str(choice) for choice in choices]
    near = nearest(error.instance, known) if isinstance(error.instance, str) else ""
    advice = f"; did you mean {near!r}?" if near else ""
    yield (), f"expected one of {', '.join(known)}, found {shown(error.instance)}{advice}"


def _one_of(error: "ValidationError", _node: Mapping[str, Any]) -> Iterator[Finding]:
    branches: Any = error.validator_value
    keys = [key for branch in branches for key in branch.get("required", ())]
    there = [key for key in keys if isinstance(error.instance, dict) and key in error.instance]
    found = "found both" if there else "found neither"
    yield (), f"exactly one of the keys {' and '.join(map(repr, keys))} must be there, {found}"


def _size(error: "ValidationError", node: Mapping[str, Any]) -> Iterator[Finding]:
    limit = error.validator_value
    words = {
        "minimum": f"must be at least {limit}",
        "maximum": f"must be at most {limit}",
        "minLength": "must not be empty",
        "maxLength": f"must have at most {limit} characters",
        "minItems": "must not be empty",
        "maxItems": f"must have at most {limit} entries",
        "minProperties": "must not be empty",
        "maxProperties": f"must have at most {limit} keys",
    }
    yield (), f"{node.get('title', 'it')} {words[str(error.validator)]}, found {shown(error.instance)}"


def _other(error: "ValidationError", _node: Mapping[str, Any]) -> Iterator[Finding]:
    yield (), printable(error.message[:200])


_WORDS: Final[Mapping[str, Callable[["ValidationError", Mapping[str, Any]], Iterator[Finding]]]] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _unknown,
    "pattern": _form,
    "enum": _choice,
    "oneOf": _one_of,
    **dict.fromkeys(
        ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
        _size,
    ),
}
