"""What happens at each evaluation of a training: scores, the best model, and what is told of it.

Where a core is idle, all that happens in a fork, which has the weights of that step, while the next steps are
taken; never so many that spaCy might have stopped before. What the training comes to is the same.
"""

import math
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from archlab.checking.origins import has_foreign_blocks
from archlab.processes import peak_memory
from archlab.records import Json
from archlab.training.clock import Clock
from archlab.training.per_document import collect, counting_scorer
from archlab.training.speedups.evaluating import RepeatedEvaluation
from archlab.training.speedups.forking import has_one_thread
from archlab.training.speedups.idle_cores import has_idle_core, has_memory_for_another
from archlab.training.speedups.working_beside import WorkBeside

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

LOGGERS = ("spacy.ConsoleLogger.v1", "spacy.ConsoleLogger.v2", "spacy.ConsoleLogger.v3")
"""Which look at nothing else than what they are told."""

FACTORIES = ("tok2vec", "tagger", "morphologizer", "senter", "parser", "ner", "textcat", "textcat_multilabel")
"""Of components whose predictions leave nothing in the pipeline but strings."""


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
    peak_beside: int = 0

    def peak_memory(self) -> int | None:
        """The most memory that this process or one that evaluated beside it has held, in bytes, if known."""
        own = peak_memory()
        return None if own is None else max(own, self.peak_beside)


@dataclass(frozen=True)
class Checkpoint:
    """What an evaluation came to.

    info: as spaCy tells loggers. total: seconds since the process of the run began, as if it had waited.

    Where it was done beside the training: per_doc, if it is the best so far; its seconds by phase; strings
    that are new in the vocabulary; peak memory in bytes.
    """

    info: Json
    is_best: bool
    total: float
    per_doc: Json | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    strings: Sequence[str] = ()
    peak_memory: int = 0


class Checkpoints:
    """Follows the steps of a training, and does what is due at some of them."""

    def __init__(
        self,
        nlp: "Language",
        optimizer: Any,
        settings: Json,
        evaluation: "Evaluation",
        saving: "Saving",
        *,
        synchronise: Callable[[], None],
        log_step: Callable[[Json | None], None],
        on_evaluation: Callable[[Json], None],
        may_go_beside: bool,
    ) -> None:
        """settings: of [training], resolved. synchronise: brings weights home. log_step: of the logger."""
        self.nlp, self.optimizer, self.settings = nlp, optimizer, settings
        self.evaluation, self.saving, self.clock = evaluation, saving, evaluation.clock
        self.synchronise, self.log_step, self.on_evaluation = synchronise, log_step, on_evaluation
        self.may_go_beside = may_go_beside
        self.began = perf_counter()
        self.training = Training()
        self.results: list[tuple[float, int]] = []  # (score, step) of each
        self.beside: WorkBeside[Checkpoint] | None = None
        self.steps_to_log = 0

    def step(self, info: Json, *, is_due: bool) -> bool:
        """After a step, at which an evaluation is due or not: whether to go on."""
        self.training.steps, self.training.epochs = info["step"], info["epoch"]
        if is_due:
            self.finish()
            _require_numbers(info)
            self.beside = self._begin_beside(info)
            if self.beside is None:
                self._note(self._evaluate(info))
        elif self.beside is not None:
            self.steps_to_log += 1
            if self.beside.has_ended():
                self.finish()
        else:
            self.log_step(None)
        if self._is_over(info["step"]):
            self.finish()
        return not self._is_over(info["step"])

    def finish(self) -> None:
        """Take what goes on beside, and wait for it."""
        if self.beside is None:
            return
        with self.clock.waiting() as seconds:
            checkpoint = self.beside.take()
            seconds.update(checkpoint.seconds)
        self.beside = None
        for string in checkpoint.strings:
            self.nlp.vocab.strings.add(string)
        self.training.peak_beside = max(self.training.peak_beside, checkpoint.peak_memory)
        self._note(checkpoint)
        for _ in range(self.steps_to_log):
            self.log_step(None)
        self.steps_to_log = 0

    def close(self) -> None:
        """End what still goes on beside: the training has failed."""
        if self.beside is not None:
            self.beside.end()

    def _begin_beside(self, info: Json) -> WorkBeside[Checkpoint] | None:
        """Evaluate in a fork; None where that cannot be."""
        if not (self.may_go_beside and self.evaluation.is_known() and has_idle_core()):
            return None
        try:
            if has_memory_for_another() and has_one_thread():
                return WorkBeside(partial(self._evaluate_beside, info))
        except OSError:  # no more processes
            self.may_go_beside = False
        return None

    def _is_over(self, step: int) -> bool:
        """Whether there was no better score for too many steps, as in `train_while_improving`."""
        best_step = -max((score, -step) for score, step in self.results)[1]
        return bool(self.settings["patience"]) and step - best_step >= self.settings["patience"]

    def _evaluate(self, info: Json) -> Checkpoint:
        """Evaluate, and save what is best."""
        from spacy.training.loop import update_meta

        averages = self.optimizer.averages
        with self.nlp.use_params(averages) if averages else nullcontext():
            score, other_scores = self.evaluation()
        results = [*self.results, (score, info["step"])]
        is_best = score == max(results)[0]
        info = {**info, "score": score, "other_scores": other_scores, "checkpoints": results}
        info["seconds"] = int(perf_counter() - self.began)
        self.synchronise()
        with self.nlp.select_pipes(disable=self.settings["frozen_components"]):
            update_meta(self.settings, self.nlp, info)
        with self.clock.phase("save"):
            self.saving.checkpoint(is_best)
        info["output_path"] = str(self.saving.folder)
        return Checkpoint(info, is_best, total=self.clock.read().total or 0.0)

    def _evaluate_beside(self, info: Json) -> Checkpoint:
        """In a fork: what the training will need of the evaluation."""
        strings, before = self.nlp.vocab.strings, dict(self.clock.seconds)
        known = len(strings)
        done = self._evaluate(info)
        seconds = {name: taken - before.get(name, 0.0) for name, taken in self.clock.seconds.items()}
        per_doc = None
        if done.is_best:
            self.evaluation.keep()
            per_doc = self.evaluation.per_document(_told(done.info))
        return replace(
            done,
            per_doc=per_doc,
            seconds=seconds,
            strings=list(islice(strings, known, None)),
            peak_memory=peak_memory() or 0,
        )

    def _note(self, checkpoint: Checkpoint) -> None:
        """Keep what the table needs of an evaluation, and tell of it."""
        info, training = checkpoint.info, self.training
        self.results = info["checkpoints"]
        if checkpoint.is_best:
            training.scores, training.weighted_score = _told(info), float(info["score"])
            training.best_step = info["step"]
            self.evaluation.keep(checkpoint.per_doc)
        self.on_evaluation(_progress(checkpoint, self.settings["max_steps"]))
        self.log_step(info)


