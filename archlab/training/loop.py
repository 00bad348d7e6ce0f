"""spaCy's training loop, with eyes: the same steps and the same weights, timed, counted and reported.

`spacy.training.loop.train` writes model-last at every evaluation and tells only its logger what it sees. This
loop runs the same generator (`train_while_improving`) over the same batches, so that the model it saves is
equal byte for byte to spaCy's model-best; it saves only that one.
"""

import math
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from archlab.records import Json
from archlab.training.clock import UPDATE, Clock
from archlab.training.per_document import collect, counting_scorer
from archlab.training.speedups.evaluating import RepeatedEvaluation
from archlab.training.speedups.updating import updating

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example


@dataclass
class Training:
    """What a training has come to so far.

    scores: all that spaCy's scorer gave at the best step, without its speed, which is measured apart.
    per_doc: counts per dev document at the best step.
    """

    scores: Json = field(default_factory=dict)
    weighted_score: float | None = None
    per_doc: Json = field(default_factory=dict)
    best_step: int | None = None
    steps: int = 0
    epochs: int = 0


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
    evaluation = _Evaluation(nlp, dev_corpus, clock)
    if speedups:
        evaluation.repeated = RepeatedEvaluation(nlp, evaluation.scorer, settings["score_weights"])
    steps = loop.train_while_improving(
        nlp,
        optimizer,
        loop.create_train_batches(
            nlp, _timed(train_corpus, clock), settings["batcher"], settings["max_epochs"]
        ),
        evaluation.callback(settings["score_weights"]),
        dropout=settings["dropout"],
        accumulate_gradient=settings["accumulate_gradient"],
        patience=settings["patience"],
        max_steps=settings["max_steps"],
        eval_frequency=settings["eval_frequency"],
        exclude=settings["frozen_components"],
        annotating_components=settings["annotating_components"],
        before_update=settings["before_update"],
    )
    saving = _Saving(nlp, optimizer, settings["before_to_disk"], model_folder)
    training = Training()
    updates: AbstractContextManager[Callable[[], None]] = nullcontext(lambda: None)
    if speedups and settings["before_update"] is None:  # which may look at weights, or change them
        updates = updating(nlp, optimizer)
    with nlp.select_pipes(disable=settings["frozen_components"]):
        log_step, finish_log = settings["logger"](nlp, stdout, stderr)
    try:
        with clock.phase(UPDATE), updates as synchronise:
            for _, info, is_best in steps:
                training.steps, training.epochs = info["step"], info["epoch"]
                if is_best is not None:
                    synchronise()
                    _require_numbers(info)
                    with nlp.select_pipes(disable=settings["frozen_components"]):
                        loop.update_meta(settings, nlp, info)
                    with clock.phase("save"):
                        saving.checkpoint(is_best)
                    info["output_path"] = str(model_folder)
                    evaluation.note(training, info, is_best)
                    on_evaluation(_progress(info, is_best, settings["max_steps"]))
                log_step(info if is_best is not None else None)
    finally:
        finish_log()
    with clock.phase("save"):
        saving.checkpoint(False)
    with clock.phase("evaluate"):
        training.per_doc = evaluation.per_document(training.scores)
    return training


class _Evaluation:
    """Evaluates on the dev corpus and keeps what the best step predicted."""

    def __init__(self, nlp: "Language", dev_corpus: Callable[..., Any], clock: Clock) -> None:
        self.nlp = nlp
        self.dev_corpus = dev_corpus
        self.clock = clock
        self.scorer = counting_scorer(nlp)
        self.pipe_names = nlp.pipe_names
        self.best_examples: list[Example] = []
        self.repeated: RepeatedEvaluation | None = None

    def callback(self, weights: dict[str, float]) -> Callable[[], tuple[float, Json]]:
        """spaCy's own evaluation callback; it calls `evaluate` below in place of the pipeline's."""
        from spacy.training.loop import create_evaluation_callback

        def read(_: object) -> list["Example"]:
            examples = list(self.dev_corpus(self.nlp))
            if not examples:
                raise ValueError("the dev corpus holds no documents")
            return examples

        evaluate: Callable[[], tuple[float, Json]] = create_evaluation_callback(self, read, weights)  # type: ignore[arg-type]
        return evaluate

    def evaluate(self, examples: Iterable["Example"]) -> Json:
        with self.clock.phase("evaluate"):
            if self.repeated is not None:
                return self.repeated.evaluate(list(examples))
            return self.nlp.evaluate(examples, scorer=self.scorer)

    def note(self, training: Training, info: Json, is_best: bool) -> None:
        """Keep what the table needs of one evaluation."""
        if is_best:
            scores = {name: score for name, score in info["other_scores"].items() if name != "speed"}
            training.scores, training.weighted_score = scores, float(info["score"])
            training.best_step = info["step"]
            self.best_examples = self.scorer.examples

    def per_document(self, scores: Json) -> Json:
        return collect(self.nlp, self.best_examples, scores)


class _Saving:
    """Saves the pipeline at its best checkpoints; `before_to_disk` is called at each, as in spaCy."""

    def __init__(
        self, nlp: "Language", optimizer: Any, before_to_disk: Callable[..., Any] | None, folder: Path
    ) -> None:
        from spacy.training.loop import create_before_to_disk_callback

        self.nlp = nlp
        self.optimizer = optimizer
        self.has_callback = before_to_disk is not None
        self.before_to_disk = create_before_to_disk_callback(before_to_disk)
        self.folder = folder

    def checkpoint(self, is_best: bool) -> None:
        if not is_best and not self.has_callback:
            return
        with self.nlp.use_params(self.optimizer.averages):
            changed = self.before_to_disk(self.nlp)
            if is_best:
                unfinished = self.folder.with_name(f"{self.folder.name}.part")
                for old in (unfinished, self.folder):
                    if old.exists():
                        shutil.rmtree(old)
                changed.to_disk(unfinished)
                unfinished.replace(self.folder)


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


def _require_numbers(info: Json) -> None:
    """Raise ValueError where a loss is NaN: most components of spaCy do so themselves, textcat goes on."""
    for name, loss in info["losses"].items():
        if math.isnan(float(loss)):
            raise ValueError(f"the loss of {name} is NaN at step {info['step']}")


def _progress(info: Json, is_best: bool, max_steps: int) -> Json:
    """One line of progress.jsonl."""
    numbers = {k: v for k, v in info["other_scores"].items() if isinstance(v, (int, float)) and k != "speed"}
    return {
        "step": info["step"],
        "max_steps": max_steps or None,
        "epoch": info["epoch"],
        "score": float(info["score"]),
        "best": is_best,
        "losses": {name: float(loss) for name, loss in info["losses"].items()},
        "scores": numbers,
        "words": info["words"],
    }
