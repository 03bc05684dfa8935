"""Model tags: made, read back, told from other tags, never believed beyond what they say."""

import pytest

from mlvgit.errors import MachineError, RefusedError
from mlvgit.repo import tags
from mlvgit.repo.repository import Repository
from mlvgit.repo.tags import create_tag, list_model_tags, parse_tag, read_tag, tag_message, tag_ref_name

MANIFEST, TREE = "a" * 64, "b" * 64


def message(model="iris_clf", version="v0.2.0", **more):
    return tag_message(model=model, version=version, manifest_sha256=MANIFEST, tree_sha256=TREE, **more)


@pytest.fixture(params=["sha1", "sha256"])
def tagged(request, playground):
    """A repository with one commit and one model tag, and tags that are not ours."""
    repo = playground.init("repo", f"--object-format={request.param}")
    repo.commit()
    opened = Repository.open(repo.path)
    create_tag(opened, "iris_clf@v0.2.0", opened.head(), message(run="r-1", data=("iris_v0.1", "wine_v2.0.1")))
    repo.git("tag", "light@v1.0.0")
    repo.git("tag", "-a", "-m", "A release\n\nReviewed-by: someone", "gto@v0.1.0")
    repo.git("tag", "-a", "-m", "A plain release", "v1.0.0")
    return repo


@pytest.fixture
def ssh_key(repo):
    """Sign by ssh with a fresh key."""
    key = repo.playground.home / "key"
    if repo.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key), check=False).status:
        pytest.skip("no ssh-keygen")
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(key))
    return key


def test_a_tag_says_what_it_was_made_of(tagged):
    opened = Repository.open(tagged.path)

    tag = read_tag(opened, "iris_clf@v0.2.0")

    assert tag.ref == "refs/tags/iris_clf@v0.2.0"
    assert tag.name == tag.header_name == "iris_clf@v0.2.0"
    assert (tag.root, tag.model, tag.version) == ("", "iris_clf", "v0.2.0")
    assert tag.commit == tagged.head()
    assert tag.tag_oid == tagged.head("iris_clf@v0.2.0")
    assert (tag.manifest_sha256, tag.tree_sha256) == (MANIFEST, TREE)
    assert (tag.run, tag.data) == ("r-1", ("iris_v0.1", "wine_v2.0.1"))
    assert tag.tagger == "Ada Tester <ada@example.com>"
    assert tag.at > 1_700_000_000
    assert not tag.signed
    assert tag.facts().tree_sha256 == TREE
    assert tag.facts().ref == tag.ref


def test_only_annotated_tags_that_carry_our_trailer_are_ours(tagged):
    opened = Repository.open(tagged.path)

    assert [tag.name for tag in list_model_tags(opened)] == ["iris_clf@v0.2.0"]
    for other in ("light@v1.0.0", "gto@v0.1.0", "v1.0.0", "nothing", "a\0b", "a\nb", ""):
        assert read_tag(opened, other) is None, other


def test_a_tag_is_read_by_name_ref_or_id(tagged):
    opened = Repository.open(tagged.path)
    by_name = read_tag(opened, "iris_clf@v0.2.0")

    assert read_tag(opened, "refs/tags/iris_clf@v0.2.0") == by_name
    assert read_tag(opened, by_name.tag_oid, by_name.ref) == by_name
    assert read_tag(opened, by_name.tag_oid).ref == ""
    assert read_tag(opened, tagged.head()) is None


def test_git_itself_shows_the_sentence_and_the_trailers(tagged):
    shown = tagged.git(
        "for-each-ref",
        "--format=%(contents:subject)|%(contents:trailers:key=Mlv-Data,valueonly)",
        "refs/tags/iris_clf@v0.2.0",
    )

    assert shown.out == "Model iris_clf v0.2.0|iris_v0.1\nwine_v2.0.1\n\n"


def test_an_existing_tag_of_any_kind_is_never_replaced(tagged):
    opened = Repository.open(tagged.path)
    before = tagged.git("show-ref", "--tags").out

    for name in ("iris_clf@v0.2.0", "light@v1.0.0"):
        with pytest.raises(RefusedError, match="exists already"):
            create_tag(opened, name, opened.head(), message())

    assert tagged.git("show-ref", "--tags").out == before


def test_a_tag_of_a_root_below_the_top_names_it(tagged):
    opened = Repository.open(tagged.path)
    name = tag_ref_name("teams/a", "iris_clf", "v0.2.0")
    assert name == "teams/a=iris_clf@v0.2.0"

    made = create_tag(opened, name, opened.head(), message())

    assert made.root == "teams/a"
    assert {tag.root for tag in list_model_tags(opened, "iris_clf")} == {"", "teams/a"}


def test_tags_of_one_model_are_found_without_reading_the_others(tagged, monkeypatch):
    opened = Repository.open(tagged.path)
    for number in range(5):
        create_tag(opened, f"other@v0.{number}.0", opened.head(), message("other", f"v0.{number}.0"))
    create_tag(opened, "iris_clf_2@v0.1.0", opened.head(), message("iris_clf_2", "v0.1.0"))
    read = []
    usual = parse_tag
    monkeypatch.setattr(tags, "parse_tag", lambda *args: read.append(args[0]) or usual(*args))

    found = list_model_tags(opened, "iris_clf")

    assert [tag.name for tag in found] == ["iris_clf@v0.2.0"]
    assert read == ["refs/tags/iris_clf@v0.2.0"]


def test_a_tag_whose_ref_has_another_name_shows_both(tagged):
    tagged.git("update-ref", "refs/tags/iris_clf@v0.3.0", tagged.head("iris_clf@v0.2.0"))

    tag = read_tag(Repository.open(tagged.path), "iris_clf@v0.3.0")

    assert (tag.name, tag.header_name, tag.version) == ("iris_clf@v0.3.0", "iris_clf@v0.2.0", "v0.2.0")


