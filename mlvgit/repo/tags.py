"""Model tags: annotated tags that vouch for a model version, with a sentence for people and trailers for machines."""

import re
from typing import TYPE_CHECKING, NamedTuple

from mlvgit.core.references import is_model_name
from mlvgit.core.versions import is_model_version
from mlvgit.errors import GitError, MachineError, RefusedError
from mlvgit.records.layout import Key
from mlvgit.repo.git import decode
from mlvgit.rules.model import TagFacts

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["ModelTag", "create_tag", "list_model_tags", "parse_tag", "read_tag", "tag_message", "tag_ref_name"]

_TAGS = "refs/tags/"
_SIGNATURE = re.compile(r"^-----BEGIN (?:PGP SIGNATURE|PGP MESSAGE|SSH SIGNATURE|SIGNED MESSAGE)-----", re.MULTILINE)
_TRAILER = re.compile(r"(Mlv-[A-Za-z0-9-]+):[ \t]*(.*)")
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLAIN = re.compile(r"refs/tags/[A-Za-z0-9_+.=@/-]+")


class ModelTag(NamedTuple):
    """A model tag, as its own text states it; nothing here is proved.

    Attributes:
        ref: full name of the ref, `refs/tags/iris_clf@v0.2.0`; "" when read by object id.
        name: the ref without `refs/tags/`.
        model: the model that it names.
        version: its version.
        root: the mlv root, "" for the top of the repository.
        tag_oid: the tag object.
        commit: the commit that it points to.
        manifest_sha256: SHA-256 of the manifest's bytes.
        tree_sha256: the identity that it vouches for.
        run: id of the training run, "" when none was named.
        data: snapshots that the version was trained on.
        tagger: `Name <email>`.
        at: when, in seconds since 1970 (UTC), by the tagger's clock.
        signed: whether it carries a signature, valid or not.
        header_name: the name inside the tag object; Git does not check that it is the ref's.
        trailers: every `Mlv-` trailer, in order.
    """

    ref: str
    name: str
    model: str
    version: str
    root: str
    tag_oid: str
    commit: str
    manifest_sha256: str
    tree_sha256: str
    run: str
    data: tuple[str, ...]
    tagger: str
    at: int
    signed: bool
    header_name: str
    trailers: tuple[tuple[str, str], ...]

    @property
    def key(self) -> Key:
        """What it vouches for."""
        return Key(self.root, "model", self.model, self.version)

    def facts(self) -> TagFacts:
        """Return what rules look at."""
        return TagFacts(
            ref=self.ref,
            header_name=self.header_name,
            root=self.root,
            model=self.model,
            version=self.version,
            commit=self.commit,
            tree_sha256=self.tree_sha256,
            manifest_sha256=self.manifest_sha256,
        )


def tag_ref_name(root: str, model: str, version: str) -> str:
    """Return the tag's name: `iris_clf@v0.2.0`, `team/a=iris_clf@v0.2.0` in a root that is not the top."""
    return f"{root}={model}@{version}" if root else f"{model}@{version}"


def list_model_tags(repo: "Repository", model: str | None = None) -> list[ModelTag]:
    """Return the model tags of the repository, by ref name.

    Args:
        repo: where to look.
        model: only tags whose ref names this model, in any root; other tag objects are not read.
    """
    lines = repo.git.text("for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", _TAGS).split("\n")
    refs = [(oid, ref) for oid, kind, ref in (line.split(" ", 2) for line in lines if line) if kind == "tag"]
    if model is not None:
        refs = [(oid, ref) for oid, ref in refs if _may_name(ref, model)]
    found = []
    for (oid, ref), read in zip(refs, repo.objects(oid for oid, _ in refs), strict=True):
        tag = parse_tag(ref, oid, read[1]) if read is not None else None
        if tag is not None and model in (None, tag.model):
            found.append(tag)
    return [tag._replace(commit=commit) for tag, commit in zip(found, _peel(repo, found), strict=True)]


def _peel(repo: "Repository", tags: list[ModelTag]) -> list[str]:
    """Return the commits that tags point to, through tags of tags; "" for something else, or what is not here."""
    if not tags:
        return []
    asked = "".join(f"{tag.commit}^{{commit}}\n" for tag in tags).encode("ascii", "replace")
    answers = repo.git.text("cat-file", "--batch-check=%(objectname) %(objecttype)", input=asked).split("\n")
    return [answer.removesuffix(" commit") if answer.endswith(" commit") else "" for answer in answers]


def _may_name(ref: str, model: str) -> bool:
    return ref.removeprefix(_TAGS).rpartition("=")[2].startswith(model + "@")


def read_tag(repo: "Repository", ref_or_oid: str, ref: str = "") -> ModelTag | None:
    """Return one model tag; None when there is no such ref or object, or when it is no model tag of ours.

    Args:
        repo: where to look.
        ref_or_oid: a name below `refs/tags/`, a full ref, or the full id of a tag object.
        ref: for an id, the ref that it is to be judged by.
    """
    if not _OID.fullmatch(ref_or_oid):
        ref = ref_or_oid if ref_or_oid.startswith("refs/") else _TAGS + ref_or_oid
        # a plain name is asked of the process that runs anyway
        ref_or_oid = ref if _PLAIN.fullmatch(ref) else _oid_of(repo, ref)
    found = repo.object(ref_or_oid) if ref_or_oid else None
    if found is None or found[1] != "tag":
        return None
    tag = parse_tag(ref, found[0], found[2])
    if tag is None:
        return None
    commit = repo.object(tag.commit + "^{commit}")
    return tag._replace(commit=commit[0] if commit else "")


