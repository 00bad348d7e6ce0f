"""spaCy's training loop, with eyes: the same steps and the same weights, timed, counted and reported.

`spacy.training.loop.train` writes model-last at every evaluation and tells only its logger what it sees. This
loop runs the same generator (`train_while_improving`) over the same batches, so that the model it saves is
equal byte for byte to spaCy's model-best; it saves only that one.
"""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from archlab.records import Json
from archlab.training.checkpoints import Checkpoints, Evaluation, Saving, Training, may_go_beside
from archlab.training.clock import UPDATE, Clock
from archlab.training.speedups.updating import updating

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example


def train_pipeline(
    nlp: "Language",
    model_folder: Path,
    *,
    use_gpu: int,
    clock: Clock,
    on_evaluation: Callable[[Json], None],
    speedups: bool = True,
    stdout: IO[str] = sys.stdout,
    stderr: IO[str] = sys.stderr,
) -> Training:
    """Train an initialised pipeline as `spacy train` would, and save its best state to model_folder.

    on_evaluation: told of each evaluation, as a line of progress.jsonl. stdout, stderr: where the config's
    own logger writes. speedups: False does nothing else than spaCy does.
    Raises what spaCy, the blocks and the disk raise; ValueError for an empty dev corpus.
    """
    from spacy.schemas import ConfigSchemaTraining
    from spacy.training import loop
    from spacy.util import registry, resolve_dot_names
    from thinc.api import fix_random_seed, set_gpu_allocator

    config = nlp.config.interpolate()
    if config["training"]["seed"] is not None:
        fix_random_seed(config["training"]["seed"])
    if use_gpu >= 0 and config["training"]["gpu_allocator"]:
        set_gpu_allocator(config["training"]["gpu_allocator"])
    settings: Any = registry.resolve(config["training"], schema=ConfigSchemaTraining)
    train_corpus, dev_corpus = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
    optimizer = settings["optimizer"]
    evaluation = Evaluation(nlp, dev_corpus, settings, clock, speedups=speedups)
    steps = loop.train_while_improving(
        nlp,
        optimizer,
        loop.create_train_batches(
            nlp, _timed(train_corpus, clock), settings["batcher"], settings["max_epochs"]
        ),
        lambda: (0.0, {}),  # an evaluation is due; `Checkpoints` sees to it, and to when to stop
        dropout=settings["dropout"],
        accumulate_gradient=settings["accumulate_gradient"],
        patience=0,
        max_steps=settings["max_steps"],
        eval_frequency=settings["eval_frequency"],
        exclude=settings["frozen_components"],
        annotating_components=settings["annotating_components"],
        before_update=settings["before_update"],
    )
    updates: AbstractContextManager[Callable[[], None]] = nullcontext(lambda: None)
    if speedups and settings["before_update"] is None:  # which may look at weights, or change them
        updates = updating(nlp, optimizer)
    saving = Saving(nlp, optimizer, settings["before_to_disk"], model_folder)
    with nlp.select_pipes(disable=settings["frozen_components"]):
        log_step, finish_log = settings["logger"](nlp, stdout, stderr)
    try:
        with clock.phase(UPDATE), updates as synchronise:
            checkpoints = Checkpoints(
                nlp,
                optimizer,
                settings,
                evaluation,
                saving,
                synchronise=synchronise,
                log_step=log_step,
                on_evaluation=on_evaluation,
                may_go_beside=speedups and use_gpu < 0 and may_go_beside(nlp, config),
            )
            with closing(checkpoints):
                try:
                    for _, info, is_checkpoint in steps:
                        if not checkpoints.step(info, is_due=is_checkpoint is not None):
                            break
                except Exception:
                    with suppress(Exception):  # the first is what matters
                        checkpoints.finish()
                    raise
                checkpoints.finish()
    finally:
        finish_log()
    with clock.phase("save"):
        saving.checkpoint(False)
    training = checkpoints.training
    training.per_doc = evaluation.per_document(training.scores)
    return training


def _timed(corpus: Callable[..., Iterable["Example"]], clock: Clock) -> Callable[..., Iterable["Example"]]:
    """A corpus that tells the clock how long reading takes; it is still read lazily where it is streamed."""

    def read(nlp: "Language") -> Iterable["Example"]:
        examples = iter(corpus(nlp))
        while True:
            with clock.phase("data"):
                example = next(examples, None)
            if example is None:
                return
            yield example

    return read
