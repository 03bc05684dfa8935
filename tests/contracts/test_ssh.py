"""What a remote over SSH promises beside what every remote does: one connection, no question, no silence, no half object."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import Digest, object_name, of_bytes
from mlvgit.errors import IntegrityError, MachineError, RemoteError, SettingsError
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes import ssh
from mlvgit.remotes.base import Patience, Remote
from mlvgit.remotes.table import open_remote
from tests.contracts.sshd import Server, rclone_sftp, sshd


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "shelf"


@pytest.fixture
def remote(server: Server, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    return opened(server.url(shelf))


def opened(url: str, silence: float = 60) -> Remote:
    return open_remote(Named("lab", url), Path("/"), Patience(silence=silence))


def source(tmp_path: Path, data: bytes) -> tuple[Digest, Path]:
    path = tmp_path / "source"
    path.write_bytes(data)
    return of_bytes(data), path


def read(remote: Remote, digest: Digest) -> bytes:
    with remote.download(digest) as reader:
        return b"".join(iter(lambda: reader.read(1 << 16), b""))


def left_over(shelf: Path) -> list[str]:
    return [path.name for path in shelf.rglob("*") if path.is_file()]


def test_one_connection_serves_all_objects_and_threads(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path
) -> None:
    before = (server.folder / "log").read_text().count("Accepted publickey")
    sources = []
    for number in range(100):
        path = tmp_path / f"{number}"
        path.write_bytes(b"%d" % number)
        sources.append((of_bytes(b"%d" % number), path))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: remote.upload(*each), sources))
    presence = remote.presence([digest for digest, _ in sources])
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda each: read(remote, each[0]), sources))

    assert set(presence.values()) == {True}
    assert got == [path.read_bytes() for _, path in sources]
    assert len(left_over(shelf)) == 100
    assert (server.folder / "log").read_text().count("Accepted publickey") == before + 1


def test_the_users_own_configuration_leads_there_by_alias_and_jump_host(
    server: Server, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = server.url(Path()).partition("://")[2].rstrip("./")
    account, _, address = here.partition("@")
    config = tmp_path / "config"
    config.write_text(
        f"Host gate lab\n  HostName {address.partition(':')[0]}\n  Port {server.port}\n  User {account}\n"
        f"  HostKeyAlias [127.0.0.1]:{server.port}\n  IdentityFile {server.folder}/account\n"
        "Host lab\n  ProxyJump gate\n" + (server.folder / "config").read_text()
    )
    monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh -F {config}")
    before = (server.folder / "log").read_text().count("Accepted publickey")
    digest, path = source(tmp_path, b"bytes")
    remote = opened(f"ssh://lab{shelf}")

    remote.upload(digest, path)

    assert read(remote, digest) == b"bytes"
    assert (server.folder / "log").read_text().count("Accepted publickey") == before + 2


def test_a_server_that_falls_silent_is_an_error_and_no_hang(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path
) -> None:
    remote = opened(server.url(shelf), silence=1)
    digest, path = source(tmp_path, b"x" * 10_000_000)
    remote.upload(digest, path)
    assert server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(RemoteError, match=r"lab .* does not give .*: no answer for 1 seconds"):
            read(remote, digest)
    finally:
        server.signal(signal.SIGCONT)

    assert remote.presence([digest]) == {digest.sha256: True}


def test_a_server_that_falls_silent_does_not_hang_who_sends(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = opened(server.url(shelf), silence=1)
    digest, path = source(tmp_path, b"x" * 30_000_000)
    at_portion(monkeypatch, 2, lambda: server.signal(signal.SIGSTOP))
    try:
        with pytest.raises(RemoteError, match=r"does not take .*: no answer for 1 seconds"):
            remote.upload(digest, path)
    finally:
        server.signal(signal.SIGCONT)


def at_portion(monkeypatch: pytest.MonkeyPatch, number: int, act: Any) -> None:
    """Do something when a portion of a source is about to be sent."""
    whole = ssh.portions

    def interrupted(digest: Digest, path: Path) -> Iterator[bytes]:
        for at, portion in enumerate(whole(digest, path)):
            if at == number:
                act()
            yield portion

    monkeypatch.setattr(ssh, "portions", interrupted)


def test_a_connection_lost_in_the_middle_leaves_no_object_and_the_same_upload_succeeds_then(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, path = source(tmp_path, b"x" * 30_000_000)
    with monkeypatch.context() as patched:
        at_portion(patched, 5, lambda: server.signal(signal.SIGKILL))
        with pytest.raises(
            RemoteError, match=r"lab .* does not take .*: .*(closed|reset|disconnect|lost|ended)"
        ) as broken:
            remote.upload(digest, path)

    assert "the same command goes on from there" in broken.value.hint
    assert "connect by hand" not in broken.value.hint

    assert [name[:9] for name in left_over(shelf)] == [".mlv-tmp-"]
    assert remote.presence([digest]) == {digest.sha256: False}
    remote.upload(digest, path)
    assert read(remote, digest) == path.read_bytes()


def test_a_source_that_changed_leaves_nothing(remote: Remote, tmp_path: Path, shelf: Path) -> None:
    digest, path = source(tmp_path, b"x" * 3_000_000)
    path.write_bytes(b"x" * 2_999_999 + b"y")

    with pytest.raises(IntegrityError):
        remote.upload(digest, path)

    assert left_over(shelf) == []


@pytest.mark.parametrize(
    ("option", "key", "said"),
    [
        ("LogLevel=INFO", "stranger", "Permission denied"),
        ("LogLevel=INFO", "locked", "Permission denied"),
        ("UserKnownHostsFile=/dev/null", "account", "Host key verification failed"),
    ],
    ids=["refused-key", "key-with-a-passphrase", "unknown-host"],
)
def test_who_is_not_let_in_is_told_what_ssh_says_and_never_asked(
    server: Server, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, key: str, said: str
) -> None:
    if not (server.folder / "locked").exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "pass", "-f", server.folder / "locked"], check=True)
        with (server.folder / "keys").open("a") as keys:
            keys.write((server.folder / "locked.pub").read_text())
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command("-o", option, key=key))
    remote = opened(server.url(shelf))
    digest, path = source(tmp_path, b"bytes")

    assert remote.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError, match=said) as refused:
        remote.upload(digest, path)
    assert f"ssh -p {server.port} -l " in refused.value.hint


def test_a_host_whose_key_is_another_one_now_gets_nothing(
    server: Server, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = tmp_path / "known"
    key = (server.folder / "stranger.pub").read_text().split()
    known.write_text(f"[127.0.0.1]:{server.port} {key[0]} {key[1]}\n")
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command("-o", f"UserKnownHostsFile={known}"))
    digest, path = source(tmp_path, b"bytes")

    with pytest.raises(RemoteError, match="Host key verification failed"):
        opened(server.url(shelf)).upload(digest, path)

    assert not shelf.exists()


@pytest.mark.parametrize("which", ["object", "folder"])
def test_a_link_on_the_server_is_not_followed(remote: Remote, tmp_path: Path, shelf: Path, which: str) -> None:
    digest, path = source(tmp_path, b"secret")
    remote.upload(digest, path)
    there = shelf / object_name(digest.sha256)
    moved = there if which == "object" else there.parent
    moved.rename(tmp_path / "elsewhere")
    moved.symlink_to(tmp_path / "elsewhere")

    assert remote.presence([digest]) == {digest.sha256: False if which == "object" else None}
    with pytest.raises(RemoteError, match=r"is not a file|is a link"):
        read(remote, digest)


def test_an_upload_replaces_a_link_and_goes_through_none(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path
) -> None:
    digest, path = source(tmp_path, b"bytes")
    there = shelf / object_name(digest.sha256)
    there.parent.mkdir(parents=True)
    (tmp_path / "precious").write_bytes(b"precious")
    there.symlink_to(tmp_path / "precious")

    remote.upload(digest, path)

    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert there.read_bytes() == b"bytes"
    assert not there.is_symlink()
    there.parent.rename(tmp_path / "elsewhere")
    there.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RemoteError, match="is a link, or no folder"):
        opened(server.url(shelf)).upload(digest, path)


@pytest.mark.parametrize("name", ["a b", "it's", 'a"b', "*?[x]", "$(id)`id`;&|", "\\n", "-rf", "ünï", "%25"])
def test_any_name_of_a_folder_is_taken_as_it_is(server: Server, remote: Remote, tmp_path: Path, name: str) -> None:
    digest, path = source(tmp_path, b"bytes")
    remote = opened(server.url(tmp_path) + "/" + name)

    remote.upload(digest, path)

    assert (tmp_path / name.replace("%25", "%") / object_name(digest.sha256)).read_bytes() == b"bytes"
    assert read(remote, digest) == b"bytes"


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=id/x",
        "ssh://%2doProxyCommand=id/x",
        "ssh://-l@host/x",
        "ssh://a$(id)@host/x",
        "ssh://user:word@host/x",
        "ssh://host;id/x",
        "ssh://ho%0ast/x",
        "ssh://host/a%0ab",
        "ssh://host/a\nb",
        "ssh://host/a%00b",
        "ssh://host/a%E2%80%AEb",
        "ssh://host/%ff",
        "ssh://host:0/x",
        "ssh://host:99999/x",
        "ssh://host:-1/x",
        "ssh://host",
        "ssh://host/",
        "ssh://host/~bob/x",
        "ssh:///x",
        "ssh://@host/x",
    ],
)
def test_a_url_that_could_be_taken_for_something_else_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {tmp_path}/ran;")

    with pytest.raises(SettingsError) as refused:
        opened(url).presence([Digest(1, "ab" * 32)])

    assert refused.value.message.isprintable()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("ssh://lab/data", ("", "lab", 0, "/data")),
        ("SSH://Ada.L@Lab-1.example:2222/data/mlv/", ("Ada.L", "Lab-1.example", 2222, "/data/mlv")),
        ("ssh://lab/~/data", ("", "lab", 0, "data")),
        ("ssh://u@[::1]:22/data", ("u", "::1", 22, "/data")),
        ("ssh://ada%40corp@lab/a%20b", ("ada@corp", "lab", 0, "/a b")),
    ],
)
def test_a_url_names_account_host_port_and_folder(url: str, place: tuple[str, str, int, str]) -> None:
    assert tuple(ssh.Place.parse(url)) == place


def test_a_server_without_extensions_still_replaces_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sshd").mkdir()
    with sshd(tmp_path / "sshd", "-P", "posix-rename,fsync") as server:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
        remote = opened(server.url(tmp_path / "shelf"))
        digest, path = source(tmp_path, b"whole bytes")
        there = tmp_path / "shelf" / object_name(digest.sha256)
        there.parent.mkdir(parents=True)
        there.write_bytes(b"half")

        remote.upload(digest, path)

        assert there.read_bytes() == b"whole bytes"
        assert left_over(tmp_path / "shelf") == [there.name]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo Welcome to this machine;", "something else than SFTP: Welc"),
        ("echo no way in >&2; exit 5;", "no way in"),
        ("exit 5;", "status 5"),
    ],
    ids=["greeting", "words", "nothing"],
)
def test_a_program_that_is_no_way_in_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", command)

    with pytest.raises(RemoteError, match=said):
        read(opened("ssh://host/x"), Digest(1, "ab" * 32))


def test_drafts_of_lost_connections_are_removed_after_a_day(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path
) -> None:
    digest, path = source(tmp_path, b"bytes")
    (shelf / "sha256").mkdir(parents=True)
    for name in ("old", "new"):
        (shelf / "sha256" / f".mlv-tmp-{name}").write_bytes(b"half")
    os.utime(shelf / "sha256" / ".mlv-tmp-old", (1, 1))

    remote.upload(digest, path)

    assert sorted(left_over(shelf)) == [".mlv-tmp-new", digest.sha256[2:]]


def test_a_folder_is_made_below_one_that_is_there_and_no_further(
    server: Server, remote: Remote, tmp_path: Path, shelf: Path
) -> None:
    digest, path = source(tmp_path, b"bytes")

    remote.upload(digest, path)
    with pytest.raises(RemoteError, match=r"does not let .*/no/where be made") as refused:
        opened(server.url(tmp_path / "no/where")).upload(digest, path)

    assert remote.notices == [f"made the folder {remote.url}"]
    assert "make the folder above it" in refused.value.hint


def test_a_thousand_names_are_listed_whole_and_nothing_else_is(remote: Remote, shelf: Path) -> None:
    wanted = {Digest(1, f"{number % 3:02x}{number:062x}") for number in range(1000)}
    for digest in wanted:
        place = shelf / object_name(digest.sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
    (shelf / "sha256/00/link").symlink_to("/etc/passwd")
    (shelf / "sha256/00" / ("0" * 61 + "g")).write_bytes(b"")
    (shelf / "sha256/ff").symlink_to("00")
    (shelf / "sha256/other").mkdir()

    found = list(remote.names())

    assert len(found) == 1000
    assert set(found) == wanted
    assert list(remote.names("extents")) == []


def test_a_folder_below_the_accounts_home_is_found_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sshd", "home"):
        (tmp_path / name).mkdir()
    digest, path = source(tmp_path, b"bytes")
    with sshd(tmp_path / "sshd", "-d", str(tmp_path / "home")) as server:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
        remote = opened(server.url(Path("/~/shelf")))

        remote.upload(digest, path)

        assert list(remote.names()) == [digest]
    assert (tmp_path / "home/shelf" / object_name(digest.sha256)).read_bytes() == b"bytes"


HOSTILE = r"""
import os, random, sys
chance = random.Random(int(sys.argv[1]))
def sometimes(good, *bad):
    return chance.choice(bad) if chance.random() < 0.04 else good
