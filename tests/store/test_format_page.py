"""What docs/store-format.md shows is what is written and read."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from mlvgit.core.digest import Digest, of_bytes
from mlvgit.records.manifest import new_manifest
from mlvgit.store.extents import Extent, dump, parse
from mlvgit.store.objects import ObjectStore
from mlvgit.store.scan import scan
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "store-format.md").read_text(encoding="utf-8")
LETTERS, OTHER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"ABCXYZABCXYZ"


def test_the_vector_of_the_page_is_written_and_read() -> None:
    vector = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[-1].encode()
    letters = of_bytes(LETTERS)
    files = {
        of_bytes(OTHER): tuple(Extent(letters, offset, 3) for offset in (0, 23, 0, 23)),
        of_bytes(b""): (),
    }

    assert parse(vector) == files
    assert dump(files) == vector
    assert f"its name is `{hashlib.sha256(vector).hexdigest()}`" in PAGE


def test_a_folder_with_packs_and_versions_is_read_back_by_the_steps_of_the_page(tmp_path: Path) -> None:
    data = bytes(number * number % 251 for number in range(300_000))
    versions = [
        {"big.bin": data, "a b/é.txt": b"one"} | {f"{number}.txt": b"%d" % number for number in range(20)},
        {"big.bin": data[:90_000] + b"more" + data[90_000:], "empty": b""},
    ]
    store = ObjectStore(tmp_path / "shelf")
    base: dict[str, Digest] = {}
    steps = PAGE.split("## Reading a folder back")[1].split("```sh\n")[1].split("```")[0]
    for number, files in enumerate(versions):
        for name, content in files.items():
            path = tmp_path / f"in-{number}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        found = scan(tmp_path / f"in-{number}")
        base = dict(zip((file.relative for file in found), store.take(found, base=base), strict=True))
        folder = f"iris_v0.{number}"
        made = new_manifest(
            "snapshot", "iris", f"v0.{number}", base.items(), prefix=folder, created_utc="2026-01-01T00:00:00Z"
        )
        (tmp_path / f"{number}.json").write_bytes(made.dump())

    for number, files in enumerate(versions):
        done = subprocess.run(
            ["sh", "-euc", steps],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "SHELF": str(tmp_path / "shelf"), "MANIFEST": f"{number}.json"},
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(done.stdout.splitlines()) == sorted(f"iris_v0.{number}/{name}: OK" for name in files)
    assert len(list((tmp_path / "shelf").glob("sha256/*/*"))) == 4
