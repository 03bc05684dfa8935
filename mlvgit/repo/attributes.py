"""What Git would do to a file: conversions that change its bytes, rules that ignore it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlvgit.repo.git import Git, decode, encode
from mlvgit.rules.model import Conversion

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository
    from mlvgit.rules.model import Tree

__all__ = ["ATTRIBUTES", "Coming", "Conversion", "Ignored", "conversions", "converted", "ignored"]

ATTRIBUTES: Final = ".gitattributes"
_Read = Callable[[str], bytes | None]
"""What gives an attribute file of the repository by its path, None when there is none."""

_ASKED = ("text", "crlf", "eol", "ident", "working-tree-encoding", "filter")
_NO = ("unspecified", "unset")


class Coming(NamedTuple):
    """The attribute files that a folder is to have, in place of those that it has.

    Attributes:
        folder: from the top of the repository.
        files: where one will stand, from the top -> where it is now, for people; its bytes.
    """

    folder: str
    files: Mapping[str, tuple[str, bytes]]


class Ignored(NamedTuple):
    """A path that Git ignores.

    Attributes:
        path: the path.
        source: the file with the pattern.
        line: 1-based.
        pattern: as it stands there.
    """

    path: str
    source: str
    line: int
    pattern: str


def ignored(repo: "Repository", paths: Iterable[str]) -> list[Ignored]:
    """Return which of `paths` Git ignores, tracked or not, and by which line.

    Args:
        repo: where to look.
        paths: from the top of the repository; a folder with a slash at the end is asked about as a folder.
    """
    # This command knows no literal pathspecs; behind ./ a name such as `:(top)z` means itself, and nothing is globbed.
    listed = b"".join(b"./" + encode(path) + b"\0" for path in paths)
    if not listed:
        return []
    args = ("--no-literal-pathspecs", "check-ignore", "--verbose", "-z", "--stdin", "--no-index")
    words = repo.git.lines0(*args, input=listed, ok=(0, 1))
    rows = zip(words[::4], words[1::4], words[2::4], words[3::4], strict=True)
    return [
        Ignored(path[2:], source, int(line), pattern)
        for source, line, pattern, path in rows
        if not pattern.startswith("!")
    ]


def conversions(repo: "Repository", paths: Iterable[str], coming: Coming | None = None) -> list[Conversion]:
    """Return every conversion that Git is told to apply to `paths`, with the line that causes it.

    Contents are not looked at: a file that a conversion would leave as it is today is listed too, because the same
    file checked out on another system would not be.

    Args:
        coming: what is to come with them.
    """
    listed = list(dict.fromkeys(paths))
    planned = coming.files if coming else {}

    def read(name: str) -> bytes | None:
        if coming and name.startswith(f"{coming.folder}/"):
            return planned[name][1] if name in planned else None
        return _on_disk(os.path.join(repo.git.directory, name))

    if coming:
        with _laid_out(repo, read, listed, own=True) as trial:
            attributes = _attributes(trial, listed)
    else:
        attributes = _attributes(repo.git, listed)
    autocrlf = repo.config("core.autocrlf").lower()
    found = [Conversion(path, each, "", 0, "") for path in listed for each in _causes(attributes[path], autocrlf)]
    explained = _Blame(repo, read, own=True).explain(found)
    return [each._replace(source=planned.get(each.source, (each.source, b""))[0]) for each in explained]


def converted(repo: "Repository", tree: "Tree", paths: Sequence[str]) -> dict[str, Conversion]:
    """Return which of `paths` the attribute files of a tree have Git change at check out, and by which line.

    What a user or a server configures for itself does not count as the tree's, nor do filters: those run only where
    somebody set them up. Of files with one ending in a folder, one stands for the others where the line is looked for.
    """

    def read(name: str) -> bytes | None:
        return tree.read(name) if tree.entry(name) else None

    with _laid_out(repo, read, paths, own=False) as trial:
        attributes = _attributes(trial, paths)
    causes = {
        path: [each for each in _causes(values, "") if each[:7] != "filter="] for path, values in attributes.items()
    }
    found = [Conversion(path, each[0], "", 0, "") for path, each in causes.items() if each]
    alike = {_kind(each): each for each in reversed(found)}
    blamed = {_kind(each): each for each in _Blame(repo, read, own=False).explain([*alike.values()])}
    return {each.path: blamed[_kind(each)]._replace(path=each.path) for each in found}


def _kind(found: Conversion) -> tuple[str, str, str]:
    folder, name = os.path.split(found.path)
    return folder, os.path.splitext(name)[1], found.attribute


def _on_disk(path: str) -> bytes | None:
    try:
        with open(encode(path), "rb") as file:
            return file.read()
    except OSError:
        return None


@contextmanager
def _laid_out(repo: "Repository", read: _Read, paths: Iterable[str], *, own: bool) -> Iterator[Git]:
    """Give a Git in a throw-away folder that has the attribute files which hold for `paths`.

    Args:
        own: what is configured for this repository and this user holds there too.
    """
    import tempfile

    names = {name for path in paths for name in _names(path)}
    with tempfile.TemporaryDirectory(prefix="mlv-") as place:
        for name in names:
            data = read(name)
            if data is not None:
                target = Path(place) / os.fsdecode(encode(name))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        if own:
            index = os.path.join(place, ".git", "no-index")
            there = {"GIT_DIR": str(repo.git_dir), "GIT_WORK_TREE": place, "GIT_INDEX_FILE": index}
            yield Git(place, {**repo.git.given, **there})
        else:
            trial = repo.git.elsewhere(place)
            trial.run("init", "--quiet", "--template=", place)
            trial.run("config", "core.attributesFile", os.devnull)
            yield trial


def _names(path: str) -> Iterator[str]:
    """Yield where attribute files for a path may stand, strongest first."""
    while path:
        path = path.rpartition("/")[0]
        yield f"{path}/{ATTRIBUTES}".lstrip("/")


def _attributes(git: Git, paths: Iterable[str]) -> dict[str, dict[str, str]]:
    listed = list(paths)
    found: dict[str, dict[str, str]] = {path: {} for path in listed}
    if listed:
        given = b"".join(encode(path) + b"\0" for path in listed)
        words = git.lines0("check-attr", "-z", "--stdin", *_ASKED, input=given)
        for path, name, value in zip(words[::3], words[1::3], words[2::3], strict=True):
            found[path][name] = value
    return found


def _causes(values: dict[str, str], autocrlf: str) -> list[str]:
    """Return the attributes that convert."""
    causes = [_line_ends(values, autocrlf)]
    if values["ident"] == "set":
        causes.append("ident")
    encoding = values["working-tree-encoding"]
    if encoding not in (*_NO, "set") and encoding.upper() not in ("UTF-8", "UTF8"):
        causes.append(f"working-tree-encoding={encoding}")
    if values["filter"] not in (*_NO, "set"):
        causes.append(f"filter={values['filter']}")
    return [cause for cause in causes if cause]


def _line_ends(values: dict[str, str], autocrlf: str) -> str:
    """Return what converts line ends, or "".

    Source: gitattributes(5): `crlf` is the old name of `text`; `eol` without `text` means `text`; `-text` ends line
    conversion whatever else is set.
    """
    name = "text" if values["text"] != "unspecified" else "crlf"
    if values[name] == "set":
        return name
    if values[name] not in _NO:
        return f"{name}={values[name]}"
    if values[name] == "unset":
        return ""
    if values["eol"] not in (*_NO, "set"):
        return f"eol={values['eol']}"
    return f"core.autocrlf={autocrlf}" if autocrlf in ("true", "input", "1", "yes", "on") else ""


class _Blame:
    """Which line sets an attribute: Git is asked about each line alone, in a throw-away repository.

    Args:
        read: gives the attribute files of the repository.
        own: those of this clone, this user and this machine count too.
    """

    def __init__(self, repo: "Repository", read: _Read, *, own: bool) -> None:
        self._repo = repo
        self._read = read
        self._own = own

    def explain(self, found: list[Conversion]) -> list[Conversion]:
        """Return what was found, with the line that causes it."""
        if not found:
            return []
        with _laid_out(self._repo, lambda _: None, (), own=False) as trial:
            return [self._one(trial, Path(trial.directory), each) for each in found]

    def _one(self, trial: Git, folder: Path, found: Conversion) -> Conversion:
        name, _, value = found.attribute.partition("=")
        if name.startswith("core."):
            return found._replace(text=f"git config --show-origin --get {name}")
        wanted = value or "set"
        for source, base, lines in self._files(found.path):
            macros = [line for line in lines if line.startswith("[attr]")]
            for number in range(len(lines), 0, -1):
                line = lines[number - 1]
                if line.startswith(("[attr]", "#")) or not line.strip():
                    continue
                if self._sets(trial, folder, (base, [*macros, line]), (found.path, name)) == wanted:
                    return found._replace(source=source, line=number, text=line.strip())
        return found

    def _sets(self, trial: Git, folder: Path, rules: tuple[str, list[str]], asked: tuple[str, str]) -> str:
        """Return the value that these lines alone give to an attribute of a path."""
        (base, lines), (path, name) = rules, asked
        (folder / ".gitattributes").write_bytes(b"".join(encode(line) + b"\n" for line in lines))
        relative = path[len(base) + 1 :] if base else path
        return trial.lines0("check-attr", "-z", name, "--", relative)[2]

    def _files(self, path: str) -> Iterator[tuple[str, str, list[str]]]:
        """Yield (name, folder that its patterns are relative to, lines) of attribute files, strongest first."""
        own = self._own
        if own:
            info = self._repo.git.text("rev-parse", "--path-format=absolute", "--git-path", "info/attributes")
            yield from _lines(info, "", _on_disk(info))
        for name in _names(path):
            yield from _lines(name, name.rpartition("/")[0], self._read(name))
        for name in (self._everywhere(), "/etc/gitattributes") if own else ():
            yield from _lines(name, "", _on_disk(name))

    def _everywhere(self) -> str:
        given = self._repo.git.given
        home = given.get("XDG_CONFIG_HOME") or os.path.join(given.get("HOME", ""), ".config")
        said = self._repo.git.text("config", "--type=path", "--get", "core.attributesFile", ok=(0, 1))
        return said or os.path.join(home, "git", "attributes")


def _lines(shown: str, base: str, data: bytes | None) -> Iterator[tuple[str, str, list[str]]]:
    if data is not None:
        yield shown, base, decode(data).split("\n")