def test_a_tag_of_a_tag_counts_for_the_commit_below(tagged):
    tagged.git(
        "tag", "-a", "-F", "-", "--cleanup=verbatim", "nested@v1.0.0", "v1.0.0", input=message("nested", "v1.0.0")
    )

    assert read_tag(Repository.open(tagged.path), "nested@v1.0.0").commit == tagged.head()


def test_a_model_tag_on_something_that_is_no_commit_names_none(tagged):
    tagged.git(
        "tag", "-a", "-F", "-", "--cleanup=verbatim", "tree@v1.0.0", "HEAD^{tree}", input=message("tree", "v1.0.0")
    )
    opened = Repository.open(tagged.path)

    assert read_tag(opened, "tree@v1.0.0") is None


def test_a_ref_that_looks_like_an_option_is_in_nobodys_way(tagged):
    tagged.git("update-ref", "refs/tags/--output=x", tagged.head())
    tagged.git("update-ref", "refs/tags/--output=y", tagged.head("iris_clf@v0.2.0"))
    opened = Repository.open(tagged.path)

    assert {tag.name for tag in list_model_tags(opened)} == {"--output=y", "iris_clf@v0.2.0"}
    assert read_tag(opened, "--output=y").header_name == "iris_clf@v0.2.0"
    assert not (tagged / "x").exists()


class TestSigning:
    def test_a_tag_signed_by_ssh_is_read_like_any_other(self, repo, ssh_key):
        repo.commit()
        opened = Repository.open(repo.path)

        made = create_tag(opened, "iris_clf@v0.2.0", opened.head(), message(data=("iris_v0.1",)), sign=True)

        assert made.signed
        assert (made.tree_sha256, made.data) == (TREE, ("iris_v0.1",))
        allowed = repo.playground.home / "allowed"
        allowed.write_text("ada@example.com " + ssh_key.with_suffix(".pub").read_text())
        repo.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-tag", "iris_clf@v0.2.0")

    def test_signing_without_a_key_fails_and_leaves_no_tag(self, repo):
        repo.commit()
        repo.config("gpg.format", "ssh")
        repo.config("user.signingKey", "/no/such/key")
        opened = Repository.open(repo.path)

        with pytest.raises(MachineError):  # GitError is one
            create_tag(opened, "iris_clf@v0.2.0", opened.head(), message(), sign=True)

        assert read_tag(opened, "iris_clf@v0.2.0") is None

    def test_a_tag_is_not_signed_unless_asked_whatever_the_configuration_says(self, repo):
        repo.commit()
        repo.config("tag.gpgSign", "true")
        opened = Repository.open(repo.path)

        assert not create_tag(opened, "iris_clf@v0.2.0", opened.head(), message()).signed


class TestHostile:
    OBJECT = "object " + "1" * 40 + "\ntype commit\ntag m@v1.0.0\ntagger A <a@b> 1767225600 +0000\n\n"

    def parse(self, text):
        return parse_tag("refs/tags/m@v1.0.0", "2" * 40, text.encode("utf-8", "surrogateescape"))

    def test_trailers_after_the_signature_do_not_count(self):
        text = (
            self.OBJECT
            + "Words\n\n-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n\n"
            + "Mlv-Model: m\nMlv-Version: v1.0.0\n"
        )

        assert self.parse(text) is None

    def test_trailers_in_the_middle_of_the_message_do_not_count(self):
        assert self.parse(self.OBJECT + "Words\n\nMlv-Model: m\n\nThe end\n") is None

    def test_of_two_headers_the_first_counts_and_of_two_trailers_none(self):
        text = (
            self.OBJECT.replace("tag m", "tag m@v1.0.0\ntag x", 1)
            + "Words\n\nMlv-Model: m\nMlv-Model: x\nMlv-Version: v1.0.0\n"
        )
        tag = self.parse(text)

        assert (tag.model, tag.header_name) == ("m and x", "m@v1.0.0")
        assert tag.trailers.count(("Mlv-Model", "x")) == 1

    @pytest.mark.parametrize(
        "text", ["", "\n\n", "type commit", "type commit\n\nMlv-Model:\n", "\n\nMlv-Model: m", "\udcff\n\n\udcff"]
    )
    def test_what_is_no_tag_is_none(self, text):
        assert self.parse(text) is None

    @pytest.mark.parametrize(
        "tagger", ["", "tagger\n", "tagger A <a@b> x +0000\n", "tagger A <a@b> 99999999999999999999 +0000\n"]
    )
    def test_a_broken_date_is_no_date(self, tagger):
        text = (
            "object "
            + "1" * 40
            + "\ntype commit\ntag m@v1.0.0\n"
            + tagger
            + "\nWords\n\nMlv-Model: m\nMlv-Version: v1.0.0\n"
        )

        assert self.parse(text).at == 0

    @pytest.mark.parametrize(
        "fields",
        [
            {"model": "a b"},
            {"model": "-x"},
            {"version": "0.1"},
            {"run": "r\nMlv-Model: other"},
            {"data": ("iris_v0.1\n\nx",)},
            {"data": ("\x1b[31m",)},
        ],
    )
    def test_a_value_that_would_break_its_line_is_refused(self, fields):
        with pytest.raises(RefusedError):
            message(**fields)

    def test_a_sentence_cannot_take_the_trailers_place(self):
        text = message(sentence="Reviewed\n\nMlv-Model: other")

        assert self.parse(self.OBJECT + text).model == "iris_clf"
