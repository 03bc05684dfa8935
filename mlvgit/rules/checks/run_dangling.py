"""A run record names data, a model version or code that exists nowhere.

What it finds:
    A run record whose `data_snapshot` no manifest freezes, here or on a protected branch; whose model version has
    neither a manifest nor a registry entry nor a folder, or could be of two models; whose `code_commit` no commit has
    while `code_sha256` does not find the code either; or whose two names for the code contradict each other. A shallow
    clone cannot know, and then nothing is said. Asked when the record changes, when its model version is promoted, and
    when what it names is taken away.

Why:
    The record is the recipe of the model. With an ingredient that nobody has, the model cannot be made again, and
    where it came from is a claim.

Example:
    git mlv record --data iris_v0.9 ...   # there is no iris v0.9
    git push origin main                  # without the commit that the run started from

Way out:
    Freeze and commit what is missing (`git mlv snapshot create iris v0.9`), fetch or push the code commit
    (`git push origin <commit>:refs/mlv/runs/<run id>`), or correct the record while it is not published.
"""

from collections.abc import Iterator

from mlvgit.core.text import printable, short
from mlvgit.rules.delta import Delta
from mlvgit.rules.freezing import published
from mlvgit.rules.lookup import model_candidates, model_exists, snapshot_named, spellings
from mlvgit.rules.model import Context, Finding
from mlvgit.rules.recipes import Recipe, concerned_recipes, made_by
from mlvgit.rules.standing import beyond_first
from mlvgit.rules.wording import back


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find run records that name what is not there."""
    for recipe in concerned_recipes(delta):
        for message, keep in _missing(delta, context, recipe):
            yield _finding(delta, context, recipe, message, keep)


def _missing(delta: Delta, context: Context, recipe: Recipe) -> Iterator[tuple[str, str]]:
    for text in recipe.record.data_snapshots:
        if not _snapshot_exists(delta, context, recipe.root, text):
            key = snapshot_named(recipe.root, text)
            keep = f"git mlv snapshot create {key.name} {key.version}" if key else "write it as iris_v0.1"
            yield f"the snapshot {printable(text)} exists nowhere", keep
    yield from _missing_model(delta, recipe)
    yield from _missing_code(context, recipe)


def _snapshot_exists(delta: Delta, context: Context, root: str, text: str) -> bool:
    named = snapshot_named(root, text)
    if named is None:
        return False
    roots = [root, *(each.layout.root for each in delta.after.roots if each.layout.root != root)]
    keys = [key for each in roots for key in spellings(named._replace(root=each))]
    return any(delta.after.frozen(key) is not None or published(context, key) for key in keys)


def _missing_model(delta: Delta, recipe: Recipe) -> Iterator[tuple[str, str]]:
    version = recipe.record.model_version
    if not version:
        return
    keys = model_candidates(delta.after, recipe.root, recipe.record)
    if len(keys) > 1:
        models = " and ".join(key.name for key in keys)
        yield f"the version {version} may be of {models}", "write outputs.model into the record"
    elif not keys or not model_exists(delta.after, keys[0]):
        model = recipe.record.model or "MODEL"
        yield (
            f"the model version {recipe.record.model}@{version} exists nowhere",
            f"git mlv model add {model} {version}",
        )


def _missing_code(context: Context, recipe: Recipe) -> Iterator[tuple[str, str]]:
    commit, code = recipe.record.code_commit, recipe.record.code_sha256
    known = context.commit_known(commit)
    if known is False and (not code or context.code_known(code) is False):
        yield (
            f"the code commit {short(commit)} exists nowhere",
            f"git push REMOTE {commit}:refs/mlv/runs/{recipe.record.run_id}",
        )
    elif known and code:
        true = context.code_sha256_of(commit)
        if true is not None and true != code:
            yield f"code_sha256 {short(code)} is not that of {short(commit)} ({short(true)})", "git mlv record"


def _finding(delta: Delta, context: Context, recipe: Recipe, message: str, keep: str) -> Finding:
    key = made_by(delta.after, recipe)
    grave = key is not None and beyond_first(delta, context, key)
    return Finding(
        code="MLV301",
        path=recipe.path,
        key=key,
        message=f"run {recipe.record.run_id}: {message}",
        change=f"leaves run {recipe.record.run_id} without what it was made from",
        keep=(keep,),
        undo=back(delta, context, recipe.path),
        users=(f"{key} was made by it",) if key else (),
        severity="error" if grave else "warning",
    )
