"""`git mlv tag-model`, `promote` and `rollback`."""

import argparse

from mlvgit.actions.project import Project
from mlvgit.actions.stages import StageChange, promote, rollback
from mlvgit.actions.tagging import find_tag, tag_model
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import printable, short
from mlvgit.errors import UsageError
from mlvgit.repo.history import remotes
from mlvgit.repo.tags import tag_ref_name

__all__ = [
    "configure_promote",
    "configure_rollback",
    "configure_tag_model",
    "run_promote",
    "run_rollback",
    "run_tag_model",
]


def configure_tag_model(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv tag-model`."""
    parser.description = "Make the annotated tag MODEL@VERSION on the commit that holds the version."
    parser.epilog = (
        "examples:\n"
        "  git mlv tag-model iris_clf v0.2.0\n"
        "  git mlv tag-model iris_clf v0.2.0 --sign\n"
        "  git push --atomic origin main iris_clf@v0.2.0\n"
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("--commit", default="HEAD", metavar="REV", help="the commit to tag (HEAD)")
    parser.add_argument("--sign", action="store_true", help="sign it with Git's own gpg or ssh signing")
    parser.add_argument("--verify", action="store_true", help="check an existing tag and its signature instead")
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="a sentence for people")
    add_json(parser)


def run_tag_model(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv tag-model`."""
    project = Project.open()
    if args.verify:
        return _verify_tag(project, args, output)
    result = tag_model(project, args.model, args.version, commit=args.commit, sign=args.sign, note=args.message)
    tag = result.tag
    output.say(
        f"{tag.name} was there already, on {short(tag.commit)}"
        if result.already
        else f"{output.style('tagged', 'green')} {tag.name} on {short(tag.commit)}: tree {short(tag.tree_sha256)}"
    )
    if not result.already:
        shared = remotes(project.repo) and result.stage != "production"
        output.next(f"git mlv promote {tag.model} {tag.version} production" if shared else "git mlv status")
    output.json(
        {
            "tag": tag.name,
            "commit": tag.commit,
            "tree_sha256": tag.tree_sha256,
            "signed": tag.signed,
            "already": result.already,
        }
    )
    return 0


def _verify_tag(project: Project, args: argparse.Namespace, output: Output) -> int:
    key = project.layout.model_key(args.model, args.version)
    tag = find_tag(project, key)
    if tag is None:
        raise UsageError(f"there is no model tag for {key}", hint=f"git mlv tag-model {args.model} {args.version}")
    wrong = []
    if tag.header_name != tag.name:
        wrong.append(f"the tag object says {tag.header_name}, and stands at {tag.name}")
    frozen = project.committed(tag.commit).frozen(key)
    if frozen is None or frozen.manifest is None or frozen.manifest.tree_sha256 != tag.tree_sha256:
        wrong.append(f"its commit does not hold {key} with tree {short(tag.tree_sha256)}")
    signature = "none"
    if tag.signed:
        signature = "not verified" if project.repo.porcelain("verify-tag", tag.name).status else "good"
        if signature != "good":
            wrong.append("its signature cannot be verified: see git verify-tag " + tag.name)
    elif args.sign:
        wrong.append("it is not signed")
    for sentence in wrong:
        output.error(f"{tag.name}: {printable(sentence)}")
    if not wrong:
        output.say(f"{tag.name}: {short(tag.commit)}, tree {short(tag.tree_sha256)}, signature {signature}: fine")
    output.json({"tag": tag.name, "ok": not wrong, "problems": wrong, "signature": signature})
    return 1 if wrong else 0


def configure_promote(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv promote`."""
    parser.description = (
        "Put a model version into a stage, and commit just that. What was in production goes to the archive."
    )
    parser.epilog = (
        "examples:\n"
        "  git mlv promote iris_clf v0.2.0 staging\n"
        '  git mlv promote iris_clf v0.2.0 production --tag -m "f1 0.94 on the May set"\n'
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument("stage", metavar="STAGE", help="dev, staging, production, archived, or what mlv.yaml names")
    parser.add_argument("--tag", action="store_true", help="tag the version first")
    _add_reason(parser)


def configure_rollback(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv rollback`."""
    parser.description = "Put back what was in production before, and commit just that. Twice goes back two."
    parser.epilog = (
        'examples:\n  git mlv rollback iris_clf -m "Recall fell to 0.71"\n  git mlv rollback iris_clf v0.1.0\n'
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("version", metavar="VERSION", nargs="?", default="", help="which, if not the one before")
    _add_reason(parser)


def _add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--message", default="", metavar="REASON", help="why; kept in the commit")
    parser.add_argument("--no-commit", action="store_true", help="change and stage the registry only")
    add_json(parser)


def run_promote(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv promote`."""
    project = Project.open()
    change = promote(
        project, args.model, args.version, args.stage, reason=args.message, tag=args.tag, commit=not args.no_commit
    )
    if args.tag:
        output.talk(f"tagged {tag_ref_name(change.key.root, change.key.name, change.key.version)}")
    _present(project, change, output)
    return 0


def run_rollback(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv rollback`."""
    project = Project.open()
    change = rollback(project, args.model, args.version, reason=args.message, commit=not args.no_commit)
    _present(project, change, output)
    if not change.already:
        output.say(
            "the same by hand: in "
            + change.registry_path
            + " set "
            + ", ".join(f'{move.version} to "{move.after}"' for move in change.moves)
            + ", then commit it"
        )
    return 0


def _present(project: Project, change: StageChange, output: Output) -> None:
    if change.already:
        output.say(f"{change.key} is in {change.stage} already: nothing to do")
    for move in change.moves:
        output.say(f"  {change.key.name} {move.version}: {move.before} -> {output.style(move.after, 'green')}")
    if not change.already:
        output.say(
            f"{change.stage} of {change.key.name} is {change.key.version}"
            + (f" (commit {short(change.commit)})" if change.commit else "")
        )
        if change.pending:
            output.say(f"staged only: a {change.pending} is under way; go on with it")
        elif not change.commit:
            output.next(f"git commit -- {change.registry_path}")
        elif project.repo.top is not None and project.repo.branch() is None:
            output.warn("no branch is checked out: this commit is on none")
            output.next("git switch -c BRANCH")
        elif project.repo.top is not None and remotes(project.repo):
            output.next("git mlv push")
    output.json(
        {
            "event": change.event,
            "model": change.key.name,
            "version": change.key.version,
            "stage": change.stage,
            "moves": [{"version": move.version, "before": move.before, "after": move.after} for move in change.moves],
            "commit": change.commit,
            "already": change.already,
        }
    )
