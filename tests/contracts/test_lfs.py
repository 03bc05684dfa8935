"""What a Git LFS server as a remote promises, asked of a real one on loopback, and of one that a proxy makes fail."""

from __future__ import annotations

import hashlib
import json
import shlex
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlvgit.core.digest import Digest
from mlvgit.errors import IntegrityError, RemoteError, SettingsError, UsageError
from mlvgit.records.settings import Remote as Named
from mlvgit.remotes.base import Patience, Remote
from mlvgit.remotes.table import open_remote
from mlvgit.repo.lfshost import LfsHost
from mlvgit.repo.repository import Repository
from mlvgit.store.objects import ObjectStore
from tests.conftest import Sandbox
from tests.contracts.lfs_server import Giftless, Passing, Proxy, certificate, giftless, proxy, token

PATIENCE = Patience(connect=5, silence=20, retries=2)
CANARY = "canary-secret-value"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Giftless]:
    with giftless(tmp_path_factory.mktemp("giftless")) as running:
        yield running


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Giftless]:
    with giftless(tmp_path_factory.mktemp("private"), private=True) as running:
        yield running


@pytest.fixture
def door(server: Giftless, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr("mlvgit.remotes.http.PAUSE", 0.01)
    with proxy(server.port) as running:
        yield running


@pytest.fixture
def guarded(private: Giftless, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before a server that wants to know who asks."""
    monkeypatch.setattr("mlvgit.remotes.http.PAUSE", 0.01)
    with proxy(private.port) as running:
        yield running


def opened(repo: Sandbox, endpoint: str = "", patience: Patience = PATIENCE) -> Remote:
    repository = Repository.open(repo.path, repo.playground.environment())
    return open_remote(
        Named("origin", "lfs", endpoint),
        repo.path,
        patience,
        lambda given: LfsHost(repository, given.name, given.endpoint),
    )


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A repository on the server that no other test uses."""
    return f"team/{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"


@pytest.fixture
def remote(repo: Sandbox, server: Giftless, place: str) -> Remote:
    return opened(repo, server.endpoint(place))


@pytest.fixture
def through(repo: Sandbox, door: Proxy, place: str) -> Remote:
    return opened(repo, door.endpoint(place))


def source(tmp_path: Path, data: bytes) -> tuple[Digest, Path]:
    digest = Digest(len(data), hashlib.sha256(data).hexdigest())
    path = tmp_path / f"source-{digest.sha256[:8]}"
    path.write_bytes(data)
    return digest, path


def read(remote: Remote, digest: Digest) -> bytes:
    with remote.download(digest) as reader:
        return b"".join(iter(lambda: reader.read(1 << 16), b""))


def trouble(remote: Remote) -> str:
    assert remote.trouble is not None
    return f"{remote.trouble.message} {remote.trouble.hint}"


@pytest.mark.parametrize("length", [1, 5_000_000, 40_000_000])
def test_what_is_sent_comes_back(remote: Remote, tmp_path: Path, length: int) -> None:
    digest, path = source(tmp_path, (b"0123456789abcdef" * (length // 16 + 1))[:length])
    assert remote.presence([digest]) == {digest.sha256: False}

    remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: True}
    assert read(remote, digest) == path.read_bytes()


def test_the_empty_file_is_always_there_and_asks_nobody(repo: Sandbox, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"")
    remote = opened(repo, "http://127.0.0.1:9/nobody")

    remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: True}
    assert read(remote, digest) == b""


@pytest.mark.parametrize("length", [10, 40_000_000], ids=["small", "many-portions"])
def test_bytes_that_are_not_what_they_are_called_are_not_sent(remote: Remote, tmp_path: Path, length: int) -> None:
    digest, path = source(tmp_path, b"a" * length)
    path.write_bytes(b"a" * (length - 1) + b"b")

    with pytest.raises(IntegrityError):
        remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: False}


def test_an_object_of_the_wrong_size_is_not_there_and_a_new_upload_heals_it(
    remote: Remote, server: Giftless, place: str, tmp_path: Path
) -> None:
    digest, path = source(tmp_path, b"whole bytes")
    remote.upload(digest, path)
    (server.objects(place) / digest.sha256).write_bytes(b"whole")
    assert remote.presence([digest]) == {digest.sha256: False}

    remote.upload(digest, path)

    assert remote.presence([digest]) == {digest.sha256: True}
    assert read(remote, digest) == b"whole bytes"


def test_an_object_that_the_host_says_to_have_is_refused_when_its_bytes_are_others(
    remote: Remote, server: Giftless, place: str, tmp_path: Path
) -> None:
    digest, path = source(tmp_path, b"the right bytes")
    remote.upload(digest, path)
    (server.objects(place) / digest.sha256).write_bytes(b"the wrong bytes")
    store = ObjectStore(tmp_path / "store")

    assert remote.presence([digest]) == {digest.sha256: True}
    with pytest.raises(IntegrityError), remote.download(digest) as reader:
        store.put(digest, reader)
    assert not store.has(digest)


def test_what_is_not_there_is_named(remote: Remote) -> None:
    with pytest.raises(RemoteError, match="does not have abababab"):
        read(remote, Digest(1, "ab" * 32))


def test_sixteen_that_send_one_object_leave_it_whole(remote: Remote, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"same" * 100_000)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: remote.upload(digest, path), range(16)))

    assert read(remote, digest) == path.read_bytes()


