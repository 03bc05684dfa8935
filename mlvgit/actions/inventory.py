"""Hashing data where it lies, a folder or a bucket, with no repository; and putting its bytes where a remote keeps them."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from mlvgit import __version__
from mlvgit.actions.adopting import as_blobs
from mlvgit.actions.clock import utc_now
from mlvgit.actions.freeze import gather
from mlvgit.core.digest import Digest
from mlvgit.core.paths import is_junk
from mlvgit.core.text import printable
from mlvgit.errors import IntegrityError, MachineError, MlvError, RemoteError, UsageError
from mlvgit.records.inventory import Inventory, new_inventory, require_sound
from mlvgit.store.batches import run_batches
from mlvgit.store.hashing import hash_files
from mlvgit.store.reading import Meter, Outcome, Progress, hash_batch
from mlvgit.store.scan import SourceFile, listed, stat_key

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mlvgit.remotes.sources import BucketSource, SourceObject

__all__ = ["Made", "Target", "make"]

AT_ONCE: Final = 8
"""Objects of one task that are read at once: most of the time they wait for the network."""


class Target(NamedTuple):
    """Where bytes are to be put.

    Attributes:
        url: as a remote in mlv.yaml; a folder's path is absolute.
        endpoint: the server's address where it is not the provider's.
    """

    url: str
    endpoint: str = ""


class Made(NamedTuple):
    """What was done.

    Attributes:
        inventory: what was found and hashed.
        sent_objects, sent_bytes: what the target lacked and has now.
    """

    inventory: Inventory
    sent_objects: int = 0
    sent_bytes: int = 0


class _Sending(NamedTuple):
    """A file or an object on its way to a target."""

    item: "SourceFile | SourceObject"
    digest: Digest

    @property
    def stat(self) -> Digest:
        return self.digest


def make(
    source: str,
    *,
    endpoint: str = "",
    dereference: bool = False,
    target: Target | None = None,
    executor: "Executor | None" = None,
    progress: Progress | None = None,
) -> Made:
    """Hash everything below `source`, and bring to `target` what it lacks.

    Args:
        source: a folder or a file, or `s3://BUCKET/PREFIX`, `az://CONTAINER/PREFIX`.
        endpoint: the address of the bucket's server where it is not the provider's.
        dereference: follow symlinks that stay inside a folder, and those of a snapshot in the Hugging Face cache.
        target: where the bytes are to be; None: they are not moved.
        executor: where to run; None: threads of this process. Others must see the same files, and have credentials.
        progress: is told of bytes that were read.

    Raises:
        UsageError: the source is not there, empty, or has things that cannot be frozen.
        DocumentError: names in it are not safe.
        IntegrityError: something changed meanwhile.
        RemoteError: the bucket or the target does not do what it is asked; what was sent stays.
        MachineError: something cannot be read.
    """
    if "://" in source:
        from mlvgit.remotes.sources import BucketSource

        bucket = BucketSource(source, endpoint)
        objects = _objects(bucket)
        digests = run_batches(partial(_hash_objects, bucket), objects, executor=executor, progress=progress)
        _require_same(source, objects, _objects(bucket))
        made = _inventory(source, objects, digests)
        sent = _send(bucket, target, objects, digests, executor, progress)
    else:
        folder = os.path.abspath(source)
        files = gather([Path(folder)], dereference=dereference)
        require_sound(folder, [file.relative for file in files])
        if executor is None:
            digests = hash_files(files, progress=progress)
        else:
            digests = run_batches(_hash_there, files, executor=executor, progress=progress)
        as_blobs(files, digests)
        _require_same(folder, files, gather([Path(folder)], dereference=dereference))
        made = _inventory(folder, files, digests)
        sent = _send(None, target, files, digests, executor, progress)
    return Made(made, len(sent), sum(digest.size for digest in sent))


def _objects(bucket: "BucketSource") -> "list[SourceObject]":
    found = [each for each in bucket.listed() if not is_junk(each.relative)]
    if not found:
        raise UsageError(f"{printable(bucket.url)} has no objects", hint="is the prefix right?")
    require_sound(bucket.url, [each.relative for each in found])
    return found


def _inventory(source: str, items: "Sequence[SourceFile | SourceObject]", digests: Sequence[Digest]) -> Inventory:
    named = ((item.relative, digest) for item, digest in zip(items, digests, strict=True))
    return new_inventory(source, named, created_utc=utc_now(), created_by=f"mlvgit {__version__}")


def _require_same(
    source: str, before: "Sequence[SourceFile | SourceObject]", after: "Sequence[SourceFile | SourceObject]"
) -> None:
    """Refuse a source of which a part was hashed before somebody changed it, and the rest afterwards."""
    odd = sorted({item.relative for item in {*before} ^ {*after}})
    if odd:
        raise IntegrityError(
            f"{printable(source)} changed while it was hashed:\n{listed(map(printable, odd), len(odd))}",
            hint="the same command again, when nobody writes there",
        )


def _hash_there(files: Sequence[SourceFile], meter: Meter | None) -> list[Outcome]:
    """Digest files on a machine that may know their disk by another number than the one that listed them."""
    return hash_batch([_seen_here(file) for file in files], meter)


def _seen_here(file: SourceFile) -> SourceFile:
    try:
        found = stat_key(os.lstat(file.path))
    except OSError:
        return file  # hashing says better what is wrong with it
    same = (found.size, found.mtime_ns, found.ino) == (file.stat.size, file.stat.mtime_ns, file.stat.ino)
    return file._replace(stat=found) if same else file


def _hash_objects(source: "BucketSource", items: "Sequence[SourceObject]", meter: Meter | None) -> list[Outcome]:
    from concurrent.futures import ThreadPoolExecutor

    def digest(item: "SourceObject") -> Outcome:
        try:
            return _digest(source, item, meter)
        except MlvError as error:
            return error

    with ThreadPoolExecutor(min(AT_ONCE, len(items)), "mlvgit-read") as pool:
        return [*pool.map(digest, items)]


def _digest(
    source: "BucketSource", item: "SourceObject", meter: Meter | None, copy: "IO[bytes] | None" = None
) -> Digest:
    """Digest an object as it streams; what was read is written to `copy` as well."""
    whole = hashlib.sha256()
    total = 0
    with source.opened(item) as reader:
        while portion := reader.read(1 << 20):
            whole.update(portion)
            total += len(portion)
            if copy is not None:
                copy.write(portion)
            if meter is not None:
                meter.advance(len(portion))
    if total != item.stat.size:
        raise IntegrityError(f"{source.named(item)} ended after {total:,} of {item.stat.size:,} bytes")
    return Digest(total, whole.hexdigest())


def _send(
    source: "BucketSource | None",
    target: Target | None,
    items: "Sequence[SourceFile | SourceObject]",
    digests: Sequence[Digest],
    executor: "Executor | None",
    progress: Progress | None,
) -> list[Digest]:
    """Bring to the target what it lacks; return what that was."""
    if target is None:
        return []
    lacking = _lacking(target, digests)
    first = {digest: item for item, digest in zip(items, digests, strict=True) if digest in lacking}
    parcels = [_Sending(item, digest) for digest, item in first.items()]
    if parcels:
        task = partial(_send_batch, source, target)
        run_batches(task, parcels, executor=executor, progress=progress, threads=AT_ONCE, done="sent")
    return [*first]


def _lacking(target: Target, digests: Sequence[Digest]) -> frozenset[Digest]:
    from mlvgit.actions.parted import Parted
    from mlvgit.remotes.sources import open_target

    with tempfile.TemporaryDirectory(prefix="mlv-manifest-") as cache:
        remote = Parted(open_target(*target), Path(cache))
        said = remote.presence(digests)
    if None in said.values():
        raise remote.trouble or RemoteError(f"{printable(target.url)} does not say what it has")
    return frozenset(digest for digest in digests if not said[digest.sha256])


def _send_batch(
    source: "BucketSource | None", target: Target, parcels: Sequence[_Sending], meter: Meter | None
) -> list[Outcome]:
    from mlvgit.remotes.sources import open_target

    outcomes: list[Outcome] = []
    for parcel in parcels:
        try:
            with _here(source, parcel) as path:
                open_target(*target).upload(parcel.digest, path)
            if meter is not None:
                meter.advance(parcel.digest.size)
            outcomes.append(parcel.digest)
        except MlvError as error:
            return [*outcomes, *[error] * (len(parcels) - len(outcomes))]  # the next would wait as long for the same
    return outcomes


@contextmanager
def _here(source: "BucketSource | None", parcel: _Sending) -> Iterator[Path]:
    """Have a file with the bytes of a parcel."""
    if source is None or isinstance(parcel.item, SourceFile):
        assert isinstance(parcel.item, SourceFile)
        yield Path(parcel.item.path)
        return
    try:
        with tempfile.NamedTemporaryFile(prefix="mlv-manifest-") as copy:
            found = _digest(source, parcel.item, None, copy)
            copy.flush()
            if found != parcel.digest:
                raise IntegrityError(f"{source.named(parcel.item)} changed since it was hashed")
            yield Path(copy.name)
    except OSError as error:
        raise MachineError(f"cannot keep {source.named(parcel.item)} for a moment: {error.strerror}") from error