class Evaluation:
    """Evaluates on the dev corpus and keeps what the best step predicted."""

    def __init__(
        self, nlp: "Language", dev_corpus: Callable[..., Any], settings: Json, clock: Clock, *, speedups: bool
    ) -> None:
        """settings: of [training], resolved."""
        from spacy.training.loop import create_evaluation_callback

        self.nlp = nlp
        self.dev_corpus = dev_corpus
        self.clock = clock
        self.scorer = counting_scorer(nlp)
        self.pipe_names = nlp.pipe_names
        self.best_examples: list[Example] = []
        self.best_per_doc: Json | None = None
        self._next: list[Example] = []  # read already
        weights = settings["score_weights"]
        self.repeated = RepeatedEvaluation(nlp, self.scorer, weights) if speedups else None
        self._evaluate: Callable[[], tuple[float, Json]] = create_evaluation_callback(
            self,  # type: ignore[arg-type]  # in place of the pipeline: it is `evaluate` below that is called
            lambda _: self._read(),
            weights,
        )

    def __call__(self) -> tuple[float, Json]:
        """(the weighted score, all scores), by spaCy's own evaluation callback."""
        return self._evaluate()

    def evaluate(self, examples: Iterable["Example"]) -> Json:
        with self.clock.phase("evaluate"):
            if self.repeated is not None:
                return self.repeated.evaluate(list(examples))
            return self.nlp.evaluate(examples, scorer=self.scorer)

    def _read(self) -> list["Example"]:
        examples, self._next = self._next or list(self.dev_corpus(self.nlp)), []
        if not examples:
            raise ValueError("the dev corpus holds no documents")
        return examples

    def is_known(self) -> bool:
        """Whether the next evaluation is one of the same examples again, and spaCy alone sees them."""
        if self.repeated is None or not self.repeated.may_repeat:
            return False
        self._next = self._read()
        return self.repeated.is_again(self._next)

    def keep(self, per_doc: Json | None = None) -> None:
        """What the last evaluation predicted is the best so far. per_doc: of one in another process."""
        self.best_per_doc = per_doc
        self.best_examples = self.scorer.examples if per_doc is None else []

    def per_document(self, scores: Json) -> Json:
        """The counts of the best evaluation, whose scores are given."""
        with self.clock.phase("evaluate"):
            return self.best_per_doc or collect(self.nlp, self.best_examples, scores)


class Saving:
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


def may_go_beside(nlp: "Language", config: Mapping[str, Any]) -> bool:
    """Whether nobody sees in which process evaluations are done. config: of the run, interpolated."""
    training = config["training"]
    factories = {nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    return (
        not training["before_to_disk"]
        and not training["before_update"]
        and training["logger"]["@loggers"] in LOGGERS
        and factories <= set(FACTORIES)
        and not has_foreign_blocks(config)  # which may keep something from one evaluation to the next
    )


def _told(info: Json) -> Json:
    """The scores of an evaluation, without the speed, which is measured apart."""
    return {name: score for name, score in info["other_scores"].items() if name != "speed"}


def _require_numbers(info: Json) -> None:
    """Raise ValueError where a loss is NaN: most components of spaCy do so themselves, textcat goes on."""
    for name, loss in info["losses"].items():
        if math.isnan(float(loss)):
            raise ValueError(f"the loss of {name} is NaN at step {info['step']}")


def _progress(checkpoint: Checkpoint, max_steps: int) -> Json:
    """One line of progress.jsonl."""
    info = checkpoint.info
    numbers = {k: v for k, v in info["other_scores"].items() if isinstance(v, (int, float)) and k != "speed"}
    return {
        "step": info["step"],
        "max_steps": max_steps or None,
        "epoch": info["epoch"],
        "score": float(info["score"]),
        "best": checkpoint.is_best,
        "losses": {name: float(loss) for name, loss in info["losses"].items()},
        "scores": numbers,
        "words": info["words"],
        "seconds": round(checkpoint.total, 2),
    }
