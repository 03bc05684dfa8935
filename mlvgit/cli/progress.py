"""A progress bar for long reads; rich is loaded only once a read has taken a second."""

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["Bar"]

DELAY_SECONDS = 1.0


class Bar:
    """Progress in bytes; several threads may advance it."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._total = 0
        self._done = 0
        self._rich: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, total_bytes: int, total_files: int) -> None:
        """Say how much there is; may be called again for the next part."""
        with self._lock:
            self._total += total_bytes

    def advance(self, nbytes: int) -> None:
        """Say that `nbytes` more were read."""
        with self._lock:
            self._done += nbytes
            if self._rich is None and time.monotonic() - self._started > DELAY_SECONDS:
                self._open()
            if self._rich is not None and self._task is not None:
                self._rich.update(self._task, completed=self._done, total=self._total)

    def finish(self) -> None:
        """A part is done; the bar stays for the next one."""

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            if self._rich is not None:
                self._rich.stop()
                self._rich = None

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._rich = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._rich.add_task(self._what, total=self._total)
        self._rich.start()
