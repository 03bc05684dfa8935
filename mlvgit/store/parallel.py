"""Several things at once, biggest first, on threads that the user's Ctrl-C does not have to wait for.

For work that waits: for a network, for a disk to flush. Each thing fails alone; the others go on.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

from mlvgit.errors import IntegrityError, MlvError
from mlvgit.store.reading import Meter, Progress, StoppedError, one_work
from mlvgit.store.scan import listed

__all__ = ["THREADS", "aside", "as_one", "portions", "run_each"]

THREADS: Final = 8
PORTION: Final = 50_000
LOOK_UP_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 1.0
"""How long threads get to tidy up after an interruption; one that waits for a network longer is left behind."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def run_each(
    items: Iterable[Item],
    work: Callable[[Item, Meter], object],
    weigh: Callable[[Item], int],
    progress: Progress | None = None,
) -> list[tuple[Item, MlvError]]:
    """Do `work` for each item; return those that failed, and why.

    Args:
        items: done biggest first.
        work: called on several threads; tells the meter of bytes, which stops it once the work was given up.
        weigh: bytes of an item.
        progress: is told of every portion.

    Raises:
        KeyboardInterrupt: the user gave up; what was done stays.
    """
    waiting = deque(sorted(items, key=weigh, reverse=True))
    meter = Meter(progress)
    failed: list[tuple[Item, MlvError]] = []
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def labour() -> None:
        trouble: BaseException | None = None
        try:
            for item in _emptying(waiting, meter):
                try:
                    work(item, meter)
                except MlvError as error:
                    failed.append((item, error))
        except StoppedError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits
            trouble = error
        ended.put(trouble)

    names = [f"mlvgit-{number}" for number in range(min(THREADS, len(waiting)))]
    crew = [threading.Thread(target=labour, name=name, daemon=True) for name in names]
    with one_work(progress, sum(map(weigh, waiting)), len(waiting)):
        try:
            for thread in crew:
                thread.start()
            for _ in crew:
                trouble = _answer(ended)
                if trouble is not None:
                    raise trouble
        finally:
            meter.stopped = True
            _wait(crew)
    return failed


def _answer(ended: "SimpleQueue[BaseException | None]") -> BaseException | None:
    """Wait for a thread to end, and look up now and then: a signal that another thread was given wakes nobody."""
    while True:
        with suppress(Empty):
            return ended.get(timeout=LOOK_UP_SECONDS)


def aside(ask: Callable[[], Answer]) -> Answer:
    """Return what `ask` answers, which may wait for a network longer than the user does."""
    answers: list[Answer] = []
    failed = run_each([ask], lambda asked, _: answers.append(asked()), lambda _: 0)
    if failed:
        raise failed[0][1]
    return answers[0]


def _emptying(waiting: deque[Item], meter: Meter) -> Iterator[Item]:
    """Yield from the left until nothing is left, or the work is given up; several threads do so at once."""
    with suppress(IndexError):
        while not meter.stopped:
            yield waiting.popleft()


def as_one(failures: Sequence[MlvError], what: str, *, hint: str = "") -> MlvError:
    """Return one error for several: damage before anything else, each message once.

    Args:
        failures: at least one.
        what: the rest of the sentence "3 ...", such as "object could not be fetched".
        hint: when the failures have none.
    """
    messages = list(dict.fromkeys(failure.message for failure in failures))
    said = next((failure.hint for failure in failures if failure.hint), hint)
    kind = next((type(each) for each in failures if isinstance(each, IntegrityError)), type(failures[0]))
    if len(messages) == 1:
        return kind(messages[0], hint=said)
    return kind(f"{what}:\n{listed(messages, len(messages))}", hint=said)


def portions(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut what may be a million into what is taken at a time: less of it has to be held at once."""
    each = iter(items)
    return iter(lambda: [*islice(each, PORTION)], [])


def _wait(crew: Sequence[threading.Thread]) -> None:
    end = time.monotonic() + GRACE_SECONDS
    for thread in crew:
        thread.join(max(0.0, end - time.monotonic()))
