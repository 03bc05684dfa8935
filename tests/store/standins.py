"""What tests hand to the store in the place of a terminal, or of a file."""


class Counting:
    """What is told of progress, added up."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def start(self, total_bytes: int, total_files: int) -> None:
        self.total += total_bytes

    def advance(self, nbytes: int) -> None:
        self.done += nbytes

    def finish(self) -> None:
        pass


class Bytes:
    """The file before, in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def into(self, buffer: memoryview, position: int) -> int:
        part = self.data[position : position + len(buffer)]
        buffer[: len(part)] = part
        return len(part)
