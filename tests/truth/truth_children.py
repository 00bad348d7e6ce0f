"""Work through a list of configs, each in a process forked from this one: a config may hang it or kill it."""

import contextlib
import json
import logging
import os
import select
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 30

Enter = Callable[[str], None]
"""Told the name of each stage that begins."""

Trial = Callable[[Path, Enter], dict[str, Any]]


def work_through(listed: Path, suffix: str, trial: Trial) -> None:
    """Write cases/NAME.SUFFIX.json for each name that is listed and that nobody has begun.

    Any number may work on one list; what was begun and never done, because all was killed, is begun again
    once its mark is old.
    """
    for name in listed.read_text(encoding="utf8").split():
        config = Path("cases", f"{name}.cfg")
        target = config.with_suffix(f".{suffix}.json")
        begun = target.with_suffix(".begun")
        if not target.exists() and begun.exists() and time.time() - begun.stat().st_mtime > 2 * SECONDS:
            begun.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):
            begun.touch(exist_ok=False)
            part = target.with_suffix(".part")
            part.write_text(json.dumps(_in_a_child(trial, config)), encoding="utf8")
            part.rename(target)


def _in_a_child(trial: Trial, config: Path) -> dict[str, Any]:
    """What the trial returned, or {stage, error, message} where it raised, hung or died; and seconds."""
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if not child:
        os.setsid()
        os.close(reading)
        _be_silent()
        _tell(writing, _outcome(trial, config, writing))
        os._exit(0)
    os.close(writing)
    told = b""
    while select.select([reading], [], [], max(0.0, started + SECONDS - time.monotonic()))[0]:
        chunk = os.read(reading, 65536)
        if not chunk:
            break
        told += chunk
    os.close(reading)
    hangs = time.monotonic() - started >= SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    last: dict[str, Any] = json.loads(told.splitlines()[-1]) if told else {"stage": "starting"}
    if last.keys() == {"stage"}:
        last |= {"error": "Hang" if hangs else "Death", "message": f"ended with status {status}"}
    return {**last, "seconds": round(time.monotonic() - started, 2)}


def _tell(pipe: int, outcome: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(outcome).encode() + b"\n")


def _be_silent() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _outcome(trial: Trial, config: Path, pipe: int) -> dict[str, Any]:
    stage = "starting"

    def enter(name: str) -> None:
        nonlocal stage
        stage = name
        _tell(pipe, {"stage": stage})

    try:
        return {"stage": "done", "ok": True, **trial(config, enter)}
    except BaseException as error:  # SystemExit and the like as well: whatever a block raises
        return {"stage": stage, "error": type(error).__name__, "message": str(error)[:2000]}
