"""Make the ground truth, and ask archlab: both in one folder, which keeps what spaCy has said.

FOLDER/corpora/                 what the configs train on
FOLDER/cases/DIGEST.cfg         a case
FOLDER/cases/DIGEST.spacy.json  what became of it: the stage it failed in, or "done"
FOLDER/cases/DIGEST.LEVEL.json  what archlab says of it
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truth_pairs import CORPORA, Case, all_pairs, changed_arguments, changed_pipelines, digest
from truth_pipelines import write_corpora

HERE = Path(__file__).parent
CLASSES = ("types", "widths", "labels", "vectors", "listeners", "attributes")


@dataclass(frozen=True)
class Outcome:
    """What became of a case: truth, by spaCy; verdict, by archlab."""

    case: Case
    truth: dict[str, Any]
    verdict: dict[str, Any]

    @property
    def trains(self) -> bool:
        return bool(self.truth["stage"] == "done")

    @property
    def passes(self) -> bool:
        return bool(self.verdict["ok"])

    def __str__(self) -> str:
        said = "; ".join(message for severity, _, message in self.verdict["findings"] if severity == "error")
        came = "it trains" if self.trains else " ".join(str(self.truth[key]) for key in ("stage", "error"))
        return f"{self.case.title}: {came} {self.truth.get('message', '')[:200]!r}; check: {said or 'fine'}"


class Forge:
    """A folder in which cases are tried. Started again, it does what is missing."""

    def __init__(self, folder: Path, every: int = 1, at_once: int = 1) -> None:
        """every: how manieth of the cases to take. at_once: processes that share the work."""
        self.folder = folder
        self.every = every
        self.at_once = at_once
        (folder / "cases").mkdir(parents=True, exist_ok=True)
        if not (folder / CORPORA).exists():
            (folder / CORPORA).mkdir()
            write_corpora(folder / CORPORA)

    def cases(self) -> list[Case]:
        """All of them, tried by spaCy; which arguments are changed depends on which pairs train."""
        pairs = self._sample(all_pairs())
        trained = self.trained(pairs)
        more = self._sample([*changed_arguments(trained), *changed_pipelines()])
        self.trained(more)
        return [*pairs, *more]

    def trained(self, cases: Sequence[Case]) -> list[Case]:
        """Those of the cases that train, tried by spaCy."""
        self._try(cases)
        return [case for case in cases if self._read(case, "spacy")["stage"] == "done"]

    def outcomes(self, cases: Sequence[Case], level: str, *, forked: bool = False) -> list[Outcome]:
        """What archlab says at a level beside what spaCy made of each. Its earlier answers are forgotten.

        forked: probes are forks of one process; they take a fifth of the time.
        """
        for answer in (self.folder / "cases").glob(f"*.{level}.*"):
            answer.unlink()
        listed = self.folder / f"{level}.txt"
        listed.write_text("\n".join(digest(case.text()) for case in cases), encoding="utf8")
        self._work("truth_verdicts.py", listed, level, *(["forked"] if forked else []))
        return [Outcome(case, self._read(case, "spacy"), self._read(case, level)) for case in cases]

    def _sample(self, cases: Iterable[Case]) -> list[Case]:
        return [case for case in cases if int(digest(case.text()), 16) % self.every == 0]

    def _try(self, cases: Sequence[Case]) -> None:
        names = []
        for case in cases:
            text = case.text()
            names.append(digest(text))
            file = self.folder / "cases" / f"{names[-1]}.cfg"
            if not file.exists():
                file.write_text(text, encoding="utf8")
        listed = self.folder / "spacy.txt"
        listed.write_text("\n".join(names), encoding="utf8")
        self._work("truth_trials.py", listed)

    def _work(self, script: str, *arguments: Any) -> None:
        """Run a script so many times at once; they share the work."""
        paths = os.pathsep.join([str(HERE.parent), *filter(None, sys.path)])
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore", "PYTHONPATH": paths}
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        processes = [subprocess.Popen(command, cwd=self.folder, env=environment) for _ in range(self.at_once)]
        codes = [process.wait() for process in processes]
        assert not any(codes), f"{script} ended with {codes}"

    def _read(self, case: Case, suffix: str) -> dict[str, Any]:
        file = self.folder / "cases" / f"{digest(case.text())}.{suffix}.json"
        read: dict[str, Any] = json.loads(file.read_text(encoding="utf8"))
        return read


def failure_class(outcome: Outcome) -> str:
    """What kind of failure a broken case is: by what was changed, or else by what spaCy says."""
    case, said = outcome.case, outcome.truth.get("message", "")
    for name, words in _BY_CHANGE.items():
        if any(word in case.change for word in words):
            return name
    if not case.change:
        for name, words in _BY_MESSAGE.items():
            if any(word in said for word in words):
                return name
    return "types"


_BY_CHANGE = {
    "vectors": ("vectors", "key_attr"),
    "labels": ("nO", "exclusive_classes", "score"),
    "widths": ("width", "hidden_size", "wide", "nM", "nC", "depth", "window", "pieces", "length"),
    "listeners": ("upstream", "tok2vec", "component frozen", "tagger frozen", "annotating"),
    "attributes": ("attrs", "rows", "feature"),
}
_BY_MESSAGE = {
    "listeners": ("E203", "listener", "Listener"),
    "vectors": ("vectors", "E875"),
    "widths": ("dimension", "shape", "aligned", "broadcast", "size mismatch"),
    "attributes": ("attr", "ref '", "reference"),
}