def test_a_server_that_cannot_be_reached_says_unknown_and_fails_by_name(repo: Sandbox, tmp_path: Path) -> None:
    remote = opened(repo, "http://127.0.0.1:9/team/data.git/info/lfs", Patience(retries=0))
    digest, path = source(tmp_path, b"bytes")

    assert remote.presence([digest]) == {digest.sha256: None}
    assert "origin" in trouble(remote)
    assert "nothing listens at 127.0.0.1:9" in trouble(remote)
    with pytest.raises(RemoteError, match="origin"):
        read(remote, digest)
    with pytest.raises(RemoteError, match="origin"):
        remote.upload(digest, path)


def test_it_keeps_whole_files_only_and_neither_lists_nor_deletes(remote: Remote, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"part")

    assert remote.whole_only
    for asked in (
        lambda: remote.presence([digest], "extents"),
        lambda: remote.upload(digest, path, "extents"),
        lambda: remote.download(digest, "extents").__enter__(),
        remote.names,
        lambda: remote.delete(digest),
    ):
        with pytest.raises(UsageError, match="is a Git LFS server, which cannot"):
            asked()


def test_a_name_that_is_no_sha256_is_not_asked_for(remote: Remote) -> None:
    with pytest.raises(IntegrityError):
        read(remote, Digest(1, "../../etc/passwd"))


# Questions


def test_presence_is_asked_by_the_hundred_and_moves_no_bytes(
    through: Remote, door: Proxy, remote: Remote, tmp_path: Path
) -> None:
    digest, path = source(tmp_path, b"there")
    remote.upload(digest, path)
    many = [Digest(7, hashlib.sha256(str(number).encode()).hexdigest()) for number in range(249)]

    answer = through.presence([*many, digest])

    assert answer == {**{each.sha256: False for each in many}, digest.sha256: True}
    assert {each.method for each in door.seen} == {"POST"}
    assert len(door.seen) <= 5  # a question of a hundred that are all lacking is asked once more, as an upload


def test_what_was_found_lacking_is_asked_about_together_when_it_is_sent(
    through: Remote, door: Proxy, tmp_path: Path
) -> None:
    sources = [source(tmp_path, f"object {number}".encode()) for number in range(20)]
    through.presence([digest for digest, _ in sources])

    for digest, path in sources:
        through.upload(digest, path)

    assert sum(each.path.endswith("/objects/batch") for each in door.seen) <= 3
    assert set(through.presence([digest for digest, _ in sources]).values()) == {True}


