"""Objects by id, streamed from `git cat-file --batch`. On the hooks' fast path: nothing heavier than `os` is imported."""

from __future__ import annotations

import os

from mlvgit.repo.git import CHUNK, Git, Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlvgit.core.digest import Digest

__all__ = ["Objects"]


class Objects:
    """Objects by id, through one `git cat-file --batch` that is started when first asked and ended by `close`.

    Not for several threads at once.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: Process | None = None
        self._answers: _Answers | None = None

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """Return (id, type, contents) of an object, or None when it is not here.

        Args:
            name: a full object id, or one with a suffix such as `^{tree}`; never a user's word.

        Raises:
            GitError: Git stopped while answering (a corrupt object).
        """
        try:
            answers = self._ask(name)
            header = answers.header()
            return None if header is None else (header[0], header[1], answers.contents(header[2]))
        except BaseException:  # also when interrupted: half an answer would be taken for the next one
            self.close()
            raise

    def read_all(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes] | None]:
        """Yield (type, contents) of many objects in their order, None for one that is not here.

        Raises:
            GitError: Git stopped while answering (a corrupt object).
        """
        for _, header, answers in self._many(oids):
            yield None if header is None else (header[1], answers.contents(header[2]))

    def digests(self, oids: Iterable[str]) -> Iterator[tuple[str, Digest | None]]:
        """Yield (id, digest of the contents) of each blob, None when it is not here; no blob is held whole.

        Raises:
            GitError: Git stopped while answering (a corrupt object).
        """
        for oid, header, answers in self._many(oids):
            yield oid, None if header is None else answers.digest(header[2])

    def _many(self, oids: Iterable[str]) -> Iterator[tuple[str, tuple[str, str, int] | None, _Answers]]:
        """Ask about many objects in one process of their own, which reads ahead while we work."""
        wanted = list(oids)
        if not wanted:
            return
        listed = "".join(oid + "\n" for oid in wanted).encode("ascii")
        args = ("cat-file", "--batch", "--buffer")
        with Process(self._git, args, listed, self._git.environment) as process:
            answers = _Answers(self._git, args, process)
            for oid in wanted:
                yield oid, answers.header(), answers

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
        self._process = self._answers = None

    def __del__(self) -> None:
        self.close()

    def _ask(self, name: str) -> _Answers:
        line = name.encode("ascii") + b"\n"
        if self._process is not None and self._answers is not None:
            try:
                os.write(self._process.input, line)
                return self._answers
            except BrokenPipeError:  # it was ended from outside, by a Ctrl-C for one
                self.close()
        args = ("cat-file", "--batch")
        self._process = Process(self._git, args, b"", self._git.environment, piped=True)
        self._answers = _Answers(self._git, args, self._process)
        os.write(self._process.input, line)
        return self._answers


class _Answers:
    """What `cat-file --batch` prints: `ID TYPE SIZE`, a newline, the contents, a newline; or `NAME missing`."""

    def __init__(self, git: Git, args: tuple[str, ...], process: Process) -> None:
        self._git = git
        self._args = args
        self._process = process
        self._held = b""
        self._at = 0

    def header(self) -> tuple[str, str, int] | None:
        while (end := self._held.find(b"\n", self._at)) < 0:
            self._refill()
        words = self._held[self._at : end].decode("ascii", "replace").split(" ")
        self._at = end + 1
        if len(words) != 3:
            return None
        return words[0], words[1], int(words[2])

    def contents(self, size: int) -> bytes:
        pieces = list(self._pieces(size))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def digest(self, size: int) -> Digest:
        from hashlib import sha256

        from mlvgit.core.digest import Digest

        whole = sha256()
        for piece in self._pieces(size):
            whole.update(piece)
        return Digest(size, whole.hexdigest())

    def _pieces(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            if self._at == len(self._held):
                self._refill()
            piece = self._held[self._at : self._at + left]
            self._at += len(piece)
            left -= len(piece)
            yield piece
        if self._at == len(self._held):
            self._refill()
        self._at += 1  # the newline after the contents

    def _refill(self) -> None:
        chunk = os.read(self._process.output, CHUNK)
        if not chunk:
            status = self._process.wait()
            raise self._git.failure(self._args, status or 1, self._process.said())
        self._held = self._held[self._at :] + chunk
        self._at = 0
