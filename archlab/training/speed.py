"""Words per second of a trained pipeline, measured after warm-up in a process of its own.

What is timed is what `nlp.evaluate` times: raw texts of the dev corpus are tokenised, then its documents go
through the pipeline. On a CPU the lesser of wall and CPU seconds counts, so that other runs on the machine do
not; a component that waits, for a network say, seems faster than it is. On a GPU it is wall seconds.
"""

import json
import math
import multiprocessing
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from archlab.memory import imported_for_good
from archlab.processes import ON_LINUX
from archlab.records import RunSpec
from archlab.results.files import read_json
from archlab.results.paths import RunPaths
from archlab.results.store import read_outcome, read_result
from archlab.training.device import activate, free_memory

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Passes = tuple[float, ...]
"""Words per second of each timed pass; empty where they could not be measured."""

PASSES, FEWEST_PASSES = 9, 2
FEWEST_DOCUMENTS = 8
WARM_UP_SECONDS, SECONDS_OF_PASSES = 0.05, 30.0
SECONDS_PER_PASS = (0.005, 0.08)
"""Wall seconds, with those of copying documents, which takes longer than a linear model does; the least, and
the most: all passes together take no more than SHARE_OF_TRAINING, where that is enough."""

SHARE_OF_TRAINING = 0.05

PATIENCE_SECONDS = 120.0
"""How long a measurement may take before it is given up: the training it belongs to is done."""


def prepare_meter(spec: RunSpec, paths: RunPaths) -> Callable[[], Passes]:
    """What measures the model of a run that this process, which does nothing else, is about to train.

    Where it can, it forks now: spaCy is imported, but no code of the user, which may compute and so start
    threads that a fork has not; and no model is built. CUDA does not survive a fork.
    """
    if ON_LINUX and spec.gpu_id < 0:
        try:
            return _fork(spec, paths)
        except Exception as error:  # no more processes; or spaCy cannot be imported, which the training tells
            sys.stderr.write(f"No process can be forked to measure words per second: {error}\n")
    return lambda: measure_apart(spec, paths)


def measure_apart(spec: RunSpec, paths: RunPaths) -> Passes:
    """Measure the model of a run in a process started anew."""
    free_memory(spec.gpu_id)
    command = [sys.executable, "-P", "-m", "archlab.training.speed", str(paths.spec)]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS, check=True
        )
        return tuple(json.loads(ended.stdout.splitlines()[-1]))
    except (subprocess.SubprocessError, OSError, ValueError, IndexError) as error:
        return _unknown(str(error))


def main(arguments: list[str] | None = None) -> int:
    """Measure the model of the run whose spec.json is named; what it prints last is JSON."""
    (spec_file,) = arguments if arguments is not None else sys.argv[1:]
    paths = RunPaths(Path(spec_file).resolve().parent)
    spec = RunSpec.from_dict(read_json(paths.spec))
    activate(spec.gpu_id)
    sys.stdout.write(json.dumps(_measure_run(spec, paths)))
    return 0


def measure(
    nlp: "Language",
    documents: Iterable["Doc"],
    *,
    on_gpu: bool = False,
    seconds_per_pass: float = SECONDS_PER_PASS[-1],
) -> Passes:
    """Words per second of PASSES passes over as many of the documents as take about so long.

    documents: as the pipeline is given them; taken in an order that is always the same and follows nothing,
    again and again where they are few. Without a word in them, nothing is known. Of a pipeline that takes
    minutes for FEWEST_DOCUMENTS, there are fewer passes.
    """
    chosen = [doc for doc in documents if len(doc)]
    if not chosen:
        return _unknown("the dev corpus has no words")
    Random(0).shuffle(chosen)
    seconds = perf_counter if on_gpu else process_time
    number, began = FEWEST_DOCUMENTS, perf_counter()
    _one_pass(nlp, chosen, number, seconds)
    while (warm_up := perf_counter() - began) < min(WARM_UP_SECONDS, 2 * seconds_per_pass):
        number, began = 2 * number, perf_counter()
        _one_pass(nlp, chosen, number, seconds)
    number = max(FEWEST_DOCUMENTS, math.ceil(number * seconds_per_pass / warm_up))
    passes: list[float] = []
    while len(passes) < PASSES:
        if not on_gpu:
            _move_weights(nlp)
        words, taken = _one_pass(nlp, chosen, number, seconds)
        passes.append(round(words / taken, 1))
        if len(passes) >= FEWEST_PASSES and perf_counter() - began > SECONDS_OF_PASSES:
            break
    return tuple(passes)


