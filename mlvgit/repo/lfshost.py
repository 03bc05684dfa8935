"""The LFS server of a Git host, found as the LFS client finds it, and who the user is there.

Where it is: `lfs.url`, `remote.<name>.lfsurl` (in Git's configuration, then in `.lfsconfig`), else the remote's URL with
`.git/info/lfs`; over ssh the host itself says (`git-lfs-authenticate`). Who the user is: what that says, `http.extraHeader`,
a name in the URL, `git credential`.
"""

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from mlvgit.core.text import printable
from mlvgit.errors import GitError, MachineError, RemoteError, UsageError
from mlvgit.repo.history import remotes

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["LfsHost", "git_remote"]

_NOT_FOUND = 127
_HINT = "git config lfs.url https://HOST/PATH   (or lfs.url in a committed .lfsconfig)"


class _Ssh(NamedTuple):
    """An address over ssh: who and where, the port or "", the path as the host is to get it."""

    who: str
    port: str
    path: str


class LfsHost:
    """What Git knows of the LFS server that belongs to a remote.

    Args:
        name: of the remote in mlv.yaml; the Git remote of that name is meant when there is one.
        endpoint: its URL, where mlv.yaml names it; "" to find it.
    """

    def __init__(self, repo: "Repository", name: str, endpoint: str = "") -> None:
        self._repo = repo
        self._remote = git_remote(repo, name)
        self._given = endpoint
        self._users: dict[str, str] = {}

    def endpoint(self, operation: str) -> tuple[str, Mapping[str, str], float]:
        """Return the URL for `download` or `upload`, the headers that go with it, and for how many seconds; 0 = no end.

        Raises:
            UsageError: there is no LFS server for this remote.
            RemoteError: the host does not say where it is.
        """
        url = self._given or self._named(operation)
        guessed = not url
        url = self._rewritten(url or self._url(operation))
        ssh = _as_ssh(url)
        if ssh is not None:
            said = self._authenticate(ssh, operation)
            if said is not None:
                return said
            url = f"https://{ssh.who.rpartition('@')[2]}/{ssh.path.lstrip('/')}"
        elif url.partition("://")[0].lower() not in ("http", "https"):
            raise UsageError(
                f"the Git remote {self._remote} is {printable(_bare(url))}, which has no LFS server", hint=_HINT
            )
        if guessed or ssh is not None:
            url = _below(url)
        return self._plain(url)

    def credential(self, url: str) -> tuple[str, str] | None:
        """Return user name and password for a URL as `git credential` gives them, or None."""
        asked = self._question(url)
        try:
            output, _ = self._repo.git.porcelain("credential", "fill", input=asked)
        except GitError:
            return None
        answer = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        if not answer.get("password"):
            return None
        return answer.get("username", ""), answer["password"]

    def settle(self, url: str, credential: tuple[str, str], *, good: bool) -> None:
        """Tell who gave a credential whether it was taken."""
        user, password = credential
        if "\n" in user + password or "\0" in user + password:
            return
        asked = b"".join(line for line in self._question(url).splitlines(keepends=True) if line.strip())
        asked = b"".join(line for line in asked.splitlines(keepends=True) if not line.startswith(b"username="))
        asked += f"username={user}\npassword={password}\n\n".encode()
        try:
            self._repo.git.porcelain("credential", "approve" if good else "reject", input=asked)
        except GitError:
            return  # a helper that cannot remember is no reason to fail

    def _named(self, operation: str) -> str:
        keys = ["lfs.url", f"remote.{self._remote}.lfsurl"]
        if operation == "upload":
            keys = ["lfs.pushurl", "lfs.url", f"remote.{self._remote}.lfspushurl", f"remote.{self._remote}.lfsurl"]
        committed = self._committed()
        for key in keys:
            found = self._repo.config(key) or committed.get(key.lower(), "")
            if found:
                return found
        return ""

    def _committed(self) -> dict[str, str]:
        """Return what `.lfsconfig` says, on disk, else in HEAD: where the server is, which is all that is read there."""
        git = self._repo.git
        top = self._repo.top
        on_disk = top is not None and (top / ".lfsconfig").is_file()
        where = ("--file", str(top / ".lfsconfig")) if top and on_disk else ("--blob", "HEAD:.lfsconfig")
        records = git.lines0("config", "--no-includes", *where, "--list", "-z", ok=(0, 1, 128))
        pairs = (record.partition("\n")[::2] for record in records)
        return {key.lower(): value for key, value in pairs}

    def _url(self, operation: str) -> str:
        push = ("--push",) if operation == "upload" else ()
        found = self._repo.git.text("remote", "get-url", *push, "--", self._remote, ok=(0, 2, 128))
        if not found:
            raise UsageError(
                f"there is no Git remote {printable(self._remote)}, whose LFS server was meant", hint=_HINT
            )
        return found.splitlines()[0]

    def _rewritten(self, url: str) -> str:
        """Apply `url.<base>.insteadOf`."""
        if url.startswith("-"):
            raise UsageError(f"{printable(url)} is no address of an LFS server", hint=_HINT)
        return self._repo.git.text("ls-remote", "--get-url", "--", url) or url

    def _plain(self, url: str) -> tuple[str, Mapping[str, str], float]:
        """Take who the user is out of a URL, and find the headers that Git sends there."""
        parts = urlsplit(url)
        userinfo, at, host = parts.netloc.rpartition("@")
        bare = parts._replace(netloc=host).geturl()
        if at:
            self._users[host] = userinfo
        extra = self._repo.git.lines0("config", "-z", "--get-urlmatch", "http.extraHeader", bare, ok=(0, 1))
        headers = (record.partition(":") for record in extra)
        return bare, {name.strip(): value.strip() for name, _, value in headers if value.strip()}, 0

    def _question(self, url: str) -> bytes:
        parts = urlsplit(url)
        lines = [f"protocol={parts.scheme}", f"host={parts.netloc}", f"path={parts.path.lstrip('/')}"]
        user, colon, password = self._users.get(parts.netloc, "").partition(":")
        if user:
            lines.append(f"username={unquote(user)}")
        if colon:
            lines.append(f"password={unquote(password)}")
        if any(char in line for line in lines for char in "\n\r\0"):
            raise UsageError(f"{printable(_bare(url))} is no address of an LFS server", hint=_HINT)
        return ("\n".join(lines) + "\n\n").encode()

    def _authenticate(self, ssh: _Ssh, operation: str) -> tuple[str, Mapping[str, str], float] | None:
        """Ask the host over ssh; None when it has no such command."""
        status, output, said = self._run_ssh(ssh, f"git-lfs-authenticate {shlex.quote(ssh.path)} {operation}")
        if status == _NOT_FOUND:
            return None
        try:
            answer = json.loads(output) if status == 0 else None
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            words = said.decode("utf-8", "replace").strip().splitlines()
            raise RemoteError(
                f"{printable(ssh.who)} does not say where its LFS server is: {printable(words[-1] if words else '')[:200]}",
                hint=f"ssh {shlex.quote(ssh.who)} git-lfs-authenticate {shlex.quote(ssh.path)} {operation}",
            )
        url, header, seconds = answer.get("href"), answer.get("header"), answer.get("expires_in")
        usable = isinstance(header, dict) and all(isinstance(each, str) for each in header.values())
        if not isinstance(url, str) or not url:
            host = ssh.who.rpartition("@")[2]
            url = _below(f"https://{host}/{ssh.path.lstrip('/')}")
        return url, dict(header) if usable and header else {}, _seconds(seconds)

    def _run_ssh(self, ssh: _Ssh, command: str) -> tuple[int, bytes, bytes]:
        import subprocess

        env = self._repo.git.given
        port = ["-p", ssh.port] if ssh.port else []
        args = [*port, "--", ssh.who, command]
        words = env.get("GIT_SSH_COMMAND") or self._repo.config("core.sshCommand")
        argv = ["/bin/sh", "-c", f'{words} "$@"', "ssh", *args] if words else [env.get("GIT_SSH") or "ssh", *args]
        try:
            done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except OSError as error:
            raise MachineError(f"cannot run ssh: {error.strerror}") from error
        return done.returncode, done.stdout, done.stderr


