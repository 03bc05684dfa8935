"""The demo: the whole way on a real data set, step by step, in a throw-away repository."""

import csv
import io
import json
import pickle
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mlvgit.errors import MachineError

__all__ = ["DATASETS", "Dataset", "Step", "shelf_of", "steps", "train"]

DatasetName = Literal["iris", "digits"]
DATASETS: tuple[DatasetName, ...] = ("iris", "digits")

TRAIN = """\
\"\"\"Train a classifier on a frozen snapshot: python train.py CSV C OUT.\"\"\"

import sys

from mlvgit.actions.demo import train

train(sys.argv[1], float(sys.argv[2]), sys.argv[3])
"""

IGNORED = "raw/\nout/\nserver.git/\ncolleague/\n"


class Dataset(NamedTuple):
    """A real data set that scikit-learn ships, as CSV.

    Attributes:
        columns: the header; the last one is the class.
        rows: as text.
        wrong: rows (0-based) whose label the first snapshot has wrong; the second corrects them.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wrong: tuple[int, ...]

    def csv(self, *, corrected: bool) -> str:
        """Write it out, with the wrong labels or without."""
        labels = sorted({row[-1] for row in self.rows})
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for number, row in enumerate(self.rows):
            label = row[-1]
            if number in self.wrong and not corrected:
                label = labels[(labels.index(label) + 1) % len(labels)]
            writer.writerow((*row[:-1], label))
        return text.getvalue()


class Step(NamedTuple):
    """One step of the demo.

    Attributes:
        title: what it is about; "" when it goes on with the one before.
        command: what a user would type, as words; empty when only files are written.
        refused: the command must be refused.
        files: path -> contents, written before the command.
    """

    title: str
    command: tuple[str, ...] = ()
    refused: bool = False
    files: tuple[tuple[str, str | bytes], ...] = ()

    @property
    def shown(self) -> str:
        """The command line for a person."""
        return shlex.join("python" if word == sys.executable else word for word in self.command)


def load(name: DatasetName) -> Dataset:
    """Read a data set from scikit-learn.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MachineError("the demo needs scikit-learn", hint='pip install "mlvgit[demo]"') from error
    bunch: Any = datasets.load_iris() if name == "iris" else datasets.load_digits()
    names = [str(label) for label in bunch.target_names]
    columns = (*(str(each).replace(" (cm)", "_cm").replace(" ", "_") for each in bunch.feature_names), "label")
    rows = tuple(
        (*(f"{float(value):g}" for value in row), names[int(target)])
        for row, target in zip(bunch.data, bunch.target, strict=True)
    )
    return Dataset(name=name, columns=columns, rows=rows, wrong=tuple(range(7, len(rows), 11)))


def train(data: str, regularisation: float, out: str) -> None:
    """Train logistic regression on a CSV whose last column is the class; write model.pkl, metrics.json, params.json.

    Args:
        data: path of the CSV.
        regularisation: C of the classifier.
        out: folder to write to.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with Path(data).open(newline="") as file:
        _, *rows = list(csv.reader(file))
    features = [[float(value) for value in row[:-1]] for row in rows]
    labels = [row[-1] for row in rows]
    fitted, held, fitted_labels, held_labels = train_test_split(
        features, labels, test_size=0.3, random_state=42, stratify=labels
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(C=regularisation, max_iter=1000))
    model.fit(fitted, fitted_labels)
    f1 = round(float(f1_score(held_labels, model.predict(held), average="macro")), 4)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    (folder / "metrics.json").write_text(json.dumps({"f1": f1}) + "\n")
    (folder / "params.json").write_text(json.dumps({"seed": 42, "C": regularisation, "max_iter": 1000}) + "\n")


def steps(name: DatasetName, folder: Path) -> Iterator[Step]:
    """Yield what the demo does in `folder`, in order."""
    data = load(name)
    yield from _set_up()
    yield from _two_releases(data)
    yield from _mistake(data)
    yield from _rollback(data.name)
    yield from _outside_git(folder)


def shelf_of(folder: Path) -> Path:
    """Return the folder that is the demo's remote of bytes: beside its repository, as a remote is another place."""
    return folder.with_name(f"{folder.name}-shelf")


def _outside_git(folder: Path) -> Iterator[Step]:
    yield _typed(
        f"git mlv remote add shelf {shlex.quote(str(shelf_of(folder)))}",
        "Photographs are too much for Git: their bytes go into a store, and to a remote that is a folder",
    )
    yield _typed("git commit -qam 'Name a remote of bytes'")
    yield _typed(
        "git mlv snapshot create photos v0.1 raw/photos --storage store -m 'Freeze photos v0.1'",
        files=tuple((f"raw/photos/{name}", data) for name, data in _photos()),
    )
    yield _typed("git init --quiet --bare --initial-branch=main server.git")
    yield _typed("git remote add origin server.git")
    yield _typed("git mlv push")
    yield _typed(
        "git clone --quiet server.git colleague",
        "A colleague clones: manifests are there, bytes come when they are wanted",
    )
    yield _typed("git -C colleague mlv pull")
    yield _typed("git -C colleague mlv resolve photos@v0.1 china.jpg")


