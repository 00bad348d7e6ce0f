"""What spaCy makes of a config: trained for 20 steps, evaluated, saved, loaded, run. Archlab is not here.

`python truth_trials.py LIST` tries each cases/NAME.cfg that the file LIST names, and writes NAME.spacy.json.
"""

import gc
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from truth_children import Enter, work_through


def main(listed: Path) -> None:
    """Try every config that nobody has begun."""
    import spacy.cli  # noqa: F401  # before any child needs it
    import torch
    from spacy.util import registry

    torch.set_num_threads(1)
    registry.ensure_populated()
    registry._entry_point_factories.get_all()  # or every child imports the packages that announce some
    gc.freeze()  # or the collector goes through all that at the end: a second
    registry.loggers("truth.Losses.v1", func=create_logger)
    work_through(listed, "spacy", train)


LOSSES: list[float] = []


def create_logger() -> Any:
    """A logger that keeps all losses."""

    def setup(nlp: Any, stdout: Any = None, stderr: Any = None) -> Any:
        def log(info: dict[str, Any] | None) -> None:
            LOSSES.extend(float(loss) for loss in (info or {"losses": {}})["losses"].values())

        return log, lambda: None

    return setup


def train(config: Path, enter: Enter) -> dict[str, Any]:
    """Train and use one config, in a process of its own; raises what spaCy raises."""
    with tempfile.TemporaryDirectory() as folder:
        _train(config, Path(folder), enter)
    return {"losses": LOSSES[-3:]}


def _train(path: Path, folder: Path, enter: Enter) -> None:
    import spacy
    from spacy.training import Corpus
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train as train_pipeline
    from spacy.training.pretrain import pretrain
    from spacy.util import load_config

    enter("load the config")
    config = load_config(path, interpolate=False)
    config["training"]["logger"] = {"@loggers": "truth.Losses.v1"}
    for name in ("pretrained", "model"):
        (folder / name).mkdir()
    if config.get("pretraining"):
        enter("pretrain")
        pretrain(config, folder / "pretrained", silent=True)
        config["initialize"]["init_tok2vec"] = str(folder / "pretrained" / "model-last.bin")
    enter("initialize")
    nlp = init_nlp(config)
    enter("train")
    train_pipeline(nlp, folder / "model", stdout=sys.stderr, stderr=sys.stderr)
    enter("compare losses")
    if not all(math.isfinite(loss) for loss in LOSSES):
        raise ValueError(f"losses that are not finite: {LOSSES[:5]}")
    enter("load")
    loaded = spacy.load(folder / "model" / "model-last")
    enter("run")
    examples = list(Corpus(load_config(path, interpolate=True)["corpora"]["dev"]["path"])(loaded))
    list(loaded.pipe([example.reference.text for example in examples]))
    loaded.evaluate(examples)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
