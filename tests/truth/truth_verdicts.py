"""What archlab says of the configs that a file LIST names.

`python truth_verdicts.py LIST LEVEL [forked]` writes cases/NAME.LEVEL.json for each cases/NAME.cfg.
"""

import json
import sys
from pathlib import Path
from typing import Any

from forked_probe import probe_in_forks
from truth_children import Enter, work_through

WARM = 60


def main(listed: Path, level: str, is_forked: bool) -> None:
    """Check every config that nobody has begun. level: of `archlab.check`. is_forked: the probes are."""
    import spacy.cli  # noqa: F401
    import torch

    import archlab
    from archlab.errors import ArchlabError

    torch.set_num_threads(1)
    if is_forked:
        probe_in_forks()

    def check(file: Path, enter: Enter) -> dict[str, Any]:
        enter(level)
        try:
            report = archlab.check(archlab.load_config(file), level, seconds=60)
        except ArchlabError as error:
            return {"ok": False, "findings": [["error", "", str(error)]]}
        return {"ok": report.ok, "findings": [[f.severity, f.slot, f.message] for f in report.findings]}

    first = listed.read_text(encoding="utf8").split()[:WARM]
    for name in first:  # what these import and read, no child has to
        if level != "probe" and _is_harmless(name):
            check(Path("cases", f"{name}.cfg"), lambda stage: None)
    work_through(listed, level, check)


def _is_harmless(name: str) -> bool:
    """Whether spaCy lived through it."""
    outcome = json.loads(Path("cases", f"{name}.spacy.json").read_text(encoding="utf8"))
    return outcome.get("error") not in ("Hang", "Death")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["forked"])