def _move_weights(nlp: "Language") -> None:
    """Copy the weights to another place in memory: on a CPU, where they lie alone makes up to a tenth.

    T. Mytkowicz and others: Producing wrong data without doing anything obviously wrong! (ASPLOS 2009).
    """
    from thinc.api import Model

    for _, component in nlp.pipeline:
        if isinstance(model := getattr(component, "model", None), Model):
            for node in model.walk():
                for name in node.param_names:
                    if node.has_param(name):
                        node.set_param(name, node.get_param(name).copy())


def _one_pass(
    nlp: "Language", documents: Sequence["Doc"], number: int, own_seconds: Callable[[], float]
) -> tuple[int, float]:
    """(words, seconds) of tokenising the texts of so many documents and piping copies of them."""
    timed = list(islice(cycle(documents), number))
    copies = [doc.copy() for doc in timed]
    wall, own = perf_counter(), own_seconds()
    for doc in timed:
        nlp.make_doc(doc.text)
    deque(nlp.pipe(copies), maxlen=0)
    wall, own = perf_counter() - wall, own_seconds() - own
    return sum(map(len, copies)), min(wall, own or wall)  # a coarse clock may stand still


def _measure_run(spec: RunSpec, paths: RunPaths) -> Passes:
    """Measure a run's saved model on its dev corpus."""
    from spacy.util import import_file, load_config, load_model_from_path, resolve_dot_names

    from archlab.catalog.factories import only_needed_factories
    from archlab.training.speedups.looking_up import looking_up_sooner
    from archlab.training.speedups.reading_once import reading_once
    from archlab.training.speedups.shared_corpora import sharing

    for file in spec.code:
        import_file("python_code", file)
    config = load_config(paths.model / "config.cfg").interpolate()
    with sharing(config, spec.code, spec.files) as read, reading_once(config, read):
        with only_needed_factories(config), looking_up_sooner():
            nlp = load_model_from_path(paths.model, exclude=["tokenizer"])
        _load_tokenizer(nlp, paths.model / "tokenizer")
        (dev_corpus,) = resolve_dot_names(config, [config["training"]["dev_corpus"]])
        documents = [example.predicted for example in dev_corpus(nlp)]
    return measure(nlp, documents, on_gpu=spec.gpu_id >= 0, seconds_per_pass=_seconds_per_pass(paths))


def _load_tokenizer(nlp: "Language", saved: Path) -> None:
    """Load what is not so already by its config: the rules of a language take longer than a small model."""
    from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]

    tokenizer: Any = nlp.tokenizer
    is_known = type(tokenizer) is Tokenizer and saved.is_file()
    if not (is_known and tokenizer.to_bytes(exclude=["vocab"]) == saved.read_bytes()):
        tokenizer.from_disk(saved, exclude=["vocab"])


def _seconds_per_pass(paths: RunPaths) -> float:
    """As the training that is measured took long or not."""
    finished = read_outcome(paths) or read_result(paths.result)
    trained = finished.cost.seconds.total if finished is not None else None
    least, most = SECONDS_PER_PASS
    return most if trained is None else min(most, max(least, SHARE_OF_TRAINING * trained / PASSES))


def _fork(spec: RunSpec, paths: RunPaths) -> Callable[[], Passes]:
    """Fork a process that waits, and return what makes it measure. It ends with this one."""
    with imported_for_good():
        import spacy.training.initialize  # noqa: F401  # so that both have it

        import archlab.catalog.factories  # noqa: F401
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def wait() -> None:
        ours.close()
        with suppress(EOFError, KeyboardInterrupt):  # the run has ended, or is asked to
            theirs.recv()
            theirs.send(_measure_run(spec, paths))

    process = context.Process(target=wait, daemon=True)
    process.start()
    theirs.close()

    def ask() -> Passes:
        try:
            ours.send(None)
            if not ours.poll(PATIENCE_SECONDS):
                return _unknown(f"not done after {PATIENCE_SECONDS:g} seconds")
            passes: Passes = ours.recv()
            return passes
        except (EOFError, OSError):
            return _unknown("its process has ended")
        finally:
            process.kill()
            process.join()

    return ask


def _unknown(why: str) -> Passes:
    """Say in the run's log why its speed is not known. The training stands."""
    sys.stderr.write(f"The words per second could not be measured: {why}\n")
    return ()


if __name__ == "__main__":
    sys.exit(main())
