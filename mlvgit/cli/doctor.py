"""`git mlv doctor`: prove what is guarded here, and say what is not."""

import argparse

from mlvgit.actions.doctor import Diagnosis, examine
from mlvgit.actions.project import Project
from mlvgit.cli.common import add_json
from mlvgit.cli.output import Output
from mlvgit.core.text import count, printable

__all__ = ["configure_doctor", "run_doctor"]

_COLOURS = {"ok": "green", "warning": "yellow", "bad": "red"}


def configure_doctor(parser: argparse.ArgumentParser) -> None:
    """Describe `git mlv doctor`."""
    parser.description = (
        "Look at everything that guards frozen data here, and try it: a throw-away repository gets the same hooks, a "
        "frozen file is altered there, and Git must refuse the commit. Exit status 1 when something that should guard "
        "does not."
    )
    parser.epilog = "examples:\n  git mlv doctor\n  git mlv doctor --json\n"
    add_json(parser)


def run_doctor(args: argparse.Namespace, output: Output) -> int:
    """Run `git mlv doctor`."""
    diagnosis = examine(Project.open())
    area = ""
    for symptom in diagnosis.symptoms:
        if symptom.area != area:
            area = symptom.area
            output.say(output.style(area, "bold"))
        output.say(f"  {output.style(f'{symptom.level:<7}', _COLOURS[symptom.level])}  {printable(symptom.text)}")
        if symptom.mend:
            output.say(f"           mend: {printable(symptom.mend)}")
    output.say(_summary(diagnosis))
    output.json(
        {
            "guarded": diagnosis.guarded,
            "trial": diagnosis.trial._asdict() if diagnosis.trial else None,
            "symptoms": [symptom._asdict() for symptom in diagnosis.symptoms],
        }
    )
    return 0 if diagnosis.guarded else 1


def _summary(diagnosis: Diagnosis) -> str:
    levels = [symptom.level for symptom in diagnosis.symptoms]
    problems = count(levels.count("bad"), "problem")
    warnings = count(levels.count("warning"), "warning")
    if diagnosis.guarded:
        return f"guarded ({warnings})"
    tried = diagnosis.trial is not None and diagnosis.trial.outcome == "refused"
    return f"{'guarded in part' if tried else 'NOT guarded'}: {problems}, {warnings}"
