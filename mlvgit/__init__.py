"""mlvgit: data and model versions as trustworthy as commits.

The Python interface is imported on first use, so that hooks, which import parts of this package, stay quick to start.
"""

__version__ = "0.1.0"
__all__ = ["__version__", "open"]

TYPE_CHECKING = False  # type checkers take this name for true; importing typing would cost every hook 3 ms
if TYPE_CHECKING:
    from typing import Any

    from mlvgit.api import open


def __getattr__(name: str) -> "Any":
    if name == "open":
        from mlvgit.api import open

        return open
    raise AttributeError(f"module 'mlvgit' has no attribute {name!r}")
