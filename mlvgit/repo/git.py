"""Running Git: one process per question. On the hooks' fast path.

Nothing heavier than `os` is imported here at module level (no subprocess, re, typing), because every commit pays for
it. Names of files and references travel as `str` decoded from Git's bytes with UTF-8 and surrogateescape.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlvgit.errors import GitError

__all__ = ["CHUNK", "Git", "Process", "common_dir_of", "decode", "encode", "find_git"]

_READING = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
CHUNK = 1 << 18
"""How much is read at a time, in bytes."""

_LOCKED = b".lock'"
"""In what Git says when another git holds a file that it wants to write, in all languages: it changed nothing."""
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between attempts: such a lock is held for moments, unless a git was killed."""
_SIGPIPE = 13  # Python ignores it and a child would inherit that; the signal module would import enum
_SIGTERM = 15
_F_DUPFD_CLOEXEC_FLOOR = 3


def decode(raw: bytes) -> str:
    """Turn a name as Git writes it into text; bytes that are not UTF-8 become surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Turn a name back into the bytes that Git wrote."""
    return text.encode("utf-8", "surrogateescape")


def common_dir_of(git_dir: str) -> str:
    """Return what all worktrees share, from the Git directory of one, without asking Git."""
    try:
        with open(os.path.join(git_dir, "commondir"), encoding="utf-8", errors="surrogateescape") as file:
            return os.path.join(git_dir, file.read().rstrip("\n"))
    except OSError:
        return git_dir


def find_git(search: str) -> str:
    """Return the absolute path of the first `git` in `search`, a PATH; empty and relative entries are not looked at.

    A repository may hold a program named git, and `.` may be in PATH.

    Raises:
        MachineError: there is none.
    """
    for folder in search.split(os.pathsep):
        program = os.path.join(folder, "git")
        if os.path.isabs(folder) and os.access(program, os.X_OK) and not os.path.isdir(program):
            return program
    from mlvgit.errors import MachineError

    raise MachineError("git was not found in PATH", hint="install Git 2.31 or later: https://git-scm.com/downloads")


