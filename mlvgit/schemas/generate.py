"""Makes `generated.py` from the JSON Schemas; a tool for people who change a schema, not used at run time.

`python -m mlvgit.schemas.generate` writes the module, `--check` says whether it is up to date. Needs fastjsonschema.
"""

import argparse
import json
import pprint
import re
import sys
from pathlib import Path
from typing import Any

KINDS = ("inventory", "manifest", "registry", "run", "settings")
HERE = Path(__file__).parent
TARGET = HERE / "generated.py"

HEADER = '''"""Validators made from the JSON Schemas by `python -m mlvgit.schemas.generate`; do not edit."""

import re


class JsonSchemaValueException(ValueError):
    """The document does not fit."""


JsonSchemaException = JsonSchemaValuesException = JsonSchemaValueException


class _Patterns(dict):
    """Searches for a pattern that is compiled when it is first used, so that importing costs nothing."""

    def __missing__(self, pattern):
        self[pattern] = search = re.compile(re.sub(r"(?<!\\\\)\\$", r"\\\\Z", pattern)).search
        return search


SEARCH = _Patterns()
NoneType = type(None)
'''


def references(node: Any) -> list[str]:
    """List every `$ref` in a schema."""
    if isinstance(node, dict):
        inner = [found for value in node.values() for found in references(value)]
        return [*([node["$ref"]] if isinstance(node.get("$ref"), str) else []), *inner]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


def slim(code: str) -> str:
    """Leave out of the generated code what only makes messages: the words come from `explain`.

    The names of the places are formatted for every call of a `$ref`, which costs more than the checks themselves.
    """
    code = re.sub(r"raise JsonSchemaValueException\(.*\)$", "raise JsonSchemaValueException", code, flags=re.MULTILINE)
    code = re.sub(r", custom_formats, \(name_prefix or .*\)$", ")", code, flags=re.MULTILINE)
    code = code.replace(", Decimal", "").replace(", custom_formats={}, name_prefix=None", "")
    code = re.sub(r"REGEX_PATTERNS\[(.*)\]\.search\(", r"SEARCH[\1](", code)
    return _quicken(code)


def _quicken(code: str) -> str:
    """Leave out what was asked just before, and build the sets of required keys once."""
    raised = (
        r"(?P<indent> *)if not isinstance\((?P<value>\w+), \((?P<type>dict|str|int)\)\)(?: and .*)?:\n +raise \w+\n"
    )
    asked = (
        r"\w+_is_dict = isinstance\((?P=value), dict\)\n(?P=indent)if \w+_is_dict:",
        r"if isinstance\((?P=value), str\):",
        r"if isinstance\((?P=value), \(int, float\)\) and not isinstance\((?P=value), bool\):",
    )
    for again in asked:
        code = re.sub(raised + "(?P=indent)" + again, _known, code)
    first = re.findall(r"^def (\w+)", code, re.MULTILINE)[0].upper()
    sets: dict[str, str] = {}

    def hoist(match: re.Match[str]) -> str:
        name = sets.setdefault(match["keys"], f"{first}_{len(sets)}")
        return f"{match['indent']}if not {match['value']}.keys() >= {name}:"

    required = (
        r"(?P<indent> +)(?P<missing>\w+__missing_keys) = set\(\[(?P<keys>.*?)\]\) - (?P<value>\w+)\.keys\(\)\n"
        r" +if (?P=missing):"
    )
    code = _count_keys(re.sub(required, hoist, code), sets)
    return "".join(f"{name} = frozenset([{keys}])\n" for keys, name in sets.items()) + "\n" + code


def _known(match: re.Match[str]) -> str:
    check = match[0].split("\n")[:2]
    return "\n".join(check) + f"\n{match['indent']}if True:"


def _count_keys(code: str, sets: dict[str, str]) -> str:
    """Where every known key is required, count the keys instead of crossing them off."""
    for keys, name in sets.items():
        for value in re.findall(rf"if not (\w+)\.keys\(\) >= {name}:", code):
            crossed = re.findall(rf"if \"(\w+)\" in {value}_keys:\n", code)
            wanted = re.findall(r"'(\w+)'", keys)
            if sorted(crossed) != sorted(wanted) or f"if {value}_keys:\n" not in code:
                continue
            code = re.sub(rf" +{value}_keys = set\({value}\.keys\(\)\)\n", "", code)
            code = re.sub(rf'if "\w+" in {value}_keys:\n +{value}_keys\.remove\("\w+"\)\n', "if True:\n", code)
            code = re.sub(rf"\n +if {value}_keys:\n +raise \w+", "", code)
            code = code.replace(f"if not {value}.keys() >= {name}:", f"if {value}.keys() != {name}:")
    return code


def generate() -> str:
    """Return the text of the module.

    Raises:
        ValueError: a schema refers to something outside itself, which fastjsonschema would fetch.
    """
    import fastjsonschema

    parts, names, schemas = [HEADER], {}, {}
    for kind in KINDS:
        schema = json.loads((HERE / f"{kind}.schema.json").read_text(encoding="utf-8"))
        outside = [reference for reference in references(schema) if not reference.startswith("#/")]
        if outside:
            raise ValueError(f"{kind}.schema.json refers to {outside[0]}, which is outside")
        schemas[kind] = schema
        code = fastjsonschema.compile_to_code(schema, detailed_exceptions=False)
        body = code[code.index("\ndef ") :]
        body = slim(re.sub(r"\bvalidate__", f"validate_{kind}__", body))
        names[kind] = re.findall(r"^def (\w+)\(", body, re.MULTILINE)[0]
        parts.append(body.rstrip() + "\n")
    table = "\n".join(f'    "{kind}": {name},' for kind, name in names.items())
    parts.append(f"\nVALIDATORS = {{\n{table}\n}}\n")
    parts.append("\nSCHEMAS = " + pprint.pformat(schemas, width=116, sort_dicts=False) + "\n")
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Write the module, or with `--check` return 1 when it is not what the schemas give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when generated.py is stale")
    options = parser.parse_args(arguments)
    text = generate()
    if options.check:
        fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not fresh:
            sys.stderr.write("mlvgit/schemas/generated.py is stale: run python -m mlvgit.schemas.generate\n")
        return 0 if fresh else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
