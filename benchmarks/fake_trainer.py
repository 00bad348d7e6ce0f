"""A fake trainer: a program that trains nothing, and leaves what archlab's own would leave of a run.

`python -S benchmarks/fake_trainer.py [LINES] RUN_FOLDER/spec.json`, with PYTHONPATH where archlab is.
LINES: of progress, one every LINE_SECONDS.
"""

import json
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from archlab.records import Cost, Environment, Outcome, Seconds
from archlab.results.files import write_json
from archlab.results.paths import RunPaths

OUTCOME = Outcome(
    status="done",
    scores={f"cats_{name}": 0.5 for name in ("micro_p", "micro_r", "micro_f", "macro_f", "macro_auc")},
    weighted_score=0.5,
    best_step=100,
    steps=200,
    epochs=2,
    cost=Cost(parameters=1000, words_per_second=1000.0, seconds=Seconds(start=0.5, update=0.5, total=1.0)),
    environment=Environment(versions={"spacy": "3.8.18"}, python="3.11.9", device="cpu", threads=1),
)


LINE_SECONDS = 0.06
"""Longer than an engine waits before it looks again."""


def leave_progress(folder: Path, lines: int) -> None:
    for step in range(lines):
        line = {"step": step, "max_steps": lines, "seconds": 1.0, "score": 0.5, "scores": OUTCOME.scores}
        with RunPaths(folder).progress.open("a", encoding="utf8") as progress:
            progress.write(json.dumps(line) + "\n")
        time.sleep(LINE_SECONDS)


def leave_outcome(folder: Path) -> None:
    """Write what a child hands over, unsynced: the time that its disk takes is none of the driver's."""
    write_json(RunPaths(folder).outcome, OUTCOME.to_dict(), synced=False)


if __name__ == "__main__":
    *numbers, spec = sys.argv[1:]
    leave_progress(Path(spec).parent, sum(map(int, numbers)))
    leave_outcome(Path(spec).parent)
