"""The pairs of a mapping whose keys and values are made when they are asked for. Pure."""

from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import TypeVar

__all__ = ["Pairs"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Pairs(ItemsView[Key, Value]):
    """What `items()` gives of a mapping that walks its pairs faster than it finds the value of each key.

    Args:
        mapping: answers what else is asked of such a view.
        walk: yields the pairs.
    """

    def __init__(self, mapping: Mapping[Key, Value], walk: Callable[[], Iterator[tuple[Key, Value]]]) -> None:
        super().__init__(mapping)
        self._walk = walk

    def __iter__(self) -> Iterator[tuple[Key, Value]]:
        return self._walk()
