"""A scripted month of a team of three, with random choices under a seed, and falsifications mixed in.

    python bench/month.py [--seed N] [--seeds FIRST-LAST] [--steps K] [--keep DIR] [--lies SHARE]

A server with our pre-receive, two people with hooks, one without mlvgit, and a host that merges by its buttons. Held at
every step: honest work is neither refused nor commented on; every falsification is refused with the code of its rule,
and the printed way out works. At the end of each week, in a fresh clone: `check --all`, `verify` and the check of the
week find nothing, every frozen byte is what plain dictionaries say, and so is what is in production.

A failure prints the seed, the step, the last 20 steps, and where the repositories are; the same seed replays it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.monthly import byhand
from bench.monthly.flow import FLOW, push_main
from bench.monthly.people import Person, silent
from bench.monthly.rewrite import REWRITE
from bench.monthly.routes import ROUTES
from bench.monthly.team import DATASETS, MODELS, Team
from bench.monthly.work import WORK, code, finish, model_version, promote, readme
from tests.conftest import Sandbox

Step = Callable[[Team, Person], str | None]
HONEST: dict[Step, int] = {**WORK, **FLOW, **REWRITE}
WEEK = 25
"""Steps in a week."""


class Month:
    """A month: a team, and what happened so far.

    Attributes:
        counts: name of a step -> how often it was taken.
    """

    def __init__(self, folder: Path, seed: int, lies: float = 0.25) -> None:
        self.seed = seed
        self.lies = lies
        self.team = Team(folder, seed)
        self.counts: Counter[str] = Counter()
        self.week_began = ""
        _set_up(self.team)

    def run(self, steps: int) -> None:
        """Take this many steps; every week ends with an inspection."""
        for number in range(1, steps + 1):
            self.step()
            if number % WEEK == 0 or number == steps:
                self.inspect()

    def step(self) -> None:
        """Take one step: an honest one, or a falsification."""
        team = self.team
        team.diary.pass_time(team.rng.randint(60, 20_000))
        table = ROUTES if team.rng.random() < self.lies else HONEST
        while True:
            step = team.rng.choices(list(table), list(table.values()))[0]
            person = team.rng.choice(team.people)
            team.diary.note(f"=== step {len(team.said) + 1}: {person.name} {step.__name__} on {person.current}")
            team.said.append(f"{person.name} ({person.current}) {step.__name__}: under way")
            said = step(team, person)
            if said is None:
                team.said.pop()
                continue
            team.said[-1] = f"{person.name} ({person.current}) {step.__name__}: {said}"
            team.diary.note(f"=== {team.said[-1]}")
            self.counts[step.__name__] += 1
            assert person.is_clean(), f"{team.said[-1]} left something behind\n{person.git('status').out}"
            return

    def inspect(self) -> None:
        """Look at everything that was published, in a fresh clone."""
        team = self.team
        team.said.append("inspection: under way")
        team.diary.note("=== inspection")
        folder = team.diary.folder / "fresh"
        shutil.rmtree(folder, ignore_errors=True)
        team.diary.run("git", "clone", "--quiet", str(team.server.path), "fresh", cwd=team.diary.folder)
        fresh = Sandbox(team.diary, folder)
        for branch, state in (("release/1", team.release), ("main", team.main)):
            fresh.checkout(branch)
            _nothing_found(fresh, "check", "--all")
            silent(fresh.mlv("verify"))
            _same_bytes(fresh, state.snapshots, byhand.snapshot_folder, "data/snapshots")
            _same_bytes(fresh, state.models, byhand.model_folder, "models")
        if self.week_began:
            _nothing_found(fresh, "check", f"{self.week_began}..HEAD")
        self.week_began = fresh.head()
        for model in MODELS:
            _serves(fresh, model, team)
        team.said[-1] = "inspection: fine"


def _set_up(team: Team) -> None:
    """Let Ada set the project up, freeze and release something, and everybody clone it."""
    ada = team.ada
    ada.mlv("init")
    ada.write("env/requirements.lock", "scikit-learn==1.9.0\n")
    ada.write("src/train.py", "print(1)\n")
    ada.write("README.md", "Flowers\n")
    ada.commit("Set up mlvgit")
    ada.push("-u", "origin", "main")
    ada.git("remote", "set-head", "origin", "main")
    for name in DATASETS:
        version, files = team.take(name, "v0.1"), {"data.csv": team.rows()}
        op = team.op("snapshot", f"Freeze {name} {version}", snapshots={(name, version): files})
        ada.honest_mlv("snapshot", "create", name, version, str(team.outside(files)), "-m", op.what)
        finish(ada, op)
    for model in MODELS:
        model_version(team, ada, model)
        promote(team, ada, next(iter(ada.branch.ops[-1].models)), "production")
    code(team, ada)
    readme(team, ada)
    push_main(team, ada)
    ada.honest("push", "-q", "origin", "main:refs/heads/release/1")
    team.release = team.main.copy()
    team.complete()


def _nothing_found(repo: Sandbox, *args: str) -> None:
    ran = repo.mlv(*args, check=False)
    assert ran.status == 0, f"git mlv {' '.join(args)}\n{ran.said}"
    assert ran.out.startswith("no findings"), f"git mlv {' '.join(args)}\n{ran.said}"


def _same_bytes(
    repo: Sandbox, frozen: dict[tuple[str, str], dict[str, bytes]], folder_of: Callable[[str, str], str], top: str
) -> None:
    """Compare what stands in the folders with the dictionaries; nothing else may be frozen there."""
    for key, files in frozen.items():
        folder = repo / folder_of(*key)
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert found == files, f"{key} is not what was released: {sorted(found)}, not {sorted(files)}"
    standing = {str(path.relative_to(repo.path)) for path in (repo / top).rglob("*.manifest.json")}
    expected = {byhand.manifest_path(folder_of(*key)) for key in frozen}
    assert standing == expected, f"manifests too many: {standing - expected}; too few: {expected - standing}"


def _serves(repo: Sandbox, model: str, team: Team) -> None:
    """Ask what is in production, and compare the answer and its bytes with the dictionaries."""
    version = team.main.production.get(model)
    ran = repo.mlv("resolve", f"{model}@production", "model.pkl", check=False)
    if version is None:
        assert ran.status != 0, f"nothing of {model} is in production, not {ran.out}"
        return
    assert ran.status == 0, ran.said
    path = Path(ran.out.rstrip("\n"))
    assert path == repo / byhand.model_folder(model, version) / "model.pkl", f"{version} serves, not {path}"
    assert path.read_bytes() == team.main.models[model, version]["model.pkl"]
    listed = repo.mlv("model", "list", model).out
    for each, known in sorted(team.main.registered):
        assert each != model or known in listed.split(), f"{known} of {model} is not listed\n{listed}"


def replay(folder: Path, seed: int, steps: int, lies: float = 0.25) -> Month:
    """Run a month in an empty folder.

    Raises:
        AssertionError: what must hold did not; the message says how to see it again.
    """
    month: Month | None = None
    try:
        month = Month(folder, seed, lies)
        month.run(steps)
    except Exception as error:
        said = month.team.said if month else []
        last = "\n".join(f"  {number}. {text}" for number, text in list(enumerate(said, 1))[-20:])
        raise AssertionError(
            f"seed {seed}, step {len(said)}: {error}\nlast steps:\n{last}\nrepositories and trace.txt: {folder}\n"
            f"again: python bench/month.py --seed {seed} --steps {steps} --lies {lies} --keep DIR"
        ) from error
    return month


def main() -> int:
    """Run months as the command line says; status 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", default="", metavar="FIRST-LAST", help="run all of these, and go on after a failure")
    parser.add_argument("--steps", type=int, default=4 * WEEK, help="per seed (a month: 100)")
    parser.add_argument("--lies", type=float, default=0.25, metavar="SHARE", help="how many steps are falsifications")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the repositories go; they are left there")
    args = parser.parse_args()
    first, _, last = (args.seeds or f"{args.seed}").partition("-")
    counts: Counter[str] = Counter()
    failed = []
    began = time.monotonic()
    for seed in range(int(first), int(last or first) + 1):
        folder = (args.keep or Path(tempfile.mkdtemp(prefix="mlv-month-"))) / f"seed-{seed}"
        try:
            counts += replay(folder, seed, args.steps, args.lies).counts
        except AssertionError as error:
            failed.append(seed)
            print(error, flush=True)
            if not str(error).startswith("seed"):
                traceback.print_exc()
            continue
        print(f"seed {seed}: {args.steps} steps, {time.monotonic() - began:.0f} s so far", flush=True)
        if not args.keep:
            shutil.rmtree(folder.parent)
    print(", ".join(f"{name} {number}" for name, number in counts.most_common()))
    print(f"{counts.total()} steps in {time.monotonic() - began:.0f} s; failed: {failed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