def test_a_question_that_is_too_large_is_asked_in_halves(through: Remote, door: Proxy) -> None:
    def too_large(passing: Passing) -> bool:
        if len(json.loads(passing.body())["objects"]) <= 3:
            passing.reply(200, [], json.dumps({"objects": []}).encode())
        else:
            passing.reply(413, [], b"{}")
        return True

    door.always.append(too_large)
    many = [Digest(7, hashlib.sha256(str(number).encode()).hexdigest()) for number in range(10)]

    assert set(through.presence(many).values()) == {None}
    assert len(door.seen) == 1 + 2 + 4


# Faults


def status(code: int, *headers: tuple[str, str]) -> object:
    def fault(passing: Passing) -> bool:
        passing.body()
        passing.reply(code, list(headers), b"{}")
        return True

    return fault


def reset(passing: Passing) -> bool:
    passing.reset()
    return True


@pytest.mark.parametrize(
    "faults",
    [[status(429, ("Retry-After", "0"))], [status(503), status(500)], [reset], [reset, status(502)]],
    ids=["429", "503-500", "reset", "reset-502"],
)
def test_what_fails_for_a_moment_is_tried_again(
    through: Remote, door: Proxy, tmp_path: Path, faults: list[object]
) -> None:
    digest, path = source(tmp_path, b"bytes" * 100_000)
    door.faults[:] = faults
    through.upload(digest, path)
    assert not door.faults

    door.faults[:] = faults

    assert read(through, digest) == path.read_bytes()
    assert not door.faults


@pytest.mark.parametrize(
    ("code", "said"), [(503, "HTTP 503"), (507, "its disk is full"), (403, "it does not allow that"), (404, "no LFS")]
)
def test_what_fails_for_good_is_unknown_and_said(
    through: Remote, door: Proxy, tmp_path: Path, code: int, said: str
) -> None:
    digest, path = source(tmp_path, b"bytes")
    door.always.append(status(code))

    assert through.presence([digest]) == {digest.sha256: None}
    assert said in trouble(through)
    with pytest.raises(RemoteError, match=said):
        through.upload(digest, path)


