"""What Git would do to a file: conversions that change its bytes, rules that ignore it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.repo.git import Git, decode, encode

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository
    from mlvgit.rules.model import Tree

__all__ = ["Conversion", "Ignored", "conversions", "converted", "ignored"]

_ASKED = ("text", "crlf", "eol", "ident", "working-tree-encoding", "filter")
_NO = ("unspecified", "unset")


class Conversion(NamedTuple):
    """A file whose bytes Git would change.

    Attributes:
        path: the file.
        attribute: such as `text=auto`, `filter=lfs` or `core.autocrlf=true`.
        source: the file with the line that causes it, `data/.gitattributes`; "" when it was not found.
        line: 1-based; 0 when not found.
        text: that line; a command that shows the setting, for configuration.
    """

    path: str
    attribute: str
    source: str
    line: int
    text: str

    @property
    def cause(self) -> str:
        """`.gitattributes:3: * text=auto`."""
        return f"{self.source}:{self.line}: {self.text}" if self.line else self.text or self.attribute


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


def conversions(repo: "Repository", paths: Iterable[str]) -> list[Conversion]:
    """Return every conversion that Git is told to apply to `paths`, with the line that causes it.

    Contents are not looked at: a file that a conversion would leave as it is today is listed too, because the same
    file checked out on another system would not be.
    """
    listed = list(dict.fromkeys(paths))
    attributes = _attributes(repo.git, listed)
    autocrlf = repo.config("core.autocrlf").lower()
    found = [Conversion(path, each, "", 0, "") for path in listed for each in _causes(attributes[path], autocrlf)]
    if not found:
        return []
    return _Blame(repo).explain(found)


def converted(repo: "Repository", tree: "Tree", paths: Sequence[str]) -> dict[str, str]:
    """Return which of `paths` the attribute files of a tree have Git change at check out, and by which attribute.

    What a user or a server configures for itself does not count as the tree's, nor do filters: those run only where
    somebody set them up.
    """
    import tempfile

    folders = {""}
    for path in paths:
        while (path := path.rpartition("/")[0]) not in folders:
            folders.add(path)
    with tempfile.TemporaryDirectory(prefix="mlv-") as place:
        trial = repo.git.elsewhere(place)
        trial.run("init", "--quiet", "--template=", place)
        for folder in folders:
            name = f"{folder}/.gitattributes".lstrip("/")
            if tree.entry(name) is None:
                continue
            target = Path(place) / os.fsdecode(encode(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(tree.read(name))
        found = {path: _causes(values, "") for path, values in _attributes(trial, paths).items()}
    return {path: causes[0] for path, each in found.items() if (causes := [c for c in each if c[:7] != "filter="])}


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
    """Which line sets an attribute: Git is asked about each line alone, in a throw-away repository."""

    def __init__(self, repo: "Repository") -> None:
        self._repo = repo

    def explain(self, found: list[Conversion]) -> list[Conversion]:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="mlv-") as folder:
            trial = self._repo.git.elsewhere(folder)
            trial.run("init", "--quiet", "--template=", folder)
            return [self._one(trial, Path(folder), each) for each in found]

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
        info = decode(self._repo.git.run("rev-parse", "--path-format=absolute", "--git-path", "info/attributes"))[:-1]
        yield from self._file(info, info, "")
        top = self._repo.git.directory
        folder = os.path.dirname(path)
        while True:
            name = os.path.join(folder, ".gitattributes")
            yield from self._file(name, os.path.join(top, name), folder)
            if not folder:
                break
            folder = os.path.dirname(folder)
        home = self._repo.git.given.get("XDG_CONFIG_HOME") or os.path.join(
            self._repo.git.given.get("HOME", ""), ".config"
        )
        everywhere = self._repo.git.text("config", "--type=path", "--get", "core.attributesFile", ok=(0, 1))
        everywhere = everywhere or os.path.join(home, "git", "attributes")
        yield from self._file(everywhere, everywhere, "")
        yield from self._file("/etc/gitattributes", "/etc/gitattributes", "")

    def _file(self, shown: str, path: str, base: str) -> Iterator[tuple[str, str, list[str]]]:
        try:
            with open(encode(path), "rb") as file:
                yield shown, base, decode(file.read()).split("\n")
        except OSError:
            return
