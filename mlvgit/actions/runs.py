"""Run records: which code, data, parameters and environment made a model version."""

import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlvgit.actions.clock import today, utc_now
from mlvgit.actions.models import facts
from mlvgit.actions.project import Project
from mlvgit.actions.runcode import code_sha256
from mlvgit.core.digest import of_bytes
from mlvgit.core.jsontext import EMPTY
from mlvgit.core.references import is_run_id
from mlvgit.errors import RefusedError, UsageError
from mlvgit.records.layout import Key
from mlvgit.records.run import Environment, RunRecord
from mlvgit.rules.catalog import Catalog
from mlvgit.store.atomic import write_atomic

__all__ = [
    "RecordPlan",
    "record",
    "uncommitted_code",
]

LOCK_NAMES = ("requirements.lock", "uv.lock", "poetry.lock", "requirements.txt")


class RecordPlan(NamedTuple):
    """What `record` was asked for.

    Attributes:
        model, version: the model version that the run made.
        run_id: "" for `<date>-<model>-<version>`.
        data: references of the snapshots; none takes the manifest's lineage.
        code: the commit that was checked out when the run started.
        params, metrics: what to add to params.json and metrics.json of the version.
        lock: the lock file of the environment; None looks for one.
        image: container image, by digest best.
    """

    model: str
    version: str
    run_id: str = ""
    data: tuple[str, ...] = ()
    code: str = "HEAD"
    params: Mapping[str, Any] = EMPTY
    metrics: Mapping[str, Any] = EMPTY
    lock: Path | None = None
    image: str = ""
    python: str = ""
    command: str = ""


def record(project: Project, plan: RecordPlan) -> str:
    """Write the record of a run that made a model version; returns its path, which is staged.

    Raises:
        UsageError: the version, a snapshot or the commit does not exist.
        RefusedError: there is a record of this id already.
    """
    catalog = project.working()
    key = project.find_model(f"{plan.model}@{plan.version}", catalog)
    frozen, manifest = project.frozen(key, catalog)
    code = project.repo.resolve(plan.code)
    if code is None:
        raise UsageError(f"{plan.code} is not a commit here", hint="commit the code first, or name it: --code COMMIT")
    data = [project.find_snapshot(text, catalog) for text in plan.data]
    names = tuple(f"{each.name}_{each.version}" for each in data) or manifest.derived_from
    if not names:
        raise UsageError(
            "which data was it trained on?", hint=f"git mlv record {plan.model} {plan.version} --data iris@v0.1"
        )
    if not plan.run_id:
        _refuse_second(catalog, project, key)
    with project.alone("git mlv record"):
        run_id = plan.run_id or _free_id(project, key)
        if not is_run_id(run_id):
            raise UsageError(f"{run_id!r} cannot be a run id", hint="letters, digits, _ . + and -")
        path = project.layout.run(run_id)
        if (project.top / path).exists():
            raise RefusedError(f"{path} exists", hint="give another --id")
        params = {
            key_: value for key_, value in facts(catalog, frozen.directory, "params.json").items() if _scalar(value)
        }
        metrics = {
            key_: value for key_, value in facts(catalog, frozen.directory, "metrics.json").items() if _number(value)
        }
        run = RunRecord(
            run_id=run_id,
            code_commit=code,
            data_snapshots=names,
            params={**params, **plan.params},
            env=_environment(project, plan),
            model=key.name,
            model_version=key.version,
            metrics={**metrics, **plan.metrics},
            tree_sha256=manifest.tree_sha256,
            command=plan.command,
            started_utc=utc_now(),
            platform=platform.platform(),
            code_sha256=code_sha256(project, project.committed(code)),
        )
        write_atomic(project.top / path, run.dump())
        project.repo.stage([path], force=True)
        project.refresh()
    return path


def _refuse_second(catalog: Catalog, project: Project, key: Key) -> None:
    for run_id, path in catalog.run_paths(project.root).items():
        run = catalog.run(path).value
        if isinstance(run, RunRecord) and (run.model, run.model_version) == (key.name, key.version):
            raise RefusedError(f"{path} records how {key} was made", hint=f"another run: --id {run_id}-b")


def uncommitted_code(project: Project) -> list[str]:
    """List tracked files outside our folders that differ from HEAD: a record that names HEAD would not name them."""
    raw = project.repo.git.lines0("diff-index", "--name-only", "-z", "HEAD", "--")
    ours = tuple(folder + "/" for folder in project.layout.folders)
    return [path for path in raw if not path.startswith(ours)]


def _scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool) or value is None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _free_id(project: Project, key: Key) -> str:
    taken = project.working().run_paths(project.root)
    stem = found = f"{today()}-{key.name}-{key.version}"  # two people who record on one day have two versions
    number = 1
    while found in taken:
        number += 1
        found = f"{stem}-{number:03d}"
    return found


def _environment(project: Project, plan: RecordPlan) -> Environment:
    lock = plan.lock or _find_lock(project)
    digest = ""
    if lock is not None:
        try:
            digest = "sha256:" + of_bytes(lock.read_bytes()).sha256
        except OSError as error:
            raise UsageError(f"cannot read {lock}: {error.strerror}") from error
    version = plan.python or ".".join(map(str, sys.version_info[:3]))
    return Environment(python=version, requirements_lock=digest, container_image=plan.image)


def _find_lock(project: Project) -> Path | None:
    root = project.top / project.root
    for folder in (root / "env", root):
        for name in LOCK_NAMES:
            if (folder / name).is_file():
                return folder / name
    return None
