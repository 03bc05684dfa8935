"""Installing Git's hooks and the registry's merge driver, and taking them out again byte for byte.

Nothing that was there is overwritten or stops running: see hookscheme for the ways. What was done is remembered in
`<common dir>/mlv/install.json`. A second run changes nothing and says so.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlvgit.errors import RefusedError, UsageError
from mlvgit.repo.git import encode
from mlvgit.repo.hints import refresh
from mlvgit.repo.hookparts import (
    CONFIG_BEFORE,
    DRIVER,
    PRIVATE,
    RECORD,
    InstallResult,
    Step,
    config_path,
    digest,
    load_record,
    perform,
    read,
    renaming,
    same_folder,
    set_config,
    umask,
)
from mlvgit.repo.hookremoval import put_hooks_path_back, take_out_files, take_out_sections, uninstall
from mlvgit.repo.hookscheme import (
    CHAINED,
    CHAINED_IF_THERE,
    CLIENT_EVENTS,
    KEPT,
    SERVER_EVENTS,
    Scheme,
    as_command,
    choose,
    generator,
    hooks_path,
    is_ours,
    scripts,
)
from mlvgit.repo.hookstatus import HookStatus, status
from mlvgit.repo.replacing import replace_file

if TYPE_CHECKING:
    from mlvgit.repo.repository import Repository

__all__ = ["DRIVER", "HookStatus", "InstallResult", "install", "status", "uninstall"]


def install(repo: Repository, *, dry_run: bool = False, server: bool = False) -> InstallResult:
    """Install the hooks and the merge driver in a clone, or the server's hook in a bare repository.

    Args:
        repo: where.
        dry_run: only say what would be done.
        server: install `pre-receive` instead of the client's hooks.

    Raises:
        UsageError: a bare repository, and not `server`.
        RefusedError: two hooks of one event that both would have to be kept.
        MachineError: a file cannot be written, or the configuration reads otherwise than it was written.
    """
    if repo.is_bare and not server:
        raise UsageError("a bare repository has no commits to guard", hint="git mlv install --server")
    record = load_record(repo)
    events = SERVER_EVENTS if server else CLIENT_EVENTS
    events = tuple(dict.fromkeys((*record.get("events", ()), *events)))
    scheme = choose(repo, events)
    work = _Install(repo, record, scheme, events)
    steps = list(work.steps(server))
    if not dry_run and steps:
        perform(steps)
        work.remember()
    if not dry_run and not server:
        refresh(repo)
    return InstallResult(scheme, tuple(step.text for step in steps), tuple(work.notes()) if steps else ())


class _Install:
    """One run of `install`: the steps that are still missing."""

    def __init__(self, repo: Repository, record: dict[str, Any], scheme: Scheme, events: tuple[str, ...]) -> None:
        self.repo = repo
        self.record = record
        self.scheme = scheme
        self.events = events
        self.state = repo.state_dir
        self.own = repo.state_dir / "hooks"
        self.folder = repo.common_dir / "hooks"
        self.before = self._hooks_before()

    def steps(self, server: bool) -> Iterator[Step]:
        """Yield what is still missing, in the order in which to do it."""
        yield from self._program()
        if self.scheme == "files":
            yield from self._files()
        else:
            yield from take_out_files(self.repo)  # from before, when there was no reason for a folder of our own
            yield from self._own_folder()
        config = list(self._config(server))
        if config and not self.record:
            yield Step("remember the configuration as it is", self._remember_config)
        yield from config
        yield from self._written(self.state / "uninstall.sh", self._emergency(), 0o755)

    def notes(self) -> Iterator[str]:
        """Yield what the user should know besides."""
        if self.scheme == "path":
            before = self.before or str(self.folder)
            yield f"core.hooksPath names {self._shown(self.own)} now; every hook of {before} runs from there as before"
        kept = [event for event in self.events if os.path.lexists(self.folder / (event + KEPT))]
        if kept and self.scheme == "files":
            yield f"these hooks were there, and keep running beside ours: {', '.join(kept)}"
        folder = Path(self._top(), hooks_path(self.repo).value or self.folder)
        theirs = [event for event in self.events if os.access(folder / event, os.X_OK)]
        if theirs and self.scheme == "config":
            yield f"these hooks are there, and Git runs them after ours: {', '.join(theirs)}"

    def remember(self) -> None:
        """Write down what was done, for `uninstall`."""
        path = self._config_file()
        same = self.record.get("config_after") in (None, self._config_now)
        after = digest(path) if same else self.record.get("config_after")
        made = self.record.get("made_hooks", self._made_hooks)
        record = {
            "scheme": self.scheme,
            "events": self.events,
            "before": self.before,
            "previous": self.record.get("previous", self._previous),
            "scope": self._scope,
            "config_after": after,
            "advertise": self.record.get("advertise", self._advertise),
            "made_hooks": made,
        }
        replace_file(self.state / RECORD, [json.dumps(record, indent=1).encode(), b"\n"], PRIVATE)

    def _hooks_before(self) -> str:
        """Find out what core.hooksPath names, and from where; "" is the repository's own folder."""
        found = hooks_path(self.repo)
        self._scope = "worktree" if found.scope == "worktree" else "local"
        own = same_folder(found.value, self.own)
        values = self.repo.git.lines0("config", f"--{self._scope}", "-z", "--get-all", "core.hooksPath", ok=(0, 1))
        self._previous = None if own or not values else values[-1]
        self._made_hooks = not self.folder.exists()
        self._advertise = not self.repo.config("receive.advertisePushOptions")
        self._config_now = digest(self._config_file())
        if own:
            return str(self.record.get("before", ""))
        self.record.pop("previous", None)  # core.hooksPath is somebody's, perhaps again: that is what to put back
        return found.value

    # Files

    def _program(self) -> Iterator[Step]:
        package = Path(__file__).resolve().parent.parent.parent
        recorded = encode(f"{sys.executable}\n{package}\n")
        yield from self._written(self.state / "python", recorded, 0o644)
        for name, mode in (("hook.sh", 0o644), ("merge-driver", 0o755)):
            yield from self._written(self.state / name, (scripts() / name).read_bytes(), mode)

    def _files(self) -> Iterator[Step]:
        for event in self.events:
            target, kept = self.folder / event, self.folder / (event + KEPT)
            script = (scripts() / event).read_bytes()
            legacy = self.folder / f"{event}.legacy"
            if not is_ours(target) and is_ours(legacy) and generator(target) == b"generated by pre-commit":
                yield from self._written(legacy, script, 0o755)
                continue
            if os.path.lexists(target) and not is_ours(target):
                self._check_kept(event, target, kept)
                yield Step(f"keep the {event} hook that is there as {kept.name}", renaming(target, kept))
            yield from self._written(target, script, 0o755)

    def _check_kept(self, event: str, target: Path, kept: Path) -> None:
        if target.is_dir():
            raise RefusedError(f"{target} is a folder, not a hook", hint=f"mv {shlex.quote(str(target))} ELSEWHERE")
        if not os.path.lexists(kept) or read(kept) == read(target):
            return
        if generator(kept) and generator(kept) == generator(target):
            return  # the tool wrote its hook again
        raise RefusedError(
            f"there are two {event} hooks to keep: {target} and {kept.name} beside it",
            hint=f"make one of both, delete {kept.name}, then git mlv install",
        )

    def _own_folder(self) -> Iterator[Step]:
        for event in self.events:
            yield from self._written(self.own / event, (scripts() / event).read_bytes(), 0o755)
        if self.scheme != "path":  # what is left of that would run others' hooks, which Git runs now
            others = [path for path in sorted(self.own.glob("*")) if path.name not in self.events]
            yield from (Step(f"delete {self._shown(path)}", path.unlink) for path in others)
            return
        before = self.before or str(self.folder)
        there = [event for event in CHAINED_IF_THERE if os.path.lexists(os.path.join(self._top(), before, event))]
        chain = (scripts() / "chain").read_bytes()
        for event in (*CHAINED, *CLIENT_EVENTS, *SERVER_EVENTS, *there):
            if event not in self.events:
                yield from self._written(self.own / event, chain, 0o755)
        yield from self._written(self.own / "before", encode(before) + b"\n", 0o644)

    def _written(self, path: Path, data: bytes, mode: int) -> Iterator[Step]:
        mode &= ~umask()
        there = not path.is_symlink() and path.is_file() and read(path) == data
        if there and os.access(path, os.X_OK) == bool(mode & stat.S_IXUSR):
            return
        yield Step(f"write {self._shown(path)}", lambda: replace_file(path, [data], mode))

    # Configuration

    def _config(self, server: bool) -> Iterator[Step]:
        if not server:
            yield from self._set(f"merge.{DRIVER}.name", "model registries, by their entries (mlvgit)")
            driver = f"{shlex.quote(str(self.state / 'merge-driver'))} %O %A %B %L %P"
            yield from self._set(f"merge.{DRIVER}.driver", driver)
            yield from self._set(f"merge.{DRIVER}.recursive", "binary")
        elif self._advertise:
            yield from self._set("receive.advertisePushOptions", "true")
        if self.scheme == "path":
            yield from self._set("core.hooksPath", str(self.own), self._scope)
        if self.scheme == "config":
            for event in self.events:
                yield from self._set(f"hook.mlv-{event}.command", as_command(self.own / event))
                yield from self._set(f"hook.mlv-{event}.event", event)
            yield from put_hooks_path_back(self.repo, self.record)  # from before Git could do this
        else:
            yield from take_out_sections(self.repo, "hook.mlv-")

    def _set(self, key: str, value: str, scope: str = "local") -> Iterator[Step]:
        found = self.repo.git.lines0("config", f"--{scope}", "-z", "--get-all", key, ok=(0, 1))
        if found != [value]:
            yield Step(f"git config {key} {shlex.quote(value)}", lambda: set_config(self.repo, key, value, scope))

    def _remember_config(self) -> None:
        replace_file(self.state / CONFIG_BEFORE, [read(self._config_file())], PRIVATE)

    def _config_file(self) -> Path:
        return config_path(self.repo, self._scope)

    # Words

    def _top(self) -> str:
        return str(self.repo.top or self.repo.git_dir)

    def _shown(self, path: Path) -> str:
        return os.path.relpath(path, self._top()) if path.is_relative_to(self._top()) else str(path)

    def _emergency(self) -> bytes:
        undo = [f"git config --local --remove-section merge.{DRIVER}"]
        if self.scheme == "path":
            previous = self.record.get("previous", self._previous)
            value = "--unset core.hooksPath" if previous is None else f"core.hooksPath {shlex.quote(previous)}"
            undo.append(f"git config --{self._scope} {value}")
        if self.scheme == "config":
            undo += [f"git config --local --remove-section hook.mlv-{event}" for event in self.events]
        script = f"""#!/bin/sh
# Takes mlvgit's hooks out of this repository when mlvgit itself is gone. Otherwise: git mlv uninstall
cd {shlex.quote(str(self.folder if self.scheme == "files" else self.repo.git_dir))} || exit
for event in {" ".join(self.events) if self.scheme == "files" else ""}; do
	! grep -q '^# mlvgit-hook ' "$event" 2>/dev/null || rm -f "$event"
	[ -e "$event" ] || {{ [ -e "$event{KEPT}" ] || [ -h "$event{KEPT}" ]; }} && mv "$event{KEPT}" "$event" 2>/dev/null
done
{chr(10).join(line + " 2>/dev/null" for line in undo)}
rm -f {shlex.quote(str(self.state / RECORD))}
"""
        return encode(script)
