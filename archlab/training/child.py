"""One run in a process of its own: `python -m archlab.training.child [--no-speedups] RUN_FOLDER/spec.json`.

The process has built no Thinc model before, because layers without a seed of their own take it from a counter
of the process. It writes only into its own folder, outcome.json last. Its supervisor ends it.
"""

import contextlib
import json
import math
import os
import platform
import statistics
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.configs.fingerprints import changed_files, installed_versions
from archlab.errors import explain
from archlab.late_pytorch import import_pytorch_late
from archlab.memory import imported_for_good
from archlab.processes import machine, seconds_since_start
from archlab.records import Cost, Environment, Json, Outcome, RunSpec
from archlab.results.files import read_json, sync_tree, write_json
from archlab.results.paths import RunPaths
from archlab.training.clock import Clock
from archlab.training.endings import failed, kind_of
from archlab.training.speed import Passes, prepare_meter

NO_SPEEDUPS = "--no-speedups"

if TYPE_CHECKING:
    from spacy.language import Language


def main(arguments: list[str] | None = None) -> int:
    """Train one run; exit code 0 when done, 1 otherwise."""
    *options, spec_file = arguments if arguments is not None else sys.argv[1:]
    paths = RunPaths(Path(spec_file).resolve().parent)
    spec = RunSpec.from_dict(read_json(paths.spec))
    if spec.limits.memory_gb is not None:
        _limit_memory(spec.limits.memory_gb)
    speedups = NO_SPEEDUPS not in options
    if speedups and spec.gpu_id < 0:
        import_pytorch_late()
    words_per_second = prepare_meter(spec, paths)
    outcome = train_run(spec, paths, clock=Clock(start=seconds_since_start()), speedups=speedups)
    sync_tree(paths.folder)  # outcome.json says that all else is there: after a crash, too
    write_json(paths.outcome, outcome.to_dict())
    if outcome.status != "done":
        return 1
    write_json(paths.outcome, with_speed(outcome, words_per_second()).to_dict())
    return 0


def with_speed(outcome: Outcome, passes: Passes) -> Outcome:
    """The outcome of a training with what was measured afterwards."""
    speed = statistics.median(passes) if passes else None
    cost = replace(outcome.cost, words_per_second=speed, words_per_second_passes=passes)
    return replace(outcome, cost=cost)


def _tell_nobody(evaluation: Json) -> None:
    """Progress is in progress.jsonl."""


def train_run(
    spec: RunSpec,
    paths: RunPaths,
    on_evaluation: Callable[[Json], None] = _tell_nobody,
    *,
    clock: Clock | None = None,
    speedups: bool = True,
) -> Outcome:
    """Train one run in this process. Whatever goes wrong becomes part of the outcome; ctrl-C does not.

    on_evaluation: told of each line of progress.jsonl. clock: one that has begun with this process, where
    the process is for this run alone. speedups: False does nothing else than spaCy does.
    """
    clock = clock or Clock()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    changed = changed_files(spec.files)
    try:
        if not changed:
            outcome = _train(spec, paths, clock, on_evaluation, speedups)
    except Exception as error:  # user code, data, disk: all of it is the run's outcome, told in the log
        outcome = failed(kind_of(error), explain(error))
        traceback.print_exc()
    if changed := changed or changed_files(spec.files):
        outcome = failed("changed", f"{changed[0]} has changed since the runs were planned")
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return replace(
        outcome,
        started=started,
        finished=finished,
        cost=replace(outcome.cost, seconds=clock.read()),
        environment=_environment(spec),
    )


