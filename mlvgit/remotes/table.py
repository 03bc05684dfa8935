"""The table of URL schemes: which kind of remote a URL in mlv.yaml means."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import unquote, urlsplit

from mlvgit.core.text import printable
from mlvgit.errors import Problem, SettingsError
from mlvgit.records import settings
from mlvgit.remotes.base import Patience, Remote

if TYPE_CHECKING:
    from mlvgit.remotes.lfsbatch import GitHost

__all__ = ["SCHEMES", "is_lfs", "open_remote", "refuse"]


def _folder(given: settings.Remote, top: Path, patience: Patience) -> Remote:
    from mlvgit.remotes.folder import FolderRemote

    del patience
    is_url = given.url.lower().startswith("file:")
    path = _path_of(given) if is_url else given.url
    if mistyped := re.match(r"(s3|gs|az|ssh):/?(?=[^/])", path, re.IGNORECASE):
        url = f"{mistyped[1].lower()}://{path[mistyped.end() :]}"
        refuse(given, "url", f"{given.url!r} lacks a slash: write {url}, or {'./' + path!r} for a folder of that name")
    host, colon, rest = path.partition(":")
    if re.match(r"[A-Za-z]:[\\/]", path):
        refuse(given, "url", f"{given.url!r} is a path of Windows: write {'./' + path!r} for a folder of that name")
    if colon and "/" not in host:  # what scp and git clone take for another machine
        url = f"ssh://{host}{rest if rest.startswith('/') else '/~/' + rest}"
        refuse(given, "url", f"{given.url!r} names a machine as scp does: write {url}, or {'./' + path!r} for a folder")
    try:
        folder = Path(path).expanduser()
    except RuntimeError:
        refuse(given, "url", f"{given.url!r} is in the home of nobody who is known here")
    return FolderRemote(given.name, Path(os.path.normpath(top / folder)), makes=folder.is_absolute())


def _path_of(given: settings.Remote) -> str:
    """Return the path that a `file:` URL means."""
    parts = urlsplit(given.url)
    if not given.url[5:].startswith("//") or not parts.path or parts.query or parts.fragment:
        refuse(
            given,
            "url",
            f"{given.url!r} names no folder: its path alone, or file:///FOLDER with %23 for # and %3F for ?",
        )
    if parts.netloc.lower() not in ("", "localhost"):
        refuse(
            given,
            "url",
            f"{given.url!r} names the host {parts.netloc!r}, and file:// leads to none: mount it, and give the folder's path",
        )
    return unquote(parts.path)


def _s3(given: settings.Remote, top: Path, patience: Patience) -> Remote:
    from mlvgit.remotes.s3 import s3_remote

    del top
    bucket, prefix = _bucket(given)
    region = str(given.options.get("region", ""))
    if not re.fullmatch(r"[a-z0-9-]*", region):
        refuse(given, "region", f"{region!r} is no region; they are like eu-central-1")
    endpoint = _endpoint(given)
    return s3_remote(given.name, given.url, bucket, prefix, patience, endpoint=endpoint, region=region)


def _ssh(given: settings.Remote, top: Path, patience: Patience) -> Remote:
    from mlvgit.remotes.ssh import Place, SshRemote

    del top
    try:
        return SshRemote(given.name, given.url, Place.parse(given.url), patience)
    except ValueError as error:
        refuse(given, "url", f"{given.url!r} {error}")


def _gcs(given: settings.Remote, top: Path, patience: Patience) -> Remote:
    from mlvgit.remotes.gcs import GcsRemote

    del top
    if given.endpoint:
        refuse(given, "endpoint", "gs:// takes none: a token would be sent there; STORAGE_EMULATOR_HOST may name one")
    return GcsRemote(given.name, given.url, *_bucket(given), patience)


def _azure(given: settings.Remote, top: Path, patience: Patience) -> Remote:
    from mlvgit.remotes.azure import azure_remote

    del top
    container, prefix = _bucket(given)
    account = str(given.options.get("account", ""))
    if not re.fullmatch(r"[a-z0-9]{0,24}", account):
        refuse(given, "account", f"{account!r} is no storage account: up to 24 lower-case letters and digits")
    endpoint = _endpoint(given)
    return azure_remote(given.name, given.url, container, prefix, patience, endpoint=endpoint, account=account)


SCHEMES: Final[dict[str, Callable[[settings.Remote, Path, Patience], Remote]]] = {
    "": _folder,
    "file": _folder,
    "s3": _s3,
    "gs": _gcs,
    "az": _azure,
    "ssh": _ssh,
}


def open_remote(
    given: settings.Remote,
    top: Path,
    patience: Patience = Patience(),  # noqa: B008 - a tuple
    host: "Callable[[settings.Remote], GitHost] | None" = None,
) -> Remote:
    """Return the remote that an entry of mlv.yaml means; nothing is asked of it yet.

    Args:
        given: the entry.
        top: what a relative folder is relative to: all worktrees of a clone mean one folder.
        patience: how long it is waited for.
        host: gives what Git knows of the host whose LFS server an entry means.

    Raises:
        SettingsError: there is no such kind of remote, or what the entry says cannot be meant.
    """
    if not given.url.strip() or not given.url.isprintable():
        refuse(given, "url", f"{given.url!r} is blank, or has a character that cannot be seen")
    if is_lfs(given):
        from mlvgit.remotes.lfs import LfsRemote

        if host is None:
            refuse(given, "url", "is the LFS server of a Git host, and there is no Git repository here")
        return LfsRemote(given.name, _endpoint(given) or given.url, host(given), patience)
    scheme = urlsplit(given.url).scheme.lower() if "://" in given.url else ""
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES if name)
        refuse(given, "url", f"{given.url!r} is of no kind that is known: a folder's path, lfs, or one of {known}")
    return SCHEMES[scheme](given, top, patience)


def is_lfs(given: settings.Remote) -> bool:
    """Say whether an entry means the LFS server of a Git host; a folder of that name is `./lfs`."""
    return given.url == "lfs"


def refuse(given: settings.Remote, key: str, message: str) -> NoReturn:
    """Raise the error of an entry of mlv.yaml that cannot be meant.

    Args:
        key: which part of it.
    """
    raise SettingsError("mlv.yaml", (Problem(0, f"$.remotes.{given.name}.{key}", printable(message)),))


def _bucket(given: settings.Remote) -> tuple[str, str]:
    """Return the bucket and the prefix of `scheme://bucket/prefix`."""
    parts = urlsplit(given.url)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", bucket):
        refuse(given, "url", f"{given.url!r} names no bucket: {parts.scheme}://BUCKET/PREFIX")
    strange = parts.query or parts.fragment or not prefix.isprintable()
    if strange or (prefix and any(part in ("", ".", "..") for part in prefix.split("/"))):
        refuse(given, "url", f"{given.url!r} has a prefix that is no plain path: {parts.scheme}://BUCKET/PREFIX")
    return bucket, prefix


def _endpoint(given: settings.Remote) -> str:
    """Return the address of the server, or ""."""
    try:
        parts = urlsplit(given.endpoint)
        sound = parts.scheme.lower() in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if given.endpoint and (not sound or not re.fullmatch(r"[!-~]+", given.endpoint) or parts.query or parts.fragment):
        refuse(given, "endpoint", f"{given.endpoint!r} is no address of a server: https://HOST or https://HOST:PORT")
    return given.endpoint
