"""The hints file: where our folders are, for the hooks' sieve, which reads no settings.

`<common dir>/mlv/folders` is a cache: the first lines say which `mlv.yaml` it was made from, every other line is a
folder from the top of the repository with a slash at its end. Without it the default folders hold.
"""

from __future__ import annotations

import os

from mlvgit.repo.git import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlvgit.repo.git import Git
    from mlvgit.repo.repository import Repository

__all__ = ["is_fresh", "refresh"]


def is_fresh(git: Git, common_dir: str) -> bool:
    """Say whether the hints were made from the `mlv.yaml` files that are in the index now."""
    try:
        with open(os.path.join(common_dir, "mlv", "folders"), "rb") as file:
            return file.read().startswith(_source(git))
    except OSError:
        return False


def refresh(repo: Repository) -> bool:
    """Write the hints from the settings in the index; return whether that changed anything.

    Raises:
        OSError: the file cannot be written.
    """
    from mlvgit.rules.catalog import Catalog

    source = _source(repo.git)
    roots = Catalog(repo.index_tree()).roots
    folders = sorted({folder.strip("/") + "/" for root in roots for folder in root.layout.folders})
    data = source + encode("".join(folder + "\n" for folder in folders if "\n" not in folder))
    path = repo.state_dir / "folders"
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(exist_ok=True)
    scratch = path.with_name(f"folders.{os.getpid()}")
    scratch.write_bytes(data)
    os.replace(scratch, path)
    return True


def _source(git: Git) -> bytes:
    # The one place where a pathspec is a pattern; plumbing is told to take them literally otherwise.
    listed, _ = git.porcelain("ls-files", "--stage", "-z", "--", ":(top,glob)**/mlv.yaml")
    lines = (f"# {printed}\n" for printed in listed.split("\0") if printed)
    return encode("".join(sorted(lines))) + b"#\n"