def cut_short(passing: Passing) -> bool:
    if passing.command != "GET":
        return False
    code, headers, body = passing.fetch()
    passing.reply(code, headers, body[: len(body) // 3], length=len(body))
    return True


def test_an_object_that_is_cut_short_is_taken_up_again(through: Remote, door: Proxy, tmp_path: Path) -> None:
    digest, path = source(tmp_path, bytes(range(256)) * 10_000)
    through.upload(digest, path)
    door.faults += [cut_short, cut_short]

    assert read(through, digest) == path.read_bytes()
    assert not door.faults


def ranged(passing: Passing) -> bool:
    asked = passing.headers.get("Range", "")
    if not asked:
        return False
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    _, headers, body = passing.fetch()
    span = ("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    passing.reply(206, [*headers, span], body[start:])
    return True


def test_where_a_host_can_it_goes_on_from_there(through: Remote, door: Proxy, tmp_path: Path) -> None:
    digest, path = source(tmp_path, bytes(range(256)) * 10_000)
    through.upload(digest, path)
    door.always.append(ranged)
    door.faults.append(cut_short)

    assert read(through, digest) == path.read_bytes()
    assert [each.headers["Range"] for each in door.seen if "Range" in each.headers]


def test_an_object_that_is_always_cut_short_fails(through: Remote, door: Proxy, tmp_path: Path) -> None:
    digest, path = source(tmp_path, bytes(range(256)) * 10_000)
    through.upload(digest, path)
    door.always.append(cut_short)

    with pytest.raises(RemoteError, match="broke off"):
        read(through, digest)


def test_a_server_that_falls_silent_is_not_waited_for(repo: Sandbox, door: Proxy, place: str) -> None:
    def silent(passing: Passing) -> bool:
        passing.body()
        passing.rfile.read(1)  # until the other side has gone
        passing.close_connection = True
        return True

    door.always.append(silent)
    remote = opened(repo, door.endpoint(place), Patience(silence=0.3, retries=0))

    assert remote.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}
    assert "said nothing for 0.3 s" in trouble(remote)


HOSTILE = {
    "html": b"<html>Sign in</html>",
    "list": b"[]",
    "deep": b"[" * 100_000,
    "other transfer": b'{"transfer": "tus", "objects": []}',
    "other hash": b'{"hash_algo": "md5", "objects": []}',
    "objects of a wrong kind": b'{"objects": {"a": 1}}',
    "an object of a wrong kind": b'{"objects": [1, null, "x"]}',
    "file": b'{"objects": [{"oid": "%OID", "size": 5, "actions": {"download": {"href": "file:///etc/passwd"}}}]}',
    "no host": b'{"objects": [{"oid": "%OID", "size": 5, "actions": {"download": {"href": "http:///x"}}}]}',
    "password": b'{"objects": [{"oid": "%OID", "size": 5, "actions": {"download": {"href": "http://a:b@localhost/x"}}}]}',
    "line break": b'{"objects": [{"oid": "%OID", "size": 5, "actions": {"download": {"href": "http://127.0.0.1/x\\r\\ny"}}}]}',
    "header": b'{"objects": [{"oid": "%OID", "size": 5, "actions": {"download": {"href": "http://127.0.0.1:9/x", '
    b'"header": {"A": "b\\r\\nHost: c"}}}}]}',
    "error": b'{"objects": [{"oid": "%OID", "size": 5, "error": {"code": "x", "message": 7}}]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_is_none_is_unknown_and_makes_nothing_happen(
    through: Remote, door: Proxy, tmp_path: Path, name: str
) -> None:
    digest, _ = source(tmp_path, b"bytes")

    def lie(passing: Passing) -> bool:
        passing.body()
        passing.reply(200, [], HOSTILE[name].replace(b"%OID", digest.sha256.encode()))
        return True

    door.always.append(lie)

    assert through.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError):
        read(through, digest)


def test_an_answer_without_end_is_not_read_to_its_end(through: Remote, door: Proxy, monkeypatch) -> None:
    monkeypatch.setattr("mlvgit.remotes.lfsbatch._MOST", 1000)

    def endless(passing: Passing) -> bool:
        passing.body()
        passing.reply(200, [], b" " * 100_000)
        return True

    door.always.append(endless)

    assert through.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}
    assert "no end" in trouble(through)


def test_an_object_is_read_one_byte_too_far_at_most(through: Remote, door: Proxy, tmp_path: Path) -> None:
    digest, path = source(tmp_path, b"short")
    through.upload(digest, path)

    def more(passing: Passing) -> bool:
        if passing.command != "GET":
            return False
        passing.reply(200, [], b"short and much more" * 100_000)
        return True

    door.always.append(more)

    assert len(read(through, digest)) == digest.size + 1


# Who asks


def helper(repo: Sandbox, password: str, user: str = "_jwt") -> Path:
    """Let `git credential` give these, and write down what it is told."""
    told = repo.playground.folder / "told"
    script = repo.playground.folder / "helper"
    script.write_text(
        f'#!/bin/sh\n{{ echo "$1"; cat; }} >>{shlex.quote(str(told))}\n'
        f'[ "$1" = get ] && printf "username=%s\\npassword=%s\\n" {shlex.quote(user)} {shlex.quote(password)}\nexit 0\n'
    )
    script.chmod(0o755)
    repo.config("credential.helper", str(script))
    return told


