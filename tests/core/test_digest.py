"""The identity of a frozen directory: the test vectors of docs/formats.md, and what coreutils says."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlvgit.core.digest import Digest, Hasher, is_sha256, of_bytes, tree_sha256

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

VECTORS: dict[str, dict[str, bytes]] = {
    "one": {"iris.csv": b"a,b\n1,2\n"},
    "folders": {"a/b.txt": b"1\n", "a.txt": b"2\n", "a-b.txt": b"3\n"},
    "unicode": {"é.txt": b"", "z.txt": b"z", "\U0001f600.txt": b"1", "\uffee.txt": b"2"},
}


def tree(files: dict[str, bytes]) -> str:
    return tree_sha256((path, of_bytes(data).sha256) for path, data in files.items())


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_format_page_hold(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    found = re.search(rf"\| {name} \|.*`([0-9a-f]{{64}})` \|", page)

    assert found is not None
    assert tree(VECTORS[name]) == found[1]


@pytest.mark.parametrize("name", VECTORS)
def test_coreutils_alone_give_the_same_identity(name: str, tmp_path: Path) -> None:
    for path, data in VECTORS[name].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum"

    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert said.split()[0] == tree(VECTORS[name])


paths = st.text(st.characters(blacklist_categories=()), min_size=1, max_size=6).filter(
    lambda text: not any(0xD800 <= ord(char) <= 0xDC7F or 0xDD00 <= ord(char) <= 0xDFFF for char in text)
)


@given(st.dictionaries(paths, st.just(EMPTY), max_size=6))
def test_the_order_is_that_of_the_bytes(files: dict[str, str]) -> None:
    lines = sorted((path.encode("utf-8", "surrogateescape"), sha) for path, sha in files.items())
    expected = hashlib.sha256(b"".join(sha.encode() + b"  " + path + b"\n" for path, sha in lines)).hexdigest()

    assert tree_sha256(files.items()) == expected
    assert tree_sha256(reversed(files.items())) == expected


def test_a_digest_is_length_and_hash() -> None:
    assert of_bytes(b"") == Digest(0, EMPTY)


@pytest.mark.parametrize(
    "text", ["", EMPTY[:-1], EMPTY + "0", EMPTY.upper(), EMPTY[:-1] + "g", EMPTY[:-1] + "\n", "\u0661" * 64]
)
def test_only_64_lower_case_digits_are_a_sha256(text: str) -> None:
    assert is_sha256(EMPTY)
    assert not is_sha256(text)


@pytest.mark.parametrize("beside", [False, True])
def test_portions_in_two_buffers_by_turns_are_hashed_as_one(beside: bool) -> None:
    whole = bytes(range(256)) * 4096
    buffers = [bytearray(1000), bytearray(1000)]
    with Hasher(beside=beside) as hasher:
        for turn, start in enumerate(range(0, len(whole), 1000)):
            portion = whole[start : start + 1000]
            buffer = memoryview(buffers[turn % 2])[: len(portion)]
            buffer[:] = portion
            hasher.update(buffer)
        assert hasher.hexdigest() == hashlib.sha256(whole).hexdigest()


def test_what_the_thread_beside_could_not_hash_is_said_and_it_goes_on() -> None:
    with Hasher(beside=True) as hasher:
        hasher.update("no bytes")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            hasher.update(b"one")
        hasher.update(b"two")
        assert hasher.hexdigest() == hashlib.sha256(b"two").hexdigest()