def _train(
    spec: RunSpec, paths: RunPaths, clock: Clock, on_evaluation: Callable[[Json], None], speedups: bool
) -> Outcome:
    with clock.phase("start"):
        with imported_for_good():
            from spacy.training.initialize import init_nlp
            from spacy.util import import_file, load_config

            from archlab.catalog.factories import only_needed_factories
            from archlab.training.device import activate
            from archlab.training.loop import train_pipeline
            from archlab.training.speedups.adding_labels import adding_labels_once
            from archlab.training.speedups.looking_up import looking_up_sooner
            from archlab.training.speedups.multiplying import multiplying_sooner
            from archlab.training.speedups.reading_once import reading_once
            from archlab.training.speedups.shared_corpora import sharing
            from archlab.training.speedups.shared_labels import taking_labels

            for file in spec.code:
                import_file("python_code", file)
        config = load_config(paths.config, interpolate=False)
        activate(spec.gpu_id)
    with ExitStack() as stack:
        interpolated = config.interpolate()
        if speedups:
            stack.enter_context(looking_up_sooner())
            stack.enter_context(multiplying_sooner())
            read_before = stack.enter_context(sharing(interpolated, spec.code, spec.files))
            stack.enter_context(reading_once(interpolated, read_before))
        with clock.phase("initialize"), only_needed_factories(interpolated), ExitStack() as initialising:
            if speedups:
                initialising.enter_context(adding_labels_once())
                initialising.enter_context(taking_labels(interpolated, read_before))
            nlp = init_nlp(config, use_gpu=spec.gpu_id)
        progress = stack.enter_context(paths.progress.open("a", encoding="utf8"))

        def report(evaluation: Json) -> None:
            progress.write(json.dumps(evaluation) + "\n")
            progress.flush()
            on_evaluation(evaluation)

        training = train_pipeline(
            nlp,
            paths.model,
            use_gpu=spec.gpu_id,
            clock=clock,
            on_evaluation=report,
            speedups=speedups,
            stdout=sys.stdout,
        )
    if training.weighted_score is None:  # none was better than another
        return failed("nan", "no evaluation gave a score that is a number")
    if not math.isfinite(training.weighted_score):
        return failed("nan", f"the weighted score is {training.weighted_score}")
    write_json(paths.per_doc, training.per_doc, compact=True)
    return Outcome(
        status="done",
        scores=_finite(training.scores),
        weighted_score=training.weighted_score,
        best_step=training.best_step,
        steps=training.steps,
        epochs=training.epochs,
        cost=Cost(
            parameters=count_parameters(nlp),
            model_bytes=sum(file.stat().st_size for file in paths.model.rglob("*") if file.is_file()),
            peak_memory_bytes=training.peak_memory(),
        ),
    )


def count_parameters(nlp: "Language") -> int:
    """Trainable floats of all components, each once, those of wrapped PyTorch and Keras models included."""
    seen: dict[Any, int] = {}
    for _, component in nlp.pipeline:
        model: Any = getattr(component, "model", None)
        if not hasattr(model, "walk"):
            continue
        for node in model.walk():
            for name in node.param_names:
                if node.has_param(name):
                    seen[(node.id, name)] = int(node.get_param(name).size)
            for shim in node.shims:
                parameters = getattr(shim._model, "parameters", None)
                if callable(parameters):
                    seen |= {id(tensor): tensor.numel() for tensor in parameters()}
                for weight in getattr(shim._model, "trainable_weights", ()):
                    seen[id(weight)] = math.prod(weight.shape)
    return sum(seen.values())


def _finite(scores: Any) -> Any:
    """Scores as JSON has them: numbers that are none become None."""
    if isinstance(scores, dict):
        return {str(key): _finite(value) for key, value in scores.items()}
    if isinstance(scores, float) and not math.isfinite(scores):
        return None
    return scores if isinstance(scores, (int, float, str, bool, type(None))) else str(scores)


def _environment(spec: RunSpec) -> Environment:
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return Environment(
        versions=installed_versions(),
        python=platform.python_version(),
        platform=f"{platform.system()}-{platform.machine()}",
        device=spec.device,
        threads=int(threads) if threads.isdigit() else None,
        machine=machine(),
    )


def _limit_memory(gigabytes: float) -> None:
    """Let allocations beyond the limit fail in this process, which then ends with a reason."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        limit = int(gigabytes * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    sys.exit(main())
