"""Erasing: objects and lists of a store without the bytes that only erased files used."""

from collections.abc import Callable, Collection

from mlvgit.core.digest import Digest
from mlvgit.store.atomic import machine_errors
from mlvgit.store.extentlists import Lists
from mlvgit.store.folders import flush_folder
from mlvgit.store.objects import ObjectStore
from mlvgit.store.repacking import needed_ranges, repack

__all__ = ["erase_files", "idle_objects", "objects_of", "unerased"]


def unerased(store: ObjectStore, files: Collection[Digest]) -> set[Digest]:
    """Return those of the files of which a store has bytes that no other file needs, or a list that names them."""
    needed = needed_ranges(store)
    return {
        file
        for file in files
        if store.lists.find(file)
        or (store.has_object(file) and sum(last - first for first, last in needed.get(file, ())) < file.size)
    }


def objects_of(lists: Lists, files: Collection[Digest]) -> set[Digest]:
    """Return the objects that may have bytes of these files: their own, and those that any list makes them ranges of."""
    found = set(files)
    for file in files:
        for _, extents in lists.find(file):
            found.update(extent.object for extent in extents)
    return found


def erase_files(
    store: ObjectStore,
    dead: Collection[Digest],
    touched: Collection[Digest],
    is_file: Callable[[Digest], bool],
    bring: Callable[[Digest], object] | None = None,
) -> None:
    """Let no byte remain in a store that only the files `dead` used.

    Objects that other files are ranges of are written anew before they go. Interrupted, the same call ends it.

    Args:
        touched: the objects that may have bytes of them, see `objects_of`; also those of a call that was interrupted.
        is_file: says whether an object that is not among `dead` is a file that is needed itself; then it stays.
        bring: gets an object here that is to be written anew.

    Raises:
        IntegrityError: a list cannot be read, so that what it needs is unknown, and nothing was removed; or an object
            that is to be written anew is damaged.
        MachineError: the store cannot be written.
    """
    store.lists.drop(dead)
    needed = store.lists.objects()
    staying = {each.sha256 for each in touched if each not in dead and is_file(each)}
    anew = [each for each in touched if each.sha256 in needed - staying]
    if bring is not None:
        for each in anew:
            bring(each)
    here = {each.sha256 for each in anew if store.has_object(each)}
    repack(store, needed - here)
    idle = idle_objects(store.lists, dead, touched, is_file)
    if idle:
        store.remove(*idle)
    with machine_errors(f"flush {store.folder}"):
        for part in sorted({each.sha256[:2] for each in touched}):
            if (store.folder / "sha256" / part).is_dir():
                flush_folder(store.folder, f"sha256/{part}")


def idle_objects(
    lists: Lists, dead: Collection[Digest], touched: Collection[Digest], is_file: Callable[[Digest], bool]
) -> list[Digest]:
    """Return those of the touched objects that nothing is, or is made of, any more."""
    needed = lists.objects()
    return sorted(each for each in touched if each.sha256 not in needed and (each in dead or not is_file(each)))