def test_a_private_server_is_told_who_asks_once_git_says_so(
    repo: Sandbox, guarded: Proxy, place: str, tmp_path: Path
) -> None:
    told = helper(repo, token())
    remote = opened(repo, guarded.endpoint(place))
    digest, path = source(tmp_path, b"private")

    remote.upload(digest, path)

    assert read(remote, digest) == b"private"
    assert told.read_text().split("\n").count("store") == 1
    assert "erase" not in told.read_text()


def test_a_refused_credential_is_unknown_forgotten_and_shows_no_secret(
    repo: Sandbox, guarded: Proxy, place: str, tmp_path: Path
) -> None:
    told = helper(repo, CANARY)
    remote = opened(repo, guarded.endpoint(place))
    digest, path = source(tmp_path, b"private")

    assert remote.presence([digest]) == {digest.sha256: None}
    with pytest.raises(RemoteError) as refused:
        remote.upload(digest, path)

    assert "HTTP 401" in refused.value.message
    assert "refused the credentials of _jwt that git credential gave" in refused.value.message
    assert "no credential" not in refused.value.message + refused.value.hint
    assert CANARY not in refused.value.message + refused.value.hint + trouble(remote)
    assert "erase" in told.read_text().split("\n")


def test_a_token_in_place_of_the_name_is_not_shown(repo: Sandbox, guarded: Proxy, place: str) -> None:
    helper(repo, "x-oauth-basic", user=CANARY)
    remote = opened(repo, guarded.endpoint(place))

    assert remote.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}

    assert "refused the credentials that git credential gave" in trouble(remote)
    assert CANARY not in trouble(remote)


def test_who_has_no_credential_is_told_so(repo: Sandbox, guarded: Proxy, place: str) -> None:
    remote = opened(repo, guarded.endpoint(place))

    assert remote.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}

    assert "git credential has none for it" in trouble(remote)


def test_a_host_that_says_a_secret_back_is_not_repeated(repo: Sandbox, guarded: Proxy, place: str) -> None:
    helper(repo, CANARY)

    def echo(passing: Passing) -> bool:
        if "Authorization" not in passing.headers:
            return False
        said = f"you said {passing.headers['Authorization']} and {CANARY}"
        passing.body()
        passing.reply(403, [], json.dumps({"message": said}).encode())
        return True

    guarded.always.append(echo)
    remote = opened(repo, guarded.endpoint(place))

    remote.presence([Digest(1, "ab" * 32)])

    assert "you said ***" in trouble(remote)
    assert CANARY not in trouble(remote)


def test_a_redirect_to_another_host_gets_no_credential_and_one_to_the_same_does(
    repo: Sandbox, guarded: Proxy, private: Giftless, place: str, tmp_path: Path
) -> None:
    helper(repo, token())
    digest, _ = source(tmp_path, b"bytes")
    with proxy(private.port) as other:

        def elsewhere(passing: Passing) -> bool:
            if "Authorization" not in passing.headers:
                return False
            passing.body()
            passing.reply(307, [("Location", other.url + passing.path)], b"")
            return True

        guarded.always.append(elsewhere)
        assert opened(repo, guarded.endpoint(place)).presence([digest]) == {digest.sha256: None}
        assert other.seen
        assert not any("authorization" in name.lower() for each in other.seen for name in each.headers)

        guarded.always.clear()
        guarded.faults.append(
            lambda passing: (
                (passing.body(), passing.reply(307, [("Location", passing.path)], b""))[0] is not None
                if "Authorization" in passing.headers
                else False
            )
        )
        assert opened(repo, guarded.endpoint(place)).presence([digest]) == {digest.sha256: False}
        assert not guarded.faults