def _oid_of(repo: "Repository", ref: str) -> str:
    if "\0" in ref or "\n" in ref:
        return ""
    return repo.git.text("rev-parse", "--verify", "--quiet", "--end-of-options", ref, ok=(0, 1, 128))


def parse_tag(ref: str, oid: str, raw: bytes) -> ModelTag | None:
    """Parse a tag object's own bytes up to its signature; None when it carries no `Mlv-Model`.

    Git's `%(contents:trailers)` is empty for tags signed by ssh, so that the payload is read here.

    Args:
        ref: the ref that names it.
        oid: its id.
        raw: its contents.
    """
    head, _, body = decode(raw).partition("\n\n")
    headers = dict(line.partition(" ")[::2] for line in reversed(head.split("\n")))
    signature = list(_SIGNATURE.finditer(body))[-1:]  # Git takes the last one for the signature
    payload = body[: signature[0].start()] if signature else body
    trailers = _trailers(payload)
    first = _once(trailers)
    model, version = first.get("Mlv-Model", ""), first.get("Mlv-Version", "")
    if not model or headers.get("type") not in ("commit", "tag") or not _OID.fullmatch(headers.get("object", "")):
        return None
    who, at = _tagger(headers.get("tagger", ""))
    name = ref.removeprefix(_TAGS)
    return ModelTag(
        ref=ref,
        name=name,
        model=model,
        version=version,
        root=_root(headers.get("tag", ""), model, version),
        tag_oid=oid,
        commit=headers["object"],
        manifest_sha256=first.get("Mlv-Manifest-SHA256", ""),
        tree_sha256=first.get("Mlv-Tree-SHA256", ""),
        run=first.get("Mlv-Run", ""),
        data=tuple(value for key, value in trailers if key == "Mlv-Data"),
        tagger=who,
        at=at,
        signed=bool(signature) or "gpgsig" in headers or "gpgsig-sha256" in headers,
        header_name=headers.get("tag", ""),
        trailers=tuple(trailers),
    )


def _trailers(payload: str) -> list[tuple[str, str]]:
    """Return the `Mlv-` lines of the last paragraph."""
    last = payload.rstrip().rpartition("\n\n")[2]
    return [(match[1], match[2].strip()) for line in last.split("\n") if (match := _TRAILER.fullmatch(line))]


def _once(trailers: list[tuple[str, str]]) -> dict[str, str]:
    """Return key -> value; what is said twice differently is neither, since another reader may take the other one."""
    found: dict[str, str] = {}
    for key, value in trailers:
        found[key] = value if found.get(key, value) == value else f"{found[key]} and {value}"
    return found


def _tagger(text: str) -> tuple[str, int]:
    words = text.rsplit(" ", 2)
    if len(words) < 3 or not re.fullmatch(r"[0-9]{1,15}", words[1]):
        return text, 0
    return words[0], int(words[1])


def _root(header_name: str, model: str, version: str) -> str:
    root, equals, rest = header_name.rpartition("=")
    return root if equals and rest == f"{model}@{version}" else ""


def tag_message(
    *,
    model: str,
    version: str,
    manifest_sha256: str,
    tree_sha256: str,
    run: str = "",
    data: tuple[str, ...] = (),
    sentence: str = "",
) -> str:
    """Return the message of a model tag: a sentence for people, and the trailers.

    Raises:
        RefusedError: a value would break out of its line.
    """
    trailers = [
        ("Mlv-Model", model),
        ("Mlv-Version", version),
        ("Mlv-Manifest-SHA256", manifest_sha256),
        ("Mlv-Tree-SHA256", tree_sha256),
        *([("Mlv-Run", run)] if run else []),
        *(("Mlv-Data", name) for name in data),
    ]
    if (
        not is_model_name(model)
        or not is_model_version(version)
        or any(not value.isprintable() for _, value in trailers)
    ):
        raise RefusedError(f"{model}@{version} cannot be written into a tag")
    text = sentence.strip() or f"Model {model} {version}"
    return text + "\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers)


def create_tag(repo: "Repository", name: str, commit: str, message: str, *, sign: bool = False) -> ModelTag:
    """Make an annotated tag, signed by Git's own gpg or ssh signing when asked, and read it back.

    Args:
        repo: where to make it.
        name: from `tag_ref_name`.
        commit: a full id.
        message: from `tag_message`.
        sign: whether to sign it.

    Raises:
        RefusedError: the tag exists.
        GitError: Git could not make it.
        MachineError: what was made is not what was asked; an unsigned tag in the place of a signed one is removed.
    """
    ref = _TAGS + name
    if _oid_of(repo, ref):
        raise RefusedError(f"the tag {name} exists already", hint=f"git show {name}")
    kind = "--sign" if sign else "--annotate"
    args = ["-c", "core.fsync=committed", *([] if sign else ["-c", "tag.gpgSign=false"])]
    try:
        repo.git.porcelain(
            *args,
            "tag",
            kind,
            "--cleanup=verbatim",
            "--file=-",
            "--end-of-options",
            name,
            commit,
            input=message.encode(),
        )
    except GitError as error:
        if "already exists" in error.stderr:
            raise RefusedError(f"the tag {name} exists already", hint=f"git show {name}") from error
        raise
    made = read_tag(repo, ref)
    if made is not None and sign and not made.signed:  # Git 2.39 makes the tag, and ends with 0, when ssh has no key
        repo.git.run("update-ref", "-d", ref, made.tag_oid)
        raise MachineError(f"the tag {name} could not be signed", hint="git config --get-regexp 'user.signingkey|gpg'")
    if made is None or (made.commit, made.header_name) != (commit, name) or _trailers(message) != list(made.trailers):
        raise MachineError(f"the tag {name} reads otherwise than it was written", hint=f"git show {name}")
    return made
