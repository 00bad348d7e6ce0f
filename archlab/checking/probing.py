"""Level probe: a config is trained for three updates in a process of its own, which may hang or die."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from archlab.checking.isolating import SECONDS
from archlab.checking.locating import slot_of
from archlab.checking.origins import origins
from archlab.configs.writing import config_text
from archlab.processes import child_environment, describe_exit, kill_family
from archlab.records import Finding

MARGIN_SECONDS = 1.0
"""How long before its time is up the child itself says where it hangs; then it is killed."""

MORE_TIMES = 5
"""How many times as long a probe should be given that was not done in time."""

POLL_SECONDS = 0.2
"""How long it may take until a probe that is to stop does so."""

NOT_PROBED = "not probed"
"""How a finding begins that says why nothing is known of the config."""

# In these phases it is the data or the machine that is slow, and nothing is known of the config.
_BEFORE = ("starting", "its documents are read", "its raw texts are read")


def check_probe(
    config: Mapping[str, Any],
    code: Sequence[str | Path] = (),
    seconds: float = SECONDS,
    stop: threading.Event | None = None,
) -> list[Finding]:
    """Train the config for a moment, in a child process on the CPU, and say what goes wrong.

    config: filled and interpolated, and free of errors at the levels before.
    code: files that register blocks. seconds: of wall time that it may take, imports included.
    stop: set by another thread that no longer wants to know; the time is up then.
    Whatever happens, it leaves no process of its group behind.
    """
    places = origins(config)
    if "__main__" in places:
        message = f"{NOT_PROBED}: the program itself defines blocks, which another process cannot import"
        fix = "put them into a file of their own, and name it as code"
        return [Finding(severity="warning", slot="nlp.pipeline", message=message, fix=fix)]
    files = [*map(str, code), *(place for place in places if place.endswith(".py"))]
    job = {
        "code": [str(Path(file).resolve()) for file in dict.fromkeys(files)],
        "modules": [place for place in places if not place.endswith(".py")],
        "deadline": time.time() + max(0.0, seconds - MARGIN_SECONDS),
    }
    with tempfile.TemporaryDirectory(prefix="archlab-probe-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "job.json").write_text(json.dumps(job), encoding="utf8")
        (folder / "config.cfg").write_text(_text(config), encoding="utf8")
        code_of_exit = _run(folder, seconds, stop or threading.Event())
        return _findings(folder, config, code_of_exit, seconds)


def unprobed(findings: Iterable[Finding]) -> list[str]:
    """Why nothing is known of a config that was to be probed; empty where it was probed."""
    return [finding.message for finding in findings if finding.message.startswith(NOT_PROBED)]


def _text(config: Mapping[str, Any]) -> str:
    from confection import Config

    return config_text(Config(dict(config)))


def _run(folder: Path, seconds: float, stop: threading.Event) -> int | None:
    """The exit code of the child; None where its time was up. Neither it nor its own children go on."""
    environment = child_environment(threads=1)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # it imports what was imported here
    environment["TMPDIR"] = str(folder)  # what the child leaves behind goes with the folder
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "archlab.checking.probe_child", str(folder)],
            stdin=subprocess.PIPE,  # its end tells the child that we are gone
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
        try:
            return _wait(process, seconds, stop)
        finally:
            _end(process)


def _wait(process: "subprocess.Popen[bytes]", seconds: float, stop: threading.Event) -> int | None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and not stop.is_set():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(min(left, POLL_SECONDS))
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    kill_family(process.pid)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _findings(
    folder: Path, config: Mapping[str, Any], exit_code: int | None, seconds: float
) -> list[Finding]:
    told = _read(folder / "findings.json")
    if told is not None:
        return [Finding(**{**finding, "variants": tuple(finding["variants"])}) for finding in told]
    place = _read(folder / "place.json") or {"phase": "starting", "component": None}
    if exit_code is None:  # the child itself may have said more
        place = _read(folder / "hung.json") or place
    slot, phase = slot_of(place["component"], config), place["phase"]
    if exit_code is None:
        return [_timeout(slot, phase, seconds)]
    ending = describe_exit(exit_code)
    if phase == "starting":
        message = f"{NOT_PROBED}: the process for it {ending}: {_last_line(folder / 'log.txt')}"
        return [Finding(severity="warning", slot=slot, message=message)]
    return [Finding(severity="error", slot=slot, message=f"while {phase}, its process {ending}")]


def _timeout(slot: str, phase: str, seconds: float) -> Finding:
    more = f"--seconds {MORE_TIMES * seconds:g}"
    if phase in _BEFORE:
        what = "its process was still starting" if phase == "starting" else "its documents were not read yet"
        message, fix = f"{NOT_PROBED}: after {seconds:g} s {what}", f"give the probe more time: {more}"
        return Finding(severity="warning", slot=slot, message=message, fix=fix)
    message = f"it hangs while {phase}: not done after {seconds:g} s"
    fix = f"if it is only slow, give the probe more time: {more}"
    return Finding(severity="error", slot=slot, message=message, fix=fix)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return None