def packet(kind, body):
    os.write(1, sometimes(len(body) + 1, 0, 1, 2**32 - 1, len(body) + 40).to_bytes(4, "big") + bytes([kind]) + body)
def take(length):
    data = b""
    while len(data) < length:
        more = os.read(0, length - len(data))
        if not more:
            sys.exit()
        data += more
    return data
packet(2, b"\0\0\0\3" + sometimes(b"", b"\0\0\0", b"\0\0\0\1a"))
ended = 0
while True:
    asked = take(int.from_bytes(take(4), "big"))
    mode = b"\x81\xa4" if asked[-62:].isalnum() and len(asked) > 70 else b"\x41\xed"
    kind = sometimes({3: 102, 11: 102, 5: 103, 12: 104, 7: 105, 17: 105}.get(asked[0], 101), 101, 102, 103, 104, 105, 77)
    if kind == 104:
        ended += 1
    body = {
        101: bytes(4),
        102: b"\0\0\0\1h",
        103: b"\0\0\0\2ab",
        104: b"\0\0\0\1" + b"\0\0\0\2ab" + b"\0\0\0\0" + b"\0\0\0\4\0\0" + mode,
        105: b"\0\0\0\4\0\0" + mode,
        77: b"",
    }[kind]
    if kind == 104 and ended % 2 == 0:
        kind, body = 101, b"\0\0\0\1"
    packet(kind, sometimes(asked[1:5], b"\xff" * 4) + sometimes(body, b"", b"\xff" * 12, chance.randbytes(30)))
