"""Finding what a file has in common with the one before it: cut where the content says, compared byte for byte.

Chunk boundaries depend on the bytes around them only, so that they fall in the same places after bytes were put in or
taken out (FastCDC). What a chunk is called is a hint where to look; what counts is that the bytes are equal. No reader
has to know any of this.
"""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pyfastcdc import FastCDC

__all__ = ["CUT", "Matcher", "Previous", "cutter"]

_LEAST: Final = 4 << 10
_USUAL: Final = 16 << 10
_MOST: Final = 64 << 10
CUT: Final = f"fastcdc-2020 {_LEAST} {_USUAL} {_MOST}"
"""What a list says found its ranges: the algorithm, and the least, usual and largest chunk in bytes."""
_WINDOW: Final = 1 << 20
_ALL_BYTES: Final = 64 << 20
"""A larger previous file is not cut as a whole at once, see `_Chunks`."""
_PATIENCE: Final = 32
"""After such a part of it in new bytes it is."""
_LOOK: Final = 2 << 20
"""Until then four times this much of it, from where the two files part, and always four to eight times the new bytes."""


class Previous(Protocol):
    """The bytes of the file before."""

    size: int

    def into(self, buffer: memoryview, position: int) -> int:
        """Fill `buffer` from `position` on as far as the file goes; return how many bytes."""


def cutter() -> "FastCDC | None":
    """Return what cuts; None where its compiled form is missing, as the other is too slow to be of use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pyfastcdc import FastCDC
        except ImportError:
            return None
    if ".cy." not in FastCDC.__module__:
        return None
    return FastCDC(_USUAL, min_size=_LEAST, max_size=_MOST)


class Matcher:
    """Tells which of the bytes that it is fed stand in the previous file.

    While bytes go on as there, whole windows are compared, with nothing cut. Where they stop, chunks are cut until one
    is found again: first where the previous file would go on had bytes only been overwritten, then anywhere.

    Args:
        previous: the file before.
        cutter: from `cutter()`; not shared between threads.
        kept: told (offset, length) of bytes that the previous file has.
        new: given bytes that it has not; valid during the call only.
    """

    def __init__(
        self,
        previous: Previous,
        cutter: "FastCDC",
        kept: Callable[[int, int], object],
        new: Callable[[memoryview], object],
    ) -> None:
        self._previous = previous
        self._cutter = cutter
        self._kept = kept
        self._new = new
        self._there = bytearray(_WINDOW)
        self._chunks = _Chunks(previous, cutter)
        self._patience = previous.size // _PATIENCE if previous.size > _ALL_BYTES else 0
        self._missed = 0  # new bytes since the two files went apart
        self._looked = 0  # once so many are missed, it is looked further on in the previous file
        self._position = 0  # where the previous file would go on
        self._going_on = True
        self._held = b""

    def feed(self, portion: memoryview) -> None:
        """Look at the next bytes of the file; they may change after the call."""
        self._look(portion, last=False)

    def finish(self) -> None:
        """Look at what is left."""
        self._look(memoryview(b""), last=True)

    def _look(self, portion: memoryview, *, last: bool) -> None:
        view = memoryview(self._held + portion) if self._held else portion
        done = 0
        while done < len(view):
            if self._going_on:
                done += self._go_on(view[done:])
                continue
            if len(view) - done < _MOST and not last:
                break
            done += self._search(view[done:], last=last)
        self._held = bytes(view[done:])

    def _go_on(self, view: memoryview) -> int:
        """Compare with what comes next in the previous file; return how many bytes are the same."""
        view = view[:_WINDOW]
        there = self._previous.into(memoryview(self._there)[: len(view)], self._position)
        same = _same(self._there, view[:there])
        if same:
            self._kept(self._position, same)
            self._position += same
        self._going_on = same == len(view)
        return same

    def _search(self, view: memoryview, *, last: bool) -> int:
        """Cut chunks until one is found; return how many bytes were dealt with."""
        done = 0
        for chunk in self._cutter.cut_buf(view):
            if len(view) - done < _MOST and not last:
                break
            length = chunk.length
            piece = view[done : done + length]
            found = self._find(piece, chunk.gear_hash)
            done += length
            if found is not None:
                self._kept(found, length)
                self._position = found + length
                self._going_on = True
                self._missed = self._looked = 0
                break
            self._new(piece)
            self._missed += length
            self._position += length
        return done

    def _find(self, piece: memoryview, gear_hash: int) -> int | None:
        if self._is_at(self._position, piece):
            return self._position
        if self._missed >= self._patience:
            self._chunks.cut_all()
        elif self._missed >= self._looked:
            self._looked = max(_LOOK, 2 * self._missed)
            self._chunks.cut(self._position - self._missed, 4 * self._looked)
        position = self._chunks.find(len(piece), gear_hash)
        return position if position is not None and self._is_at(position, piece) else None

    def _is_at(self, position: int, piece: memoryview) -> bool:
        there = self._previous.into(memoryview(self._there)[: len(piece)], position)
        return there == len(piece) and self._there.startswith(piece)


def _same(there: bytearray, view: memoryview) -> int:
    """Return how many bytes at the beginning are the same."""
    if there.startswith(view):
        return len(view)
    low, high = 0, len(view)  # the first `low` are the same; within `high` one is not
    while high - low > 1:
        middle = (low + high) // 2
        if there.startswith(view[low:middle], low):
            low = middle
        else:
            high = middle
    return low


class _Chunks:
    """Where the chunks of the previous file stand, cut as far as it was looked: cutting takes longer than all the rest."""

    def __init__(self, previous: Previous, cutter: "FastCDC") -> None:
        self._previous = previous
        self._cutter = cutter
        self._places: dict[tuple[int, int], int] = {}
        self._begin = self._end = 0  # what was cut last
        self._all = False

    def find(self, length: int, gear_hash: int) -> int | None:
        """Return where a chunk of that length and last bytes was found first."""
        return self._places.get((length, gear_hash))

    def cut(self, position: int, length: int) -> None:
        """Cut so much of the file from a place on, unless that was done."""
        if self._all:
            return
        end = min(position + length, self._previous.size)
        if self._begin <= position <= self._end:
            self._cut(self._end, end)
            self._end = max(self._end, end)
        else:
            self._cut(position, end)
            self._begin, self._end = position, end

    def cut_all(self) -> None:
        """Cut the whole file, once."""
        if not self._all:
            self._cut(0, self._previous.size)
            self._all = True

    def _cut(self, position: int, end: int) -> None:
        buffer = memoryview(bytearray(_WINDOW))
        while position < end and (got := self._previous.into(buffer, position)):
            last = position + got == self._previous.size
            done = 0
            for chunk in self._cutter.cut_buf(buffer[:got]):
                if got - done < _MOST and not last:
                    break
                self._places.setdefault((chunk.length, chunk.gear_hash), position + done)
                done += chunk.length
            position += done