def _photos() -> Iterator[tuple[str, bytes]]:
    """Read the photographs that scikit-learn ships."""
    from importlib.resources import files

    folder = files("sklearn.datasets.images")
    for name in ("china.jpg", "flower.jpg"):
        yield name, (folder / name).read_bytes()


def _typed(
    line: str, title: str = "", *, refused: bool = False, files: tuple[tuple[str, str | bytes], ...] = ()
) -> Step:
    return Step(title=title, command=tuple(shlex.split(line)), refused=refused, files=files)


def _set_up() -> Iterator[Step]:
    written = (
        ("train.py", TRAIN),
        ("env/requirements.lock", _lock()),
        (".gitignore", IGNORED),
    )
    yield _typed("git init --quiet --initial-branch=main .", "A repository, guarded")
    yield _typed("git mlv init", files=written)
    yield _typed("git add train.py env .gitignore")
    yield _typed("git commit -qm 'Set up'")


def _two_releases(data: Dataset) -> Iterator[Step]:
    name, model, wrong = data.name, f"{data.name}_clf", len(data.wrong)
    yield _typed(
        f"git mlv snapshot create {name} v0.1 raw/{name}.csv -m 'Freeze {name} v0.1'",
        f"Freeze the data: {len(data.rows)} rows",
        files=((f"raw/{name}.csv", data.csv(corrected=False)),),
    )
    yield from _release(name, model, "v0.1", "v0.1.0", "0.1", "Train a classifier on it, release it")
    yield _typed(
        f"git mlv snapshot create {name} v0.2 raw/{name}.csv --from {name}@v0.1 "
        f"--notes '{wrong} labels corrected' -m 'Freeze {name} v0.2'",
        f"Somebody finds {wrong} wrong labels: the corrected rows are a new snapshot",
        files=((f"raw/{name}.csv", data.csv(corrected=True)),),
    )
    yield _typed(f"git mlv snapshot diff {name}@v0.1 {name}@v0.2")
    yield from _release(name, model, "v0.2", "v0.2.0", "1.0", "Train again, release again")
    yield _typed(f"git mlv model diff {model}@v0.1.0 {model}@v0.2.0")


def _mistake(data: Dataset) -> Iterator[Step]:
    name, folder = data.name, f"data/snapshots/{data.name}_v0.1"
    yield _typed(
        "git commit -am 'Tidy the data'",
        "The mistake: the old snapshot is edited in place. Git refuses the commit",
        refused=True,
        files=((f"{folder}/{name}.csv", data.csv(corrected=True)),),
    )
    yield _typed(
        f"git mlv snapshot create {name} v0.3 {folder} --from {name}@v0.1",
        "Way out 1: keep the change, as a version of its own",
    )
    yield _typed(
        f"git mlv restore {name}@v0.1", "Way out 2: put the frozen bytes back (the edited ones are moved aside)"
    )
    yield _typed("git mlv verify")
    yield _typed(f"git commit -qm 'Freeze {name} v0.3'")


def _rollback(name: str) -> Iterator[Step]:
    model = f"{name}_clf"
    yield _typed(f"git mlv rollback {model} -m 'Recall fell on Tuesday'", "Production misbehaves: roll back")
    yield _typed(f"git mlv resolve {model}@production model.pkl", "What serves, and the proof of it")
    yield _typed(f"git mlv verify {model}@production {name}@v0.1")
    yield _typed(f"git mlv tag-model {model} v0.1.0 --verify")
    yield _typed(f"git mlv log {model}")
    yield _typed("git mlv check --all")
    yield _typed("git mlv status")


def _lock() -> str:
    """The packages that training uses, as `pip freeze` writes them."""
    names = ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl")
    return "".join(f"{name}=={version(name)}\n" for name in names)


def _release(name: str, model: str, data: str, number: str, regularisation: str, title: str) -> Iterator[Step]:
    csv_path = f"data/snapshots/{name}_{data}/{name}.csv"
    yield Step(title=title, command=(sys.executable, "train.py", csv_path, regularisation, "out"))
    yield _typed(
        f"git mlv model add {model} {number} out/model.pkl --metrics out/metrics.json --params out/params.json "
        f"--data {name}@{data} -m 'Add {model} {number}'"
    )
    yield _typed(f"git mlv record {model} {number} -m 'Record the run of {model} {number}'")
    yield _typed(f"git mlv promote {model} {number} production --tag -m 'trained on {name} {data}'")