"""


@pytest.mark.parametrize("seed", range(12))
def test_a_server_that_lies_makes_a_command_fail_and_nothing_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    (tmp_path / "server.py").write_text(HOSTILE)
    monkeypatch.setenv("GIT_SSH_COMMAND", f"{sys.executable} -S {tmp_path}/server.py {seed} #")
    remote = opened("ssh://host/x", silence=0.3)
    digest, path = source(tmp_path, b"bytes" * 1000)

    assert set(remote.presence([digest])) == {digest.sha256}
    for act in (
        lambda: read(remote, digest),
        lambda: remote.upload(digest, path),
        lambda: list(itertools.islice(remote.names(), 100)),
        lambda: remote.delete(digest),
    ):
        with suppress(RemoteError):
            act()


def test_another_makers_server_keeps_the_same_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keys", "served"):
        (tmp_path / name).mkdir()
    digest, path = source(tmp_path, b"0123456789" * 500_000)
    with rclone_sftp(tmp_path / "keys", tmp_path / "served") as server:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
        remote = opened(server.url(Path("/shelf")))
        assert remote.presence([digest]) == {digest.sha256: False}

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: remote.upload(digest, path), range(16)))

        assert remote.presence([digest._replace(size=1)]) == {digest.sha256: False}
        assert remote.presence([digest]) == {digest.sha256: True}
        assert read(remote, digest) == path.read_bytes()
        assert list(remote.names()) == [digest]
        remote.delete(digest)
        remote.delete(digest)
        assert list(remote.names()) == []
        with pytest.raises(RemoteError, match="does not have"):
            read(remote, digest)
    assert left_over(tmp_path / "served") == []


def test_a_machine_without_ssh_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    monkeypatch.setattr(ssh.shutil, "which", lambda *_, **__: str(tmp_path / "nothing"))

    with pytest.raises(MachineError, match="cannot run ssh for the remote lab"):
        opened("ssh://host/x").presence([Digest(1, "ab" * 32)])
