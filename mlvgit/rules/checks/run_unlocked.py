"""A run record does not pin the environment that it ran in.

What it finds:
    A changed run record with neither the SHA-256 of a lock file nor a container image by digest, or with the SHA-256
    of a lock file that is not the `env/requirements.lock` of its `code_commit`. It refuses at push only where `mlv.yaml`
    says `run_lock: required`.

Why:
    The same code and data with another library give another model. A tag such as `:1.2.3` can be moved; a digest
    cannot.

Example:
    env: {python: "3.10", container_image: "ghcr.io/org/ml:1.2.3"}

Way out:
    Write `requirements_lock: "sha256:<hex>"` (`sha256sum env/requirements.lock`) or `container_image: NAME@sha256:<hex>`
    into the record; a published one takes what it did not say. `git mlv record` looks for a lock file by itself, and
    `git mlv record --lock FILE` names it. A published run is not recorded anew: `--id` gives another record of it an id.
"""

from collections.abc import Iterator
from itertools import count

from mlvgit.core.text import short
from mlvgit.records.layout import Key
from mlvgit.records.run import RunRecord
from mlvgit.rules.delta import Delta, run_path
from mlvgit.rules.model import Context, Finding, Severity
from mlvgit.rules.recipes import Recipe, changed_recipes, made_by
from mlvgit.rules.standing import judging_settings
from mlvgit.rules.wording import back, quoted

_BY_HAND = "write env.requirements_lock (sha256:<hex>) or env.container_image (NAME@sha256:<hex>) into it"


def check(delta: Delta, context: Context) -> Iterator[Finding]:
    """Find changed run records whose environment is open."""
    for recipe in changed_recipes(delta):
        settings = judging_settings(delta, context, recipe.root)
        message = _unlocked(recipe) or _other_lock(context, recipe, settings.folders.env)
        if message:
            severity: Severity = "error" if settings.run_lock == "required" else "warning"
            stays = context.moment == "push" and severity == "warning"  # what is only warned of is published with it
            stays = stays or context.published_run(recipe.path, delta.after.tree.read(recipe.path))
            yield Finding(
                code="MLV302",
                path=recipe.path,
                message=f"run {recipe.record.run_id}: {message}",
                change=f"records run {recipe.record.run_id} without a locked environment",
                keep=(*_anew(delta, recipe, stays=stays), _BY_HAND),
                undo=() if stays else back(delta, context, recipe.path),
                severity=severity,
            )


def _unlocked(recipe: Recipe) -> str:
    env = recipe.record.env
    if env.is_locked:
        return ""
    if env.container_image:
        return "the container image is named by a tag, which can move, and there is no lock file"
    return "neither a lock file nor a container image by digest"


def _anew(delta: Delta, recipe: Recipe, *, stays: bool) -> Iterator[str]:
    """Yield the command that records the same run with a lock file, where that is all that is missing.

    Args:
        stays: the record is published, or will be; another one gets another id.
    """
    record, key = recipe.record, made_by(delta.after, recipe)
    if key is None or record.env.requirements_lock or record.env.container_image:
        return
    where = f"-C {quoted(recipe.root)} " if recipe.root else ""
    run_id = _free_id(delta, recipe) if stays else record.run_id
    run = f"--id {quoted(run_id)} --code {quoted(short(record.code_commit))}{_data(delta, key, record)}"
    first = "" if stays else f"rm {quoted(recipe.path)} && "
    yield f"{first}git mlv {where}record {key.name} {key.version} {run} --lock FILE"


def _data(delta: Delta, key: Key, record: RunRecord) -> str:
    """Write the options that name the data of a run, where the version that it made does not say the same."""
    made = delta.after.frozen(key)
    if made and made.manifest and made.manifest.derived_from == record.data_snapshots:
        return ""
    return "".join(f" --data {quoted(text)}" for text in record.data_snapshots)


def _free_id(delta: Delta, recipe: Recipe) -> str:
    ids = (f"{recipe.record.run_id}-{number}" for number in count(2))
    return next(each for each in ids if not run_path(delta.after, recipe.root, each))


def _other_lock(context: Context, recipe: Recipe, folder: str) -> str:
    recorded = recipe.record.env.lock_sha256
    if not recorded:
        return ""
    path = f"{folder}/requirements.lock"
    true = context.file_sha256_at(recipe.record.code_commit, f"{recipe.root}/{path}" if recipe.root else path)
    if true is None or true == recorded:
        return ""
    return f"the lock {short(recorded)} is not {path} of {short(recipe.record.code_commit)} ({short(true)})"