def test_an_address_on_another_host_gets_only_the_headers_that_go_with_it(
    repo: Sandbox, guarded: Proxy, private: Giftless, place: str, tmp_path: Path
) -> None:
    helper(repo, token())
    digest, path = source(tmp_path, b"bytes")
    opened(repo, guarded.endpoint(place)).upload(digest, path)
    with proxy(private.port) as other:

        def hand_over(passing: Passing) -> bool:
            code, headers, body = passing.fetch()
            answer = json.loads(body)
            if code == 200:
                answer["objects"][0]["actions"]["download"] = {"href": f"{other.url}/x", "header": {"X-Only": "this"}}
                answer["objects"][0]["authenticated"] = False
            passing.reply(code, headers, json.dumps(answer).encode())
            return True

        other.always.append(lambda passing: (passing.reply(200, [], b"bytes"), True)[1])
        guarded.always.append(hand_over)

        assert read(opened(repo, guarded.endpoint(place)), digest) == b"bytes"
        assert [each.headers.get("X-Only") for each in other.seen] == ["this"]
        assert "Authorization" not in other.seen[0].headers


def test_no_credential_is_sent_over_http_to_another_machine(repo: Sandbox) -> None:
    repo.config("http.extraHeader", f"Authorization: Bearer {CANARY}")
    remote = opened(repo, "http://lfs.invalid/team/data.git/info/lfs")

    assert remote.presence([Digest(1, "ab" * 32)]) == {"ab" * 32: None}

    assert "http, over which no credential is sent" in trouble(remote)
    assert CANARY not in trouble(remote)


def test_the_header_that_ci_gives_git_is_sent_along(repo: Sandbox, guarded: Proxy, place: str) -> None:
    repo.config(f"http.{guarded.url}/.extraHeader", f"Authorization: Bearer {token()}")

    assert opened(repo, guarded.endpoint(place)).presence([Digest(1, "ab" * 32)]) == {"ab" * 32: False}


def test_an_endpoint_that_is_no_address_is_refused(repo: Sandbox) -> None:
    with pytest.raises(SettingsError):
        opened(repo, "ext::sh -c id")


def test_who_waits_together_is_asked_about_together(through: Any, door: Proxy, remote: Remote, tmp_path: Path) -> None:
    sources = [source(tmp_path, f"object {number}".encode()) for number in range(16)]
    for digest, path in sources:
        remote.upload(digest, path)
    let = threading.Event()
    door.faults.append(lambda passing: not let.wait(10))

    with ThreadPoolExecutor(16) as pool:
        reads = [pool.submit(read, through, digest) for digest, _ in sources]
        while len(through._waiting) < 15:  # the first one asks, the others have come to wait
            pass
        let.set()
        assert [each.result() for each in reads] == [path.read_bytes() for _, path in sources]

    assert sum(each.path.endswith("/objects/batch") for each in door.seen) == 2


def test_messages_say_where_the_server_was_found(repo: Sandbox) -> None:
    repo.config("lfs.url", "http://ada:geheim@127.0.0.1:9/team/data.git/info/lfs")
    remote = opened(repo, patience=Patience(retries=0))

    remote.presence([Digest(1, "ab" * 32)])

    assert "origin (http://127.0.0.1:9/team/data.git/info/lfs)" in trouble(remote)
    assert "geheim" not in trouble(remote)


def test_over_https_a_host_must_be_trusted_and_is_not_followed_to_http(
    repo: Sandbox, server: Giftless, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, path = source(tmp_path, b"bytes")
    made = certificate(tmp_path)
    with proxy(server.port) as door:
        door.speak_tls(made)

        stranger = opened(repo, door.endpoint(place), Patience(retries=0))
        assert stranger.presence([digest]) == {digest.sha256: None}
        assert "its certificate is not trusted" in trouble(stranger)

        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        known = opened(repo, door.endpoint(place), Patience(retries=0))
        with pytest.raises(RemoteError, match="from https to http"):  # the server behind knows nothing of TLS
            known.upload(digest, path)

        door.always.append(
            lambda passing: (passing.body(), passing.reply(302, [("Location", server.url)], b""), True)[2]
        )
        assert known.presence([digest]) == {digest.sha256: None}
        assert "from https to http" in trouble(known)
