"""A fake trainer: archlab's own child process, but for the training itself.

`python fake_training.py RUN_FOLDER/spec.json` imports no spaCy, so a run costs a fraction of a second. It
goes through the steps of a training, writes progress, model and scores as one does, and gets into the trouble
that its variant is named after: a function below, told the words after the name. Its files are in the working
directory.
"""

import contextlib
import ctypes
import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from unittest.mock import patch

from archlab.records import Json, Outcome, RunSpec
from archlab.results.files import write_json
from archlab.results.paths import RunPaths
from archlab.training import child
from archlab.training.clock import Clock

STEPS = 5
STEP_SECONDS = 0.02
MODEL_FILES = 10
GATE = Path("gate")
"""While it is there, some runs wait; they write their process ids into files beside it."""


class OutOfMemoryError(RuntimeError):
    """A fake: what PyTorch and CuPy raise where a GPU's memory is exhausted."""


def waits(*_: str) -> None:
    tell("waits")
    while GATE.exists():
        time.sleep(0.01)


def config(*_: str) -> None:
    """`archlab train` has no variants: its only run waits."""
    waits()


def ignores_ctrl_c(*_: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    waits()


def hangs_holding_the_gil(*_: str) -> None:
    """In C code: no signal handler of Python runs any more."""
    tell("hangs")
    ctypes.PyDLL(None).sleep(1000)


def hangs_in_python(*_: str) -> None:
    tell("hangs")
    time.sleep(1000)


def has_children(*then: str) -> None:
    """One of its own group, and one that has left group, session and parent; then something else happens."""
    subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
    listening, telling = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            tell("daemon")
            os.write(telling, b"x")
            time.sleep(1000)
        os._exit(0)
    os.wait()
    os.read(listening, 1)
    if then:
        globals()[then[0]](*then[1:])


def is_killed(*times: str) -> None:
    """Always, or the first few times; then something else happens."""
    tried = Path("killed")
    count = len(tried.read_text()) if tried.exists() else 0
    if not times or count < int(times[0]):
        tried.write_text("x" * (count + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    if times[1:]:
        globals()[times[1]]()


def answers_ctrl_c_with_an_error(*_: str) -> None:
    """As loaders of data do whose workers are gone first."""

    def complain(*_: object) -> None:
        raise RuntimeError("a worker exited unexpectedly")

    signal.signal(signal.SIGINT, complain)
    time.sleep(1000)


def takes_memory(gigabytes: str) -> None:
    """Never touched: without a limit it is there for the asking."""
    bytearray(int(gigabytes) << 30)


def aborts_for_memory(gigabytes: str) -> None:
    """As C++ libraries do."""
    try:
        takes_memory(gigabytes)
    except MemoryError:
        pass
    else:
        return
    sys.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    sys.stderr.flush()
    os.abort()


def takes_all_gpu_memory(*_: str) -> None:
    raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def set_clock_back(put: Callable[[object, str, object], None] = setattr) -> None:
    """A fake: from now on this process believes that it is an hour earlier."""
    real = time.time

    class Earlier(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Self:
            return cls.fromtimestamp(time.time(), tz)

    put(time, "time", lambda: real() - 3600)
    for module in list(sys.modules.values()):
        if getattr(module, "datetime", None) is datetime.datetime:
            put(module, "datetime", Earlier)


def sets_clock_back(*then: str) -> None:
    set_clock_back()
    if then:
        globals()[then[0]](*then[1:])


def fills_the_disk(*where: str) -> None:
    """To its last byte, with what it writes into its folder or its unfinished model."""
    folder = Path(sys.argv[1]).parent.joinpath(*where)
    folder.mkdir(exist_ok=True)
    sizes = [1 << 16, 1 << 12, 1] if Path("hungry").exists() else []
    with (folder / "others.bin").open("ab", buffering=0) as file:
        for size in sizes:
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
        if sizes:
            file.write(b"\0")


def fails(*_: str) -> None:
    raise ValueError("as it should")


def fails_while_broken(*_: str) -> None:
    if Path("broken").exists():
        raise ValueError("broken")


def tell(name: str) -> None:
    with Path(name).open("a") as file:
        file.write(f"{os.getpid()}\n")


def fake_train(spec: RunSpec, paths: RunPaths, clock: Clock, *_: object) -> Outcome:
    """What `child._train` does, without a pipeline. Each run has scores and a model of its own, always."""
    name, *words = spec.variant.split()
    score = int(spec.run_id, 16) % 1000 / 1000
    with paths.progress.open("a", encoding="utf8") as progress:
        for step in range(STEPS):
            with clock.phase("update"):
                time.sleep(STEP_SECONDS)
            line: Json = {"step": step, "max_steps": STEPS, "score": score, "scores": {}}
            progress.write(json.dumps(line) + "\n")
            progress.flush()
            if step == 1 and name in globals():
                globals()[name](*words)
    with clock.phase("save"):
        save(spec, paths)
    write_json(paths.per_doc, {"cats": {"0": [score]}})
    return Outcome(
        status="done",
        scores={spec.score_name: score},
        weighted_score=score,
        best_step=2,
        steps=STEPS,
        epochs=1,
    )


def save(spec: RunSpec, paths: RunPaths) -> None:
    paths.unfinished_model.mkdir(exist_ok=True)
    for number in range(MODEL_FILES):
        (paths.unfinished_model / f"weights.{number}").write_text(spec.run_id * 1000)
        time.sleep(STEP_SECONDS / 2)
        if number == 1 and spec.variant.startswith("waits_saving"):
            waits()
    paths.unfinished_model.replace(paths.model)


def fake_meter(spec: RunSpec, paths: RunPaths) -> Callable[[], tuple[float, ...]]:
    """What `child.prepare_meter` gives, but nothing is measured."""

    def measure() -> tuple[float, ...]:
        if spec.variant.startswith("waits_measuring"):
            waits()
        return ()

    return measure


if __name__ == "__main__":
    with patch.object(child, "_train", fake_train), patch.object(child, "prepare_meter", fake_meter):
        sys.exit(child.main())
