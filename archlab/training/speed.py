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
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from archlab.processes import ON_LINUX
from archlab.records import RunSpec
from archlab.results.files import read_json
from archlab.results.paths import RunPaths

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

Passes = tuple[float, ...]
"""Words per second of each timed pass; empty where they could not be measured."""

PASSES = 5
SECONDS_PER_PASS = 0.1
WARM_UP_SECONDS = 0.05
FEWEST_DOCUMENTS, MOST_DOCUMENTS = 16, 4096
"""Of one pass. More would take longer to copy than to pipe where nothing but a linear model is timed."""
PATIENCE_SECONDS = 120.0
"""How long a measurement may take before it is given up: the training it belongs to is done."""


def prepare_meter(spec: RunSpec, paths: RunPaths) -> Callable[[], Passes]:
    """What measures the model of a run that this process, which does nothing else, is about to train.

    Where it can, it forks now: all is imported, no model is built, and no thread has begun. CUDA does not
    survive a fork.
    """
    if ON_LINUX and spec.gpu_id < 0:
        return _fork(spec, paths)
    return lambda: measure_apart(paths)


def measure_apart(paths: RunPaths) -> Passes:
    """Measure the model of a run in a process started anew."""
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

    from spacy.util import import_file

    from archlab.training.device import activate

    for file in spec.code:
        import_file("python_code", file)
    activate(spec.gpu_id)
    sys.stdout.write(json.dumps(_measure_run(spec, paths)))
    return 0


def measure(nlp: "Language", documents: Sequence["Doc"], *, on_gpu: bool = False) -> Passes:
    """Words per second of PASSES passes over as many of the documents as take about SECONDS_PER_PASS each.

    documents: as the pipeline is given them; taken again and again where they are few. Without a word in
    them, nothing is known.
    """
    seconds = perf_counter if on_gpu else process_time
    number = FEWEST_DOCUMENTS
    while True:
        words, taken = _one_pass(nlp, list(islice(cycle(documents), number)), seconds)
        if words == 0:
            return ()
        if taken >= WARM_UP_SECONDS or number == MOST_DOCUMENTS:
            break
        number *= 2
    number = min(math.ceil(number * SECONDS_PER_PASS / taken), MOST_DOCUMENTS)
    timed = [_one_pass(nlp, list(islice(cycle(documents), number)), seconds) for _ in range(PASSES)]
    return tuple(round(words / seconds, 1) for words, seconds in timed)


def _one_pass(nlp: "Language", documents: list["Doc"], own_seconds: Callable[[], float]) -> tuple[int, float]:
    """(words, seconds) of tokenising the documents' texts and piping copies of them."""
    copies = [doc.copy() for doc in documents]
    wall, own = perf_counter(), own_seconds()
    for doc in documents:
        nlp.make_doc(doc.text)
    deque(nlp.pipe(copies), maxlen=0)
    return sum(map(len, copies)), min(perf_counter() - wall, own_seconds() - own)


def _measure_run(spec: RunSpec, paths: RunPaths) -> Passes:
    """Measure a run's saved model on its dev corpus."""
    from spacy.util import load_config, load_model_from_path, resolve_dot_names

    from archlab.catalog.factories import only_needed_factories

    config = load_config(paths.model / "config.cfg").interpolate()
    with only_needed_factories(config):
        nlp = load_model_from_path(paths.model)
    (dev_corpus,) = resolve_dot_names(config, [config["training"]["dev_corpus"]])
    documents = [example.predicted for example in dev_corpus(nlp)]
    return measure(nlp, documents, on_gpu=spec.gpu_id >= 0)


def _fork(spec: RunSpec, paths: RunPaths) -> Callable[[], Passes]:
    """Fork a process that waits, and return what makes it measure. It ends with this one."""
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
