"""The remotes of bytes that mlv.yaml names: which there are, naming another one, and trying one out."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from mlvgit.actions.project import Project
from mlvgit.actions.stored import open_one
from mlvgit.core.digest import Digest, of_bytes
from mlvgit.core.text import count, nearest, printable, size
from mlvgit.errors import IntegrityError, MlvError, RemoteError, SettingsError, UsageError
from mlvgit.records.settings import Remote as Named
from mlvgit.records.settings import Settings
from mlvgit.records.yamltext import dump
from mlvgit.remotes.base import Remote
from mlvgit.remotes.folder import FolderRemote
from mlvgit.remotes.table import is_lfs
from mlvgit.store.atomic import write_atomic

__all__ = ["Added", "Listed", "Step", "Trial", "add_remote", "list_remotes"]

TRIED: Final = 64 << 10
"""Bytes of an object that a trial writes."""
AT_ONCE: Final = 16
LISTING: Final = 30.0
"""Seconds after which a trial has seen enough of a long list."""
_ASK: Final = "ask who runs this server"
_REMOTES = re.compile(r"remotes:[ \t]*(#.*)?")


class Listed(NamedTuple):
    """A remote as mlv.yaml names it.

    Attributes:
        kind: `folder`, or the scheme of its URL.
        first: pushes go to it.
    """

    name: str
    url: str
    endpoint: str
    kind: str
    first: bool


class Added(NamedTuple):
    """What adding did.

    Attributes:
        path: of mlv.yaml, from the top of the repository.
        lines: what was written, as it stands there.
        already: it was named so before; nothing was written.
        notes: what the user should know besides.
    """

    path: str
    lines: str
    already: bool
    notes: tuple[str, ...] = ()


def list_remotes(project: Project) -> list[Listed]:
    """List the remotes of this root, in their order.

    Raises:
        SettingsError: mlv.yaml cannot be read.
    """
    return [
        Listed(each.name, each.url, each.endpoint, kind_of(each.url), number == 0)
        for number, each in enumerate(project.settings.remotes)
    ]


def kind_of(url: str) -> str:
    """Say in a word what a URL leads to."""
    if is_lfs(Named("", url)):
        return "lfs"
    scheme = url.partition("://")[0].lower() if "://" in url else "file"
    return "folder" if scheme == "file" else scheme


def add_remote(project: Project, name: str, url: str, endpoint: str = "") -> Added:
    """Name a remote in mlv.yaml, after those that are there, and stage it. What stands there is not rewritten.

    An empty folder gets its marker: from now on it is told from a share that is not mounted.

    Raises:
        RemoteError: the folder cannot be written.
        UsageError: it cannot be a remote, the name is taken, or mlv.yaml is written in a way that takes no line more.
        SettingsError: mlv.yaml cannot be read.
    """
    given = Named(name, url, endpoint)
    entry = {name: {"url": url, "endpoint": endpoint} if endpoint else url}
    with project.alone("git mlv remote add"):
        settings = project.settings
        relative = settings.layout(project.root).settings_path
        path = project.top / relative
        there = settings.remote(name)
        if there == given:
            return Added(relative, "", already=True)
        if there:
            raise UsageError(
                f"there is a remote {name} already: {there.url}", hint=f"take another name, or edit {relative}"
            )
        remote = _checked(project, given, entry)
        before = path.read_bytes() if path.exists() else b""
        after, lines = _with_entry(before, entry)
        if not _says(after, settings._replace(remotes=(*settings.remotes, given))):
            wanted = dump({"remotes": entry}).decode()
            raise UsageError(f"{relative} is not written line by line: add this by hand", hint=wanted.rstrip("\n"))
        notes = []
        if isinstance(remote, FolderRemote):
            remote.begin()
            notes = remote.notices
            if not Path(url).expanduser().is_absolute() and "://" not in url:
                notes.append(
                    f"{url} is relative to each clone: where a clone stands elsewhere it leads to another folder"
                )
        write_atomic(path, after)
        project.repo.stage([relative], force=True)
        project.refresh()
    return Added(relative, lines, already=False, notes=tuple(notes))


def _checked(project: Project, given: Named, entry: dict[str, Any]) -> Remote:
    try:
        Settings.parse(dump({"remotes": entry}))
        return open_one(project, given)
    except SettingsError as error:
        said = "; ".join(dict.fromkeys(problem.message for problem in error.problems))
        raise UsageError(f"{printable(given.name)} cannot be a remote: {said}") from error


def _says(data: bytes, wanted: Settings) -> bool:
    try:
        return Settings.parse(data) == wanted
    except SettingsError:
        return False


def _with_entry(before: bytes, entry: dict[str, Any]) -> tuple[bytes, str]:
    """Return mlv.yaml with an entry below `remotes:`, and the lines that were added. Whether it means that is not known."""
    newline = "\r\n" if b"\r\n" in before else "\n"
    lines = before.decode("utf-8", "replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    head = next((at for at, line in enumerate(lines) if _REMOTES.fullmatch(line.rstrip("\r\n"))), None)
    if head is None:
        added = ["remotes:", *_indented(entry, "  ")]
        at = len(lines)
    else:
        end = next((at for at in range(head + 1, len(lines)) if re.match(r"[^\s#]", lines[at])), len(lines))
        inner = [at for at in range(head + 1, end) if re.match(r"[ \t]+[^\s#]", lines[at])]
        indent = re.match(r"[ \t]*", lines[inner[0]])[0] if inner else "  "  # type: ignore[index]  # it always matches
        added = _indented(entry, indent)
        at = inner[-1] + 1 if inner else head + 1
    lines[at:at] = [line + newline for line in added]
    return "".join(lines).encode(), "\n".join(added)


def _indented(entry: dict[str, Any], indent: str) -> list[str]:
    return [indent + line for line in dump(entry).decode().splitlines()]


class Step(NamedTuple):
    """One thing that was tried.

    Attributes:
        name: what, in a few words.
        holds: it was as it must be.
        saw: what was seen.
        seconds: how long it took.
        mend: what to do, where it does not hold.
    """

    name: str
    holds: bool
    saw: str
    seconds: float
    mend: str = ""


class _NotSo(Exception):  # noqa: N818 - an answer, not a failure of ours
    """The remote answered otherwise than it must."""


class Trial:
    """Trying a remote out with objects of random bytes, which are deleted again.

    Attributes:
        remote: the one that is tried.
        left: names of objects that could not be deleted, when all is over.
    """

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.left: list[str] = []
        self._sent: dict[Digest, Path] = {}

    @classmethod
    def of(cls, project: Project, name: str) -> "Trial":
        """Open the remote `name`.

        Raises:
            UsageError: there is no such remote.
            SettingsError: mlv.yaml, or what it says of this remote, cannot be used.
        """
        from mlvgit.remotes.ssh import SshRemote

        given = project.settings.remote(name)
        if given is None:
            known = [each.name for each in project.settings.remotes]
            near = nearest(name, known)
            hint = f"did you mean {near}?" if near else f"there is: {', '.join(known)}" if known else ""
            raise UsageError(f"there is no remote {name}", hint=hint or "git mlv remote add NAME URL")
        remote = open_one(project, given)
        if isinstance(remote, FolderRemote | SshRemote):
            remote.tried = True
        return cls(remote)

    def run(self) -> Iterator[Step]:
        """Yield each step when it is done; when the remote cannot be reached, the first is the only one.

        Raises:
            MachineError: this machine lacks what this kind of remote needs.
        """
        absent = of_bytes(os.urandom(32))
        url = printable(self.remote.url)
        with tempfile.TemporaryDirectory(prefix="mlv-trial-") as folder:
            try:
                first = _step("say that a name is not there", "", lambda: self._absent(absent))
                yield first
                if not first.holds:
                    return
                yield _step("refuse to read that name", "", lambda: self._unreadable(absent))
                if self.remote.whole_only:
                    return
                one = self._made(Path(folder), "one")
                wrote = _step("write an object", f"let this account write below {url}", lambda: self._write(one))
                yield wrote
                if not wrote.holds:
                    return
                allow = f"let this account read below {url}"
                yield _step("say that it is there", allow, lambda: self._present(one))
                yield _step("read it back, hashed", allow, lambda: self._read(one))
                yield _step("write over it", f"let this account replace what is below {url}", lambda: self._again(one))
                yield _step("list it", f"let this account list {url}: gc and fsck need that", lambda: self._listed(one))
                many = [self._made(Path(folder), str(number)) for number in range(AT_ONCE)]
                yield _step("take and give sixteen at once", "", lambda: self._together(many))
                allow = f"let this account delete below {url}: gc needs that, push and pull do not"
                yield _step("delete them", allow, lambda: self._deleted([one, *many]))
            finally:
                self._clean()

    def _made(self, folder: Path, name: str) -> Digest:
        data = os.urandom(TRIED)
        (folder / name).write_bytes(data)
        digest = of_bytes(data)
        self._sent[digest] = folder / name
        return digest

    def _presence(self, digest: Digest) -> bool:
        there = self.remote.presence([digest]).get(digest.sha256)
        if there is None:
            raise self.remote.trouble or _NotSo("it does not say")
        return there

    def _absent(self, digest: Digest) -> str:
        if self._presence(digest):
            raise _NotSo("it says that it has an object which nobody ever made")
        return "not there"

    def _unreadable(self, digest: Digest) -> str:
        try:
            self._bytes(digest)
        except RemoteError:
            return "refused"
        raise _NotSo("it gave bytes for a name which nobody ever made")

    def _write(self, digest: Digest) -> str:
        self.remote.upload(digest, self._sent[digest])
        return size(digest.size)

    def _present(self, digest: Digest) -> str:
        if not self._presence(digest):
            raise _NotSo("it says that it is not there")
        if self._presence(Digest(digest.size + 1, digest.sha256)):
            raise _NotSo("it says so of another size as well")
        return "there, with its size"

    def _read(self, digest: Digest) -> str:
        found = self._bytes(digest)
        if found != digest:
            raise _NotSo(f"{size(found.size)} came back with another SHA-256")
        return f"{size(found.size)}, the same SHA-256"

    def _again(self, digest: Digest) -> str:
        self._write(digest)
        return self._read(digest)

    def _listed(self, digest: Digest) -> str:
        until = time.monotonic() + LISTING
        number = 0
        for number, name in enumerate(self.remote.names(), 1):
            if name == digest:
                return f"listed, after {count(number - 1, 'other')}"
            if time.monotonic() > until:
                return f"{count(number, 'other')} in {LISTING:.0f} seconds; the rest was not waited for"
        raise _NotSo(f"{count(number, 'object')} listed, and this one is not among them")

    def _together(self, digests: list[Digest]) -> str:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(digests)) as pool:
            list(pool.map(self._again, digests))
        return f"{count(len(digests), 'object')}, all the same SHA-256"

    def _deleted(self, digests: list[Digest]) -> str:
        for digest in digests:
            self.remote.delete(digest)
        still = [digest for digest, there in zip(digests, map(self._presence, digests), strict=True) if there]
        if still:
            raise _NotSo(f"{count(len(still), 'object')} still there")
        self._sent.clear()
        return f"{count(len(digests), 'object')} gone"

    def _bytes(self, digest: Digest) -> Digest:
        whole = hashlib.sha256()
        length = 0
        with self.remote.download(digest) as reader:
            while portion := reader.read(TRIED):
                whole.update(portion)
                length += len(portion)
        return Digest(length, whole.hexdigest())

    def _clean(self) -> None:
        """Delete what a trial that was cut short has left; what cannot be deleted is named."""
        with suppress(MlvError):
            for digest in list(self._sent):
                self.remote.delete(digest)
                del self._sent[digest]
        if self._sent:
            there = self.remote.presence(self._sent)
            self.left = [name for name, found in there.items() if found is not False]


def _step(name: str, mend: str, act: Callable[[], str]) -> Step:
    start = time.monotonic()
    try:
        saw = act()
    except _NotSo as answer:
        return Step(name, False, str(answer), time.monotonic() - start, mend or _ASK)
    except (RemoteError, IntegrityError) as error:
        known = isinstance(error, RemoteError) and error.sure
        advice = [line for line in ("" if known else mend, error.hint) if line] or [_ASK]
        return Step(name, False, error.message, time.monotonic() - start, "; ".join(advice))
    return Step(name, True, saw, time.monotonic() - start)
