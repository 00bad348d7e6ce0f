"""Train configs with spaCy alone, each in a fork of one process that has imported everything once.

    python forked_training.py CONFIG ...

writes which of them train for two steps, as JSON. `spacy train` of each would import the transformers anew.
"""

import gc
import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path


def trains(config: Path) -> bool:
    """Whether `spacy train` would end well. What it prints goes to stderr."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    code = 1
    try:
        from spacy.cli.train import train

        os.dup2(2, 1)
        train(config, overrides={"training.max_steps": 2})
        code = 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    for package in ("spacy_transformers", "spacy_curated_transformers"):
        import_module(package)
    gc.freeze()  # or the collector goes through all that at the end: a second
    json.dump({config: trains(Path(config)) for config in sys.argv[1:]}, sys.stdout)
