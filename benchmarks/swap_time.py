"""How long does a swap take, beyond the import of spaCy?

    python benchmarks/swap_time.py

CPU seconds of whole commands, each in a process of its own, in rounds: `import spacy`, which brings torch,
and two swaps. What a swap takes is the median over rounds of its time beyond the import of the same round.
Exits with 1 where that is more than .4 CPU seconds.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROUNDS = 7
MAX_CPU_SECONDS = 0.4

DEMO = Path(__file__).resolve().parents[1] / "configs" / "base.cfg"
COMPONENTS = ("tagger", "morphologizer", "trainable_lemmatizer", "parser", "ner", "spancat", "textcat")
IMPORT = "import spacy"


def cpu_seconds(command: list[str], folder: Path) -> float:
    """User and system seconds of a command that may keep what it compiles, as anybody's may."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    log = folder / "said.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, log.read_text(encoding="utf8")
    return usage.ru_utime + usage.ru_stime


def write_quickstart(file: Path) -> None:
    """A base as large as they come: a shared tok2vec and all that listens to it."""
    from spacy.cli.init_config import init_config

    init_config(lang="en", pipeline=list(COMPONENTS), optimize="accuracy", silent=True).to_disk(file)


def measure(folder: Path) -> list[dict[str, float]]:
    """For each round: what was run -> CPU seconds."""
    quickstart = folder / "quickstart.cfg"
    write_quickstart(quickstart)
    swap = [sys.executable, "-m", "archlab", "swap", "textcat.model", "spacy.TextCatBOW.v3", "--base"]
    commands = {
        IMPORT: [sys.executable, "-c", IMPORT],
        "a swap in the demo base": [*swap, str(DEMO)],
        f"a swap in a quickstart base of {len(COMPONENTS) + 1}": [*swap, str(quickstart)],
    }
    rounds = [
        {what: cpu_seconds(command, folder) for what, command in commands.items()} for _ in range(ROUNDS + 1)
    ]
    return rounds[1:]  # the first compiles and fills caches


def main() -> int:
    with TemporaryDirectory() as name:
        rounds = measure(Path(name))
    print(f"median of {ROUNDS} rounds{'CPU s':>25}{'beyond the import':>20}")
    beyond = {}
    for what in rounds[0]:
        whole = median(measured[what] for measured in rounds)
        beyond[what] = median(measured[what] - measured[IMPORT] for measured in rounds)
        print(f"  {what:40}{whole:6.2f}{beyond[what]:20.2f}")
    if max(beyond.values()) <= MAX_CPU_SECONDS:
        return 0
    print(f"\nA swap takes more than {MAX_CPU_SECONDS} CPU seconds beyond the import.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
