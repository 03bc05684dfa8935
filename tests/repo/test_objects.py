"""Objects by id: every size, missing, corrupt, replaced, streamed."""

import hashlib
import os
import sys

import pytest

from mlvgit.core.digest import of_bytes
from mlvgit.errors import GitError
from mlvgit.repo.git import Git
from mlvgit.repo.objects import Objects


def test_objects_of_every_size_are_read_one_after_the_other(repo):
    git = Git(repo.path)
    contents = [b"", b"\n", b"x", b"\n\n\n", b"a" * (1 << 18), os.urandom((1 << 18) + 1), b"missing\n" * 100_000]
    oids = [git.text("hash-object", "-w", "--stdin", input=data) for data in contents]
    objects = Objects(git)

    assert [objects.read(oid) for oid in oids] == [(o, "blob", c) for o, c in zip(oids, contents, strict=True)]
    assert dict(objects.digests(oids)) == {o: of_bytes(c) for o, c in zip(oids, contents, strict=True)}


def test_what_is_not_here_is_none(repo):
    objects = Objects(Git(repo.path))
    zero = "0" * len(repo.git("hash-object", "--stdin", input="").out.strip())

    assert objects.read(zero) is None
    assert objects.read("HEAD") is None
    assert list(objects.digests([zero])) == [(zero, None)]
    assert list(objects.digests([])) == []


def test_an_object_written_later_is_seen(repo):
    objects = Objects(Git(repo.path))
    assert objects.read("HEAD") is None

    oid = repo.commit()

    assert objects.read("HEAD")[0] == oid


def test_a_corrupt_object_is_an_error_and_the_next_question_works(repo):
    git = Git(repo.path)
    good = git.text("hash-object", "-w", "--stdin", input=b"good")
    bad = git.text("hash-object", "-w", "--stdin", input=os.urandom(200_000))
    file = repo / ".git" / "objects" / bad[:2] / bad[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:100_000])
    objects = Objects(git)

    with pytest.raises(GitError):
        objects.read(bad)
    with pytest.raises(GitError):
        list(objects.digests([bad]))
    assert objects.read(good)[2] == b"good"


def test_a_process_that_was_ended_from_outside_is_started_again(repo):
    oid = repo.commit()
    objects = Objects(Git(repo.path))
    objects.read(oid)
    os.kill(objects._process._pid, 9)
    os.waitid(os.P_PID, objects._process._pid, os.WEXITED | os.WNOWAIT)

    assert objects.read(oid)[0] == oid


def test_a_forked_copy_ends_nothing_of_ours(repo):
    oid = repo.commit()
    objects = Objects(Git(repo.path))
    objects.read(oid)
    child = os.fork()
    if not child:
        objects.close()
        os._exit(0)
    os.waitpid(child, 0)

    os.kill(objects._process._pid, 0)
    assert objects.read(oid)[0] == oid


def test_a_replaced_object_is_not_believed(repo):
    repo.write("a", "true")
    first = repo.commit()
    repo.write("a", "false")
    second = repo.commit()
    repo.git("replace", first, second)

    objects = Objects(Git(repo.path))

    assert b"A commit" in objects.read(first)[2]
    assert objects.read(f"{first}^{{tree}}")[0] != objects.read(f"{second}^{{tree}}")[0]


def test_a_large_blob_is_digested_without_being_held(repo):
    data = b"0123456789abcdef" * 65536
    path = repo / "large"
    whole = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(64):
            file.write(data)
            whole.update(data)
    script = (
        f"import sys, resource; sys.path.insert(0, {os.getcwd()!r})\n"
        "from mlvgit.repo.git import Git\nfrom mlvgit.repo.objects import Objects\n"
        "git = Git('.'); oid = git.text('hash-object', '-w', 'large')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "(_, digest), = Objects(git).digests([oid])\n"
        "print(digest.sha256, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )

    sha256, grown = repo.run(sys.executable, "-c", script).out.split()

    assert sha256 == whole.hexdigest()
    assert int(grown) < 32 * 1024 * (1024 if sys.platform == "darwin" else 1)
