"""How soon do commands that train nothing answer, and what does a swap take beyond the import of spaCy?

    python benchmarks/start_up.py

CPU seconds of whole commands, each in a process of its own, in rounds. `archlab table` shows results whose
comparisons are kept. What a swap takes beyond spaCy is the median over rounds of the difference, in the same
round, to an import of spaCy that leaves PyTorch out as archlab does. Exits with 1 where one takes longer than
its limit.
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from reported_sweep import reported_sweep  # noqa: E402

ROUNDS = 7
DEMO = ROOT / "configs" / "base.cfg"
COMPONENTS = ("tagger", "morphologizer", "trainable_lemmatizer", "parser", "ner", "spancat", "textcat")
IMPORT, PLAIN_IMPORT = "import spacy, without PyTorch", "import spacy"
WITHOUT_PYTORCH = "from archlab.late_pytorch import import_pytorch_late; import_pytorch_late(); import spacy"
HELP, TABLE = "archlab --help", "archlab table demo"
SWAP, QUICKSTART_SWAP = "a swap in the demo base", f"a swap in a base of {len(COMPONENTS) + 1} components"
MAX_CPU_SECONDS = {HELP: 0.3, TABLE: 0.6, SWAP: 0.4, QUICKSTART_SWAP: 0.4}
"""The swaps' are beyond the import of spaCy."""


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
    reported_sweep(folder / "experiments", seeds=5)
    archlab = [sys.executable, "-m", "archlab"]
    swap = [*archlab, "swap", "textcat.model", "spacy.TextCatBOW.v3", "--base"]
    commands = {
        HELP: [*archlab, "--help"],
        TABLE: [*archlab, "table", "demo"],
        IMPORT: [sys.executable, "-c", WITHOUT_PYTORCH],
        PLAIN_IMPORT: [sys.executable, "-c", PLAIN_IMPORT],
        SWAP: [*swap, str(DEMO)],
        QUICKSTART_SWAP: [*swap, str(quickstart)],
    }
    rounds = [
        {what: cpu_seconds(command, folder) for what, command in commands.items()} for _ in range(ROUNDS + 1)
    ]
    return rounds[1:]  # the first compiles and fills caches


def main() -> int:
    with TemporaryDirectory() as name:
        rounds = measure(Path(name))
    print(f"median of {ROUNDS} rounds{'CPU s':>28}{'limit':>8}")
    is_slow = False
    for what, limit in MAX_CPU_SECONDS.items():
        is_swap = what in (SWAP, QUICKSTART_SWAP)
        seconds = median(measured[what] - (measured[IMPORT] if is_swap else 0.0) for measured in rounds)
        print(f"  {what:40}{seconds:8.2f}{limit:8.1f}{', beyond the import' if is_swap else ''}")
        is_slow |= seconds > limit
    for what in (IMPORT, PLAIN_IMPORT):
        print(f"  {what:40}{median(measured[what] for measured in rounds):8.2f}")
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
