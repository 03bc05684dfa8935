"""What every kind of remote promises, asked of each: a folder, and others on real servers on loopback."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError, MachineError, RemoteError, SettingsError
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes.base import Patience, Remote
from mlvgit.remotes.gcs import GcsRemote
from mlvgit.remotes.table import open_remote
from tests.contracts.faults import proxy
from tests.contracts.kinds import HURRY, Kind, Servers, nobody, open_kind, servers_in
from tests.contracts.servers import ACCOUNT, ACCOUNT_KEY, BUCKET, CONTAINER, KEY, SECRET

SERVED = ("s3", "azure", "gcs")
"""One server for each client of ours, to put faults before; `rclone` is one more S3, which ignores conditions."""
PARTS = 17_000_000
"""Bytes that are sent in parts."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    yield from servers_in(tmp_path_factory.mktemp("servers"))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody(monkeypatch, tmp_path)


@pytest.fixture(params=["folder", "ssh", "rclone", *SERVED])
def kind(
    request: pytest.FixtureRequest, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> Kind:
    return open_kind(request.param, servers, tmp_path, monkeypatch)


@pytest.fixture(params=SERVED)
def served(
    request: pytest.FixtureRequest, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> Kind:
    return open_kind(request.param, servers, tmp_path, monkeypatch)


def source(tmp_path: Path, data: bytes) -> tuple[Digest, Path]:
    digest = Digest(len(data), hashlib.sha256(data).hexdigest())
    path = tmp_path / f"source-{digest.sha256[:8]}"
    path.write_bytes(data)
    return digest, path


def read(remote: Remote, digest: Digest) -> bytes:
    with remote.download(digest) as reader:
        return b"".join(iter(lambda: reader.read(1 << 16), b""))


def errors_of(*attempts: Callable[[], object]) -> list[BaseException | None]:
    """Do several things at once, as most of their time is waiting; return what each raised."""
    with ThreadPoolExecutor(len(attempts)) as pool:
        return [done.exception() for done in [pool.submit(attempt) for attempt in attempts]]


@pytest.mark.parametrize("length", [0, 1, 5_000_000, PARTS], ids=["empty", "a-byte", "one-part", "many-parts"])
def test_what_is_sent_comes_back(kind: Kind, tmp_path: Path, length: int) -> None:
    remote = kind.remote
    digest, path = source(tmp_path, (b"0123456789abcde" * (length // 15 + 1))[:length])
    assert remote.presence([digest]) == {digest.sha256: False}

    remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: True}
    assert read(remote, digest) == path.read_bytes()


@pytest.mark.parametrize("length", [10, PARTS], ids=["small", "many-parts"])
def test_bytes_that_are_not_what_they_are_called_are_not_sent(kind: Kind, tmp_path: Path, length: int) -> None:
    remote = kind.remote
    digest, path = source(tmp_path, b"a" * length)
    path.write_bytes(b"a" * (length - 1) + b"b")

    with pytest.raises(IntegrityError):
        remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: False}


@pytest.mark.parametrize("length", [0, 1_000, 3_000_000])
def test_a_source_of_another_length_is_not_sent(kind: Kind, tmp_path: Path, length: int) -> None:
    digest, path = source(tmp_path, b"a" * 2_000_000)
    path.write_bytes(b"a" * length)

    with pytest.raises(IntegrityError):
        kind.remote.upload(digest, path)

    assert kind.remote.presence([digest]) == {digest.sha256: False}


def test_a_source_that_cannot_be_read_is_this_machines_fault(kind: Kind, tmp_path: Path) -> None:
    digest = Digest(5, "ab" * 32)

    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(MachineError, match=r"cannot read .*nothing-here: No such file"):
        kind.remote.upload(digest, tmp_path / "nothing-here")
    with pytest.raises(IntegrityError, match="is not a file"):
        kind.remote.upload(digest, tmp_path / "pipe")


def test_an_object_of_the_wrong_size_is_not_there_and_a_new_upload_heals_it(kind: Kind, tmp_path: Path) -> None:
    remote = kind.remote
    digest, path = source(tmp_path, b"whole bytes")
    remote.upload(digest, path)
    kind.overwrite(digest, b"whole")
    assert remote.presence([digest]) == {digest.sha256: False}
    assert read(remote, digest) == b"whole"
    assert list(remote.names()) == [Digest(5, digest.sha256)]

    remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: True}
    assert read(remote, digest) == b"whole bytes"


def test_an_object_without_end_is_read_one_byte_too_far(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"short")
    kind.remote.upload(digest, path)
    kind.overwrite(digest, b"short and much more" * 100_000)

    assert len(read(kind.remote, digest)) == digest.size + 1


def test_what_is_not_there_is_named(kind: Kind) -> None:
    digest = Digest(1, "ab" * 32)

    with pytest.raises(RemoteError, match="does not have abababab"):
        read(kind.remote, digest)
    kind.remote.delete(digest)
    assert list(kind.remote.names()) == []


def test_sixteen_that_send_one_object_leave_it_whole(kind: Kind, tmp_path: Path) -> None:
    remote = kind.remote
    digest, path = source(tmp_path, b"same" * 100_000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: (remote, kind.remote)[number % 2].upload(digest, path), range(16)))

    assert read(remote, digest) == path.read_bytes()
    assert list(remote.names()) == [digest]


def test_a_remote_that_cannot_be_reached_says_unknown_and_fails_by_name(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"bytes")

    assert kind.unreachable.presence([digest]) == {digest.sha256: None}
    assert "gone" in str(kind.unreachable.trouble)
    assert "credentials" not in getattr(kind.unreachable.trouble, "hint", "")
    for error in errors_of(
        lambda: read(kind.unreachable, digest),
        lambda: kind.unreachable.upload(digest, path),
        lambda: list(kind.unreachable.names()),
        lambda: kind.unreachable.delete(digest),
    ):
        assert isinstance(error, RemoteError)
        assert "gone" in str(error)


def test_a_name_that_is_no_digest_never_becomes_a_path(kind: Kind, tmp_path: Path) -> None:
    digest = Digest(5, "../" * 21 + "x")
    (tmp_path / "x").write_bytes(b"bytes")

    for attempt in (
        lambda: kind.remote.presence([digest]),
        lambda: kind.remote.upload(digest, tmp_path / "x"),
        lambda: read(kind.remote, digest),
        lambda: kind.remote.delete(digest),
    ):
        with pytest.raises(IntegrityError):
            attempt()


def test_spaces_are_listed_and_deleted_from_apart(kind: Kind, tmp_path: Path) -> None:
    remote = kind.remote
    (one, first), (two, second) = source(tmp_path, b"one"), source(tmp_path, b"two and more")
    assert list(remote.names()) == []

    for digest, path in ((one, first), (two, second)):
        remote.upload(digest, path)
    remote.upload(one, first, "extents")

    assert set(remote.names()) == {one, two}
    assert list(remote.names("extents")) == [one]
    remote.delete(one)
    remote.delete(one)
    assert list(remote.names()) == [two]
    assert remote.presence([one, two]) == {one.sha256: False, two.sha256: True}
    assert remote.presence([one], "extents") == {one.sha256: True}
    with remote.download(one, "extents") as reader:
        assert reader.read(100) == b"one"


def test_a_listing_gives_what_is_named_as_ours_and_nothing_else(kind: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"ours")
    kind.remote.upload(digest, path)
    good = digest.sha256
    for name in (
        "sha256/ab/short",
        f"sha256/AB/{'C' * 62}",
        f"sha256/abc/{good[3:]}",
        f"sha256/ab/{good[2:]}x",
        f"sha256/zz/{good[2:]}",
        f"sha256/{good}",
        f"sha256/ab/cd/{good[4:]}",
        "sha256/ab/\u202e",
        f"extents-/{good[:2]}/{good[2:]}",
    ):
        kind.put(name, b"theirs")

    assert list(kind.remote.names()) == [digest]


@pytest.mark.parametrize("fault", [503, 429, "reset", "drop", "stall"])
def test_a_fault_that_goes_away_is_got_through(served: Kind, tmp_path: Path, fault: int | str) -> None:
    digest, path = source(tmp_path, b"bytes" * 1000)
    remote, front = served.open(HURRY._replace(silence=1, request=1) if fault == "stall" else Patience()), served.proxy
    assert front

    attempts: list[Callable[[], object]] = [
        lambda: remote.upload(digest, path),
        lambda: remote.presence([digest]),
        lambda: read(remote, digest),
        lambda: list(remote.names()),
        lambda: remote.delete(digest),
    ]
    if fault == "stall":  # each takes a second
        remote.upload(digest, path)
        front.next.extend([fault] * 3)
        assert errors_of(*attempts[:3]) == [None] * 3
        assert not front.next
    for attempt in attempts if fault != "stall" else ():
        front.next.append(fault)
        attempt()
        assert not front.next

    assert remote.trouble is None


@pytest.mark.parametrize("fault", [500, 403, 401, "drop", "stall"])
def test_a_fault_that_stays_is_unknown_and_an_error_and_nothing_hangs(
    served: Kind, tmp_path: Path, fault: int | str
) -> None:
    digest, path = source(tmp_path, b"bytes" * 1000)
    served.remote.upload(digest, path)
    remote = served.open(HURRY._replace(silence=0.5, request=0.5, retries=0))
    assert served.proxy
    served.proxy.every = fault

    known: dict[str, bool | None] = {}
    errors = errors_of(
        lambda: read(remote, digest),
        lambda: remote.upload(digest, path),
        lambda: list(remote.names()),
        lambda: known.update(remote.presence([digest])),
    )

    assert known == {digest.sha256: None}
    assert [type(error) for error in errors] == [RemoteError] * 3 + [type(None)]
    assert all("bucket" in str(error) for error in errors[:3])


def test_an_answer_that_is_cut_off_is_asked_for_again(served: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, bytes(range(256)) * 1000)
    served.remote.upload(digest, path)
    assert served.proxy
    served.proxy.next.extend([None, "cut"] if served.name == "gcs" else ["cut"])  # it asks for the size first

    assert read(served.remote, digest) == path.read_bytes()
    assert not served.proxy.next


def test_an_answer_that_is_always_cut_off_is_an_error_and_not_a_short_object(served: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, bytes(range(256)) * 1000)
    served.remote.upload(digest, path)
    assert served.proxy
    served.proxy.every = "cut"

    with pytest.raises(RemoteError):
        read(served.open(HURRY._replace(retries=1)), digest)


def test_a_transfer_may_take_longer_than_the_limit_on_silence(served: Kind, tmp_path: Path) -> None:
    digest, path = source(tmp_path, bytes(range(256)) * 1000)
    served.remote.upload(digest, path)
    assert served.proxy
    served.proxy.next.extend([None, None] if served.name == "gcs" else [])  # it asks for bucket and size first
    served.proxy.every = "drip"
    remote = served.open(HURRY._replace(silence=1.2, retries=0))

    assert read(remote, digest) == path.read_bytes()


CANARIES = {
    "s3": {"AWS_SESSION_TOKEN": "canary-token"},
    "azure": {"AZURE_STORAGE_SAS_TOKEN": "sv=2023-11-03&se=2020-01-01T00:00:00Z&sp=rl&sr=c&sig=canary-signature"},
    "gcs": {},
}


def test_a_redirect_to_another_host_takes_no_credential_along(
    served: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, path = source(tmp_path, b"bytes")
    remote = with_canary(served, tmp_path, monkeypatch)
    with proxy() as elsewhere:
        elsewhere.every = 404
        there = elsewhere.address.replace("127.0.0.1", "localhost")
        assert served.proxy
        served.proxy.every = (307, f"Location: {there}/else/where\r\n", b"")
        served.proxy.heads.clear()

        remote.presence([digest])
        for attempt in (
            lambda: read(remote, digest),
            lambda: remote.upload(digest, path),
            lambda: list(remote.names()),
            lambda: remote.delete(digest),
        ):
            with suppress(RemoteError):
                attempt()

        assert b"canary" in b"".join(served.proxy.heads)
        assert b"canary" not in b"".join(elsewhere.heads)


def with_canary(served: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Open a remote with a credential that can be told when it is seen."""
    assert served.proxy
    for name, value in CANARIES[served.name].items():
        monkeypatch.setenv(name, value)
    if served.name == "azure":
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING")
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{served.proxy.address}/{ACCOUNT}")
        given = Named("bucket", f"az://{CONTAINER}/x", options={"account": ACCOUNT})
        return open_remote(given, tmp_path, HURRY._replace(retries=0))
    if served.name == "gcs":
        from google.cloud.storage import Client
        from google.oauth2.credentials import Credentials

        client = Client("p", Credentials("canary-token"), client_options={"api_endpoint": served.proxy.address})
        return GcsRemote("bucket", f"gs://{BUCKET}/x", BUCKET, "x", HURRY, client)
    return served.open(HURRY._replace(retries=0))


@pytest.mark.parametrize(
    ("name", "url", "make"),
    [
        ("rclone", "s3://no-such-bucket/x", "aws s3 mb s3://no-such-bucket --endpoint-url http://127.0.0.1:"),
        ("azure", "az://no-such-bucket/x", "az storage container create --name no-such-bucket"),
        ("gcs", "gs://no-such-bucket/x", "gcloud storage buckets create gs://no-such-bucket"),
    ],
)
def test_a_bucket_that_does_not_exist_is_told_from_an_object_that_does_not(
    name: str, url: str, make: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    kind = open_kind(name, servers, tmp_path, monkeypatch)
    assert kind.proxy
    digest, path = source(tmp_path, b"bytes")
    endpoint = {"rclone": kind.proxy.address, "azure": f"{kind.proxy.address}/{ACCOUNT}", "gcs": ""}[name]
    remote = open_remote(Named("lab", url, endpoint), tmp_path, HURRY)

    assert remote.presence([digest]) == {digest.sha256: None}
    assert "there is no " in str(remote.trouble)
    for attempt in (lambda: read(remote, digest), lambda: remote.upload(digest, path), lambda: list(remote.names())):
        with pytest.raises(RemoteError, match=r"there is no (bucket|container) no-such-bucket") as refused:
            attempt()
        assert make in refused.value.hint
        assert "credentials" not in refused.value.hint
        assert refused.value.sure


def test_an_upload_in_parts_that_breaks_off_is_not_told_as_what_failed_after_it(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    kind = open_kind("s3", servers, tmp_path, monkeypatch)
    assert kind.proxy
    digest, path = source(tmp_path, b"x" * PARTS)
    kind.proxy.next.append(None)
    kind.proxy.every = 500

    with pytest.raises(RemoteError, match=r"does not take .*: it broke off, and its parts could not be cleared away"):
        kind.open(HURRY._replace(retries=0)).upload(digest, path)

    kind.proxy.calm()
    kind.remote.upload(digest, path)
    assert kind.remote.presence([digest]) == {digest.sha256: True}


def at(kind: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Open a remote whose server is said to be at an address."""
    patience = HURRY._replace(retries=0, silence=0.2 if kind == "gs" else 20)  # Google's client tries that long
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY}")
    if kind == "gs":
        from google.auth.credentials import AnonymousCredentials
        from google.cloud.storage import Client

        client = Client(None, AnonymousCredentials(), client_options={"api_endpoint": address})
        return GcsRemote("lab", "gs://b/x", "b", "x", patience, client)
    if kind == "lfs":
        host = SimpleNamespace(endpoint=lambda _: (f"{address}/team", {}, 0))
        return open_remote(Named("lab", "lfs"), tmp_path, patience, lambda _: host)
    return open_remote(Named("lab", f"{kind}://bucket/x", address), tmp_path, patience)


class Plain(BaseHTTPRequestHandler):
    """Speaks http, and quietly refuses what is none."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    """The host and port of a server that speaks http and no https."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("name", ["s3", "az", "gs", "lfs"])
def test_why_a_server_is_not_reached_is_told_apart_with_what_mends_it(
    name: str, plain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    for address, why, mend in (
        ("http://no-such-host.invalid", "there is no host no-such-host.invalid", "a typo, or no network?"),
        ("http://127.0.0.1:9", "nothing listens at 127.0.0.1:9", "is the server running"),
        (f"https://{plain}", f"{plain} does not speak https", f"write http://{plain}"),
    ):
        remote = at(name, address, tmp_path, monkeypatch)

        assert remote.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}

        assert isinstance(remote.trouble, RemoteError)
        assert why in remote.trouble.message
        assert mend in remote.trouble.hint
        assert {"gs": "STORAGE_EMULATOR_HOST", "lfs": "lfs.url"}.get(name, "mlv.yaml") in remote.trouble.hint


@pytest.mark.parametrize(
    "text", ["canary", "AccountName=x;AccountKey=canary!", "AccountName=x;AccountKey=YWFh;BlobEndpoint=canary"]
)
def test_a_connection_string_that_is_none_is_told_and_not_shown(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    remote = open_remote(Named("lab", "az://bucket/x", options={"account": "account"}), tmp_path, HURRY)

    assert remote.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}

    assert isinstance(remote.trouble, RemoteError)
    assert "AZURE_STORAGE_CONNECTION_STRING is no connection string" in remote.trouble.message
    assert "AccountName=NAME;AccountKey=KEY" in remote.trouble.hint
    assert "canary" not in remote.trouble.message + remote.trouble.hint


@pytest.mark.parametrize("name", ["s3", "azure"])
def test_a_refused_credential_is_unknown_and_shows_no_secret(
    name: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    kind = open_kind(name, servers, tmp_path, monkeypatch)
    if name == "s3":
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-value")
    remote = kind.remote if name == "s3" else with_canary(kind, tmp_path, monkeypatch)
    digest, path = source(tmp_path, b"bytes")

    assert remote.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError) as refused:
        remote.upload(digest, path)
    assert isinstance(remote.trouble, RemoteError)
    for error in (refused.value, remote.trouble):
        assert "canary" not in error.message + error.hint
        assert "403" in error.message


@pytest.mark.parametrize(
    ("url", "looked"),
    [
        ("s3://b/p", ("AWS_ACCESS_KEY_ID", "~/.aws/credentials")),
        ("az://c/p", ("AZURE_STORAGE_CONNECTION_STRING", "az login")),
        ("gs://b/p", ("GOOGLE_APPLICATION_CREDENTIALS", "gcloud auth")),
    ],
)
def test_without_credentials_it_says_where_they_were_looked_for(
    url: str, looked: tuple[str, ...], tmp_path: Path, machine: None
) -> None:
    options = {"account": "account"} if url.startswith("az") else {}
    remote = open_remote(Named("bucket", url, options=options), tmp_path, HURRY._replace(retries=0))
    digest, path = source(tmp_path, b"bytes")

    assert remote.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError) as refused:
        remote.upload(digest, path)

    assert isinstance(remote.trouble, RemoteError)
    for error in (refused.value, remote.trouble):
        assert "credentials were" in error.message
        for place in looked:
            assert place in error.hint


def test_the_profile_of_the_aws_tools_is_enough(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    kind = open_kind("s3", servers, tmp_path, monkeypatch)
    nobody(monkeypatch, tmp_path)
    digest, path = source(tmp_path, b"bytes")
    assert kind.open(HURRY).presence([digest]) == {digest.sha256: None}
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("[profile lab]\nregion = eu-1\n")
    (tmp_path / ".aws/credentials").write_text(f"[lab]\naws_access_key_id={KEY}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_PROFILE", "lab")

    kind.remote.upload(digest, path)

    assert read(kind.remote, digest) == b"bytes"


@pytest.mark.parametrize("fault", ["../../etc/passwd", "sha256/../../x", "a//b", "\u202e"])
def test_a_listing_that_lies_is_an_error_at_worst(
    fault: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    kind = open_kind("s3", servers, tmp_path, monkeypatch)
    entry = "<Contents><Key>{}</Key><Size>5</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
    listed = "".join(entry.format(f"{tmp_path.name}/sha256/{each}") for each in (fault, *[f"ab/{'c' * 62}"] * 2))
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode()
    assert kind.proxy
    kind.proxy.next.append((200, "Content-Type: application/xml\r\n", body))

    with suppress(RemoteError):
        assert list(kind.remote.names()) == [Digest(5, "ab" + "c" * 62)]


@pytest.mark.parametrize("scheme", ["s3", "az"])
@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:9000", "s3.lab.example", "ftp://host", "http://", "http://h:x", "http://h /"]
)
def test_an_endpoint_that_is_no_address_is_named(tmp_path: Path, scheme: str, endpoint: str) -> None:
    with pytest.raises(SettingsError, match=r"mlv\.yaml: \$\.remotes\.lab\.endpoint: .* is no address of a server"):
        open_remote(Named("lab", f"{scheme}://bucket/x", endpoint), tmp_path)


def test_a_token_is_sent_to_no_address_that_mlv_yaml_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    digest, path = source(tmp_path, b"bytes")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sig=canary")
    with proxy() as theirs:
        remote = open_remote(Named("lab", "az://c/x", theirs.address, {"account": "a"}), tmp_path, HURRY)
        assert remote.presence([digest]) == {digest.sha256: None}
        with pytest.raises(RemoteError, match="no token is sent there"):
            remote.upload(digest, path)
        with pytest.raises(SettingsError, match="endpoint"):
            open_remote(Named("lab", "gs://b/x", theirs.address), tmp_path)
        assert theirs.heads == []

        theirs.every = 403
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", ACCOUNT_KEY)
        monkeypatch.setenv("AZURE_STORAGE_TOKEN", "canary")
        with suppress(RemoteError):
            open_remote(Named("lab", "az://c/x", theirs.address, {"account": "a"}), tmp_path, HURRY).upload(
                digest, path
            )
        assert b"SharedKey a:" in theirs.heads[0]
        assert b"canary" not in b"".join(theirs.heads)


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [("s3://b", "obstore", "s3"), ("az://c", "obstore", "azure"), ("gs://b", "google.cloud", "gcs")],
)
def test_without_its_library_a_remote_names_the_extra(
    url: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: None
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    remote = open_remote(Named("lab", url, options={"account": "a"}), tmp_path)
    digest, path = source(tmp_path, b"bytes")

    for attempt in (
        lambda: remote.presence([digest]),
        lambda: remote.upload(digest, path),
        lambda: read(remote, digest),
        lambda: list(remote.names()),
        lambda: remote.delete(digest),
    ):
        with pytest.raises(MachineError) as refused:
            attempt()
        assert refused.value.hint == f"pip install 'mlvgit[{extra}]'"


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "s3:///prefix", "ext::sh -c x://y", "s3://a b/x", "s3://b/../x", "gs://b/a//x", "az://c/x?sig=y"],
)
def test_a_url_of_no_known_kind_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"\$\.remotes\.odd\.url"):
        open_remote(Named("odd", url), tmp_path)


def test_a_region_cannot_become_another_host(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\$\.remotes\.odd\.region"):
        open_remote(Named("odd", "s3://b/x", options={"region": "evil.example/#"}), tmp_path)