class Git:
    """Git run in one directory.

    The environment is kept as it was given (`GIT_INDEX_FILE`, `GIT_DIR`, the quarantine of a push), with what makes
    answers stable added: see `porcelain` for commands that run other people's hooks.

    Attributes:
        directory: absolute; where Git runs.
        program: the absolute path of git.
        environment: what plumbing gets.
        given: the environment as it was given.
    """

    __slots__ = ("directory", "environment", "given", "program")

    def __init__(self, directory: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> None:
        self.directory = os.path.abspath(directory)
        self.given = dict(os.environ if env is None else env)
        for name in _PLACES:  # they are relative to the current directory, and -C would change what they mean
            if self.given.get(name):
                self.given[name] = os.path.abspath(self.given[name])
        self.program = find_git(self.given.get("PATH", os.defpath))
        self.environment = {**self.given, **_READING}

    def elsewhere(self, directory: str | os.PathLike[str]) -> Git:
        """Return a Git for another repository: every variable that names this one is dropped."""
        local = self.text("rev-parse", "--local-env-vars").split()
        return Git(directory, {name: value for name, value in self.given.items() if name not in local})

    def run(self, *args: str | bytes, input: bytes = b"", ok: tuple[int, ...] = (0,)) -> bytes:
        """Return what `git ARGS` prints.

        Args:
            args: the command and its arguments; data stands behind `--` or `--end-of-options`.
            input: given on standard input, of any size.
            ok: exit statuses that are an answer.

        Raises:
            GitError: any other exit status.
        """
        return self._checked(args, input, ok, self.environment)[0]

    def text(self, *args: str | bytes, input: bytes = b"", ok: tuple[int, ...] = (0,)) -> str:
        """Return what `git ARGS` prints as text, without the newline at the end."""
        return decode(self.run(*args, input=input, ok=ok)).removesuffix("\n")

    def lines0(self, *args: str | bytes, input: bytes = b"", ok: tuple[int, ...] = (0,)) -> list[str]:
        """Return the NUL-terminated records that `git ARGS` prints."""
        output = decode(self.run(*args, input=input, ok=ok))
        return output.removesuffix("\0").split("\0") if output else []

    def status(self, *args: str | bytes, input: bytes = b"") -> int:
        """Return the exit status of `git ARGS`; nothing is raised."""
        return self._finish(args, input, self.environment)[1]

    def porcelain(
        self, *args: str | bytes, input: bytes = b"", ok: tuple[int, ...] = (0,), env: Mapping[str, str] | None = None
    ) -> tuple[str, str]:
        """Run a command for the user (commit, tag): their environment, so that their hooks see what they expect.

        Args:
            args: the command and its arguments.
            input: given on standard input.
            ok: exit statuses that are an answer.
            env: variables to add, such as `GIT_COMMITTER_DATE`.

        Returns:
            What it wrote to standard output, and to standard error.

        Raises:
            GitError: any other exit status.
        """
        output, said = self._checked(args, input, ok, {**self.given, **(env or {})})
        return decode(output), decode(said)

    def records(self, *args: str | bytes, input: bytes = b"", separator: bytes = b"\0") -> Iterator[bytes]:
        """Yield the records that `git ARGS` prints while it runs; when the reader stops early, so does Git.

        Raises:
            GitError: it failed, after what it had printed.
        """
        with Process(self, args, input, {**self.environment, "GIT_FLUSH": "0"}) as process:  # else a write a commit
            rest = b""
            while chunk := os.read(process.output, CHUNK):
                *whole, rest = (rest + chunk).split(separator)
                yield from whole
            if rest:
                yield rest
            status = process.wait()
            if status:
                raise self.failure(args, status, process.said())

    def _checked(
        self, args: tuple[str | bytes, ...], input: bytes, ok: tuple[int, ...], env: Mapping[str, str]
    ) -> tuple[bytes, bytes]:
        output, status, said = self._finish(args, input, env)
        for pause in _PAUSES:
            if status in ok or _LOCKED not in said:
                break
            time.sleep(pause)
            output, status, said = self._finish(args, input, env)
        if status not in ok:
            raise self.failure(args, status, said or output)  # "nothing to commit" comes on standard output
        return output, said

    def _finish(self, args: tuple[str | bytes, ...], input: bytes, env: Mapping[str, str]) -> tuple[bytes, int, bytes]:
        with Process(self, args, input, env) as process:
            chunks = []
            while chunk := os.read(process.output, CHUNK):
                chunks.append(chunk)
            status = process.wait()
            return b"".join(chunks), status, process.said()

    def failure(self, args: tuple[str | bytes, ...], status: int, said: bytes) -> GitError:
        """Return the error for a command that ended with `status` after it said `said`."""
        from mlvgit.errors import GitError

        words = tuple(decode(arg) if isinstance(arg, bytes) else arg for arg in args)
        return GitError(("git", *words), status, said.decode("utf-8", "replace"))


class Process:
    """A running git: `output` is read by the caller, the error stream goes to a file, so that neither blocks.

    Attributes:
        output: descriptor of its standard output.
        input: descriptor of its standard input when `piped`, else -1.
    """

    def __init__(
        self, git: Git, args: tuple[str | bytes, ...], input: bytes, env: Mapping[str, str], *, piped: bool = False
    ) -> None:
        argv = [b"git", b"-C", encode(git.directory)]
        argv += [arg if isinstance(arg, bytes) else encode(arg) for arg in args]
        self.input = -1
        self._owner = os.getpid()
        self._errors = _scratch(b"")
        reading, self.input = _pipe() if piped else (_scratch(input) if input else os.open(os.devnull, os.O_RDONLY), -1)
        self.output, writing = _pipe()
        try:
            self._pid = os.posix_spawn(
                git.program,
                argv,
                env,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reading, 0),
                    (os.POSIX_SPAWN_DUP2, writing, 1),
                    (os.POSIX_SPAWN_DUP2, self._errors, 2),
                ],
                setsigdef=[_SIGPIPE],
            )
        except BaseException:
            self._pid = 0
            self.close()
            raise
        finally:
            os.close(reading)
            os.close(writing)

    def wait(self) -> int:
        """Wait for the end; return the exit status, 128 + N after signal N."""
        if self._pid == 0:
            return 0
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self._pid = 0
        return status if status >= 0 else 128 - status

    def said(self) -> bytes:
        """Return what was written to standard error so far."""
        return os.pread(self._errors, CHUNK, 0)

    def close(self) -> None:
        """End it, if it still runs, and let go of everything."""
        for name in ("input", "output", "_errors"):
            descriptor = getattr(self, name)
            if descriptor >= 0:
                os.close(descriptor)
                setattr(self, name, -1)
        if self._pid and self._owner == os.getpid():  # a forked copy of us ends nothing
            os.kill(self._pid, _SIGTERM)
            self.wait()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    if reading < _F_DUPFD_CLOEXEC_FLOOR or writing < _F_DUPFD_CLOEXEC_FLOOR:
        # Our own standard streams are closed, and dup2 in the child would step on its own source.
        return _above(reading), _above(writing)
    return reading, writing


def _above(descriptor: int) -> int:
    if descriptor >= _F_DUPFD_CLOEXEC_FLOOR:
        return descriptor
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _F_DUPFD_CLOEXEC_FLOOR)
    os.close(descriptor)
    return moved


def _scratch(contents: bytes) -> int:
    """Return a descriptor of a nameless file that holds `contents`, at its beginning."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("mlv")
    else:
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix="mlv-")
        os.unlink(path)
    descriptor = _above(descriptor)
    left = memoryview(contents)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
