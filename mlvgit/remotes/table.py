"""The table of URL schemes: which kind of remote a URL in mlv.yaml means."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from mlvgit.core.text import printable
from mlvgit.errors import UsageError
from mlvgit.records import settings
from mlvgit.remotes.base import Remote

__all__ = ["SCHEMES", "open_remote"]


def _folder(given: settings.Remote, top: Path) -> Remote:
    from mlvgit.remotes.folder import FolderRemote

    path = unquote(urlsplit(given.url).path) if given.url.lower().startswith("file:") else given.url
    return FolderRemote(given.name, top / Path(path).expanduser())


def _s3(given: settings.Remote, top: Path) -> Remote:
    from mlvgit.remotes.s3 import S3Remote

    del top
    parts = urlsplit(given.url)
    if not parts.netloc:
        raise UsageError(f"the remote {given.name} names no bucket: {given.url}", hint="url: s3://BUCKET/PREFIX")
    return S3Remote(given.name, parts.netloc, parts.path, given.endpoint, str(given.options.get("region", "")))


def _ssh(given: settings.Remote, top: Path) -> Remote:
    from mlvgit.remotes.ssh import SshRemote

    del top
    return SshRemote(given.name, given.url)


SCHEMES: Final[dict[str, Callable[[settings.Remote, Path], Remote]]] = {
    "": _folder,
    "file": _folder,
    "s3": _s3,
    "ssh": _ssh,
}


def open_remote(given: settings.Remote, top: Path) -> Remote:
    """Return the remote that an entry of mlv.yaml means; nothing is asked of it yet.

    Args:
        given: the entry.
        top: what a relative folder is relative to.

    Raises:
        UsageError: there is no such kind of remote.
    """
    scheme = urlsplit(given.url).scheme.lower() if "://" in given.url else ""
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES if name)
        raise UsageError(
            f"the remote {given.name} has a URL of no kind that is known: {printable(given.url)}",
            hint=f"a folder's path, or one of {known}",
        )
    return SCHEMES[scheme](given, top)
