"""Taking hooks and merge driver out again, and putting back what was there, byte for byte."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlvgit.repo.hookparts import (
    CONFIG_BEFORE,
    DRIVER,
    RECORD,
    InstallResult,
    Step,
    config_path,
    digest,
    load_record,
    perform,
    read,
    removing,
    renaming,
    same_folder,
    set_config,
)
from mlvgit.repo.hookscheme import CLIENT_EVENTS, KEPT, SERVER_EVENTS, generator, hooks_path, is_ours
from mlvgit.repo.replacing import replace_file

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["put_hooks_path_back", "take_out_files", "take_out_sections", "uninstall"]


def uninstall(repo: Repository, *, dry_run: bool = False) -> InstallResult:
    """Take out what `install` put in, and put back what was there.

    Raises:
        MachineError: a file cannot be written.
    """
    record = load_record(repo)
    steps = [*take_out_files(repo), *_take_out_config(repo, record), *_take_out_state(repo)]
    if not dry_run:
        perform(steps)
        for folder in (*([repo.common_dir / "hooks"] if record.get("made_hooks") else []), repo.state_dir):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return InstallResult("", tuple(step.text for step in steps), tuple(_left_over(repo)))


def take_out_files(repo: Repository) -> Iterator[Step]:
    """Yield the steps that empty the hooks folder of ours, and put back what was kept there."""
    folder = repo.common_dir / "hooks"
    for event in (*CLIENT_EVENTS, *SERVER_EVENTS):
        target, legacy, kept = folder / event, folder / f"{event}.legacy", folder / (event + KEPT)
        place = target
        if is_ours(target):
            yield Step(f"delete hooks/{event}", target.unlink)
        elif is_ours(legacy):
            yield Step(f"delete hooks/{legacy.name}", legacy.unlink)
            place = legacy
        elif os.path.lexists(target):
            continue
        if os.path.lexists(kept) and not (place == legacy and generator(kept) == generator(target)):
            yield Step(f"put hooks/{event} back", renaming(kept, place))
        elif os.path.lexists(kept):
            yield Step(f"delete hooks/{kept.name}, which its tool has written again", kept.unlink)


def _take_out_config(repo: Repository, record: dict[str, Any]) -> Iterator[Step]:
    scope = record.get("scope", "local")
    path, before = config_path(repo, scope), repo.state_dir / CONFIG_BEFORE
    if before.is_file() and digest(path) == record.get("config_after"):
        data = before.read_bytes()
        if data != read(path):
            mode = stat.S_IMODE(path.stat().st_mode)
            yield Step(
                "put Git's configuration back as it was", lambda: replace_file(os.path.realpath(path), [data], mode)
            )
        return
    yield from put_hooks_path_back(repo, record)
    if record.get("advertise") and "pre-receive" in record.get("events", ()):
        key = "receive.advertisePushOptions"
        yield Step(f"git config --unset {key}", lambda: set_config(repo, key, None))
    for prefix in ("hook.mlv-", f"merge.{DRIVER}."):
        yield from take_out_sections(repo, prefix)


def put_hooks_path_back(repo: Repository, record: dict[str, Any]) -> Iterator[Step]:
    """Yield the step that lets core.hooksPath name again what it named before ours, if it names ours."""
    found = hooks_path(repo)
    if found.value and same_folder(found.value, repo.state_dir / "hooks"):
        previous, scope = record.get("previous"), record.get("scope", "local")
        yield Step("put core.hooksPath back", lambda: set_config(repo, "core.hooksPath", previous, scope))


def take_out_sections(repo: Repository, prefix: str) -> Iterator[Step]:
    """Yield the steps that remove the sections of the repository's own configuration that begin with `prefix`."""
    pattern = "^" + prefix.replace(".", r"\.")
    keys = repo.git.lines0("config", "--local", "-z", "--name-only", "--get-regexp", pattern, ok=(0, 1))
    for section in sorted({key.rpartition(".")[0] for key in keys}):
        yield Step(f"git config --remove-section {section}", removing(repo, section))


def _take_out_state(repo: Repository) -> Iterator[Step]:
    own = repo.state_dir / "hooks"
    if own.is_dir():
        for path in sorted(own.iterdir()):
            yield Step(f"delete mlv/hooks/{path.name}", path.unlink)
        yield Step("delete mlv/hooks", own.rmdir)
    judged = sorted(path.name for path in repo.state_dir.glob("judged-*"))
    for name in ("python", "hook.sh", "merge-driver", "uninstall.sh", "folders", *judged, CONFIG_BEFORE, RECORD):
        path = repo.state_dir / name
        if path.is_file():
            yield Step(f"delete mlv/{name}", path.unlink)


def _left_over(repo: Repository) -> Iterator[str]:
    folder = repo.common_dir / "hooks"
    for event in (*CLIENT_EVENTS, *SERVER_EVENTS):
        if os.path.lexists(folder / (event + KEPT)) and os.path.lexists(folder / event):
            yield f"hooks/{event}{KEPT} was kept beside the hook that has taken its place: look at both"
