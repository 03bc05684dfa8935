"""The pairs of a mapping whose keys and values are made when they are asked for. Pure."""

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import TypeVar

__all__ = ["Pairs", "Values"]

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


class Values(ValuesView[Value]):
    """What `values()` gives of such a mapping."""

    def __init__(self, mapping: Mapping[Key, Value]) -> None:
        super().__init__(mapping)
        self._pairs = mapping.items()

    def __iter__(self) -> Iterator[Value]:
        return (value for _, value in self._pairs)