def git_remote(repo: "Repository", name: str) -> str:
    """Return the Git remote that is meant: the one of this name, else the branch's, `remote.lfsDefault`, the only one."""
    known = remotes(repo)
    if name in known:
        return name
    branch = repo.branch()
    chosen = (repo.config(f"branch.{branch}.remote") if branch else "") or repo.config("remote.lfsdefault")
    return chosen or (known[0] if len(known) == 1 else "origin")


def _as_ssh(url: str) -> _Ssh | None:
    scheme, separator, rest = url.partition("://")
    if separator:
        if scheme.lower() not in ("ssh", "git+ssh", "ssh+git"):
            return None
        netloc, _, path = rest.partition("/")
        user, at, place = netloc.rpartition("@")
        host, _, port = place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", "")
        return _checked(f"{user}{at}{host}", port, f"/{unquote(path)}")
    who, colon, path = url.partition(":")
    return _checked(who, "", path) if colon and "/" not in who and not path.startswith(":") else None


def _checked(who: str, port: str, path: str) -> _Ssh:
    host = who.rpartition("@")[2]
    if (
        not host
        or who.startswith("-")
        or host.startswith("-")
        or path.startswith("-")
        or not (who + path).isprintable()
    ):
        raise UsageError(f"{printable(who)} is no address of a host", hint=_HINT)
    return _Ssh(who, port, path)


def _below(url: str) -> str:
    """Return where the LFS server of a repository is by convention."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return parts._replace(path=f"{path}/info/lfs" if path.endswith(".git") else f"{path}.git/info/lfs").geturl()


def _bare(url: str) -> str:
    """Return a URL without who the user is, for messages."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    netloc, slash, path = rest.partition("/")
    return f"{scheme}{separator}{netloc.rpartition('@')[2]}{slash}{path}"


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0
