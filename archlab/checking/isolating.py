"""Run user code in a copy of this process: it may hang, exit or be killed, and costs no more than itself."""

import contextlib
import json
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from io import FileIO
from time import monotonic
from typing import NoReturn

from archlab.processes import describe_exit, kill_family

SECONDS = 60.0
"""Of wall time that the blocks of a config may take: to be built, and to be probed."""

POLL_MILLISECONDS = 20

Step = tuple[str, str | None]
"""(slot, None) as the work on it begins; (slot, what is wrong) where it fails."""

Steps = Callable[[], Iterator[Step]]

_DONE: Step = ("", None)


def run_apart(steps: Steps, seconds: float = SECONDS) -> list[Step]:
    """The steps, taken in a fork of this process. Where that ends too soon, or hangs, its last step failed.

    A fork has all that is registered here, and takes milliseconds. Where it is not safe (other systems than
    Linux, a GPU in use, TensorFlow at work) the steps are taken in this process. What they print goes to
    stderr.
    """
    if not can_fork():
        return list(steps())
    reading, writing = os.pipe()
    with FileIO(reading) as ours, FileIO(writing, "w") as its:
        pid = fork()
        if pid == 0:
            _be_the_copy(steps, writing, seconds)
        try:
            its.close()
            told, has_ended = _listen(pid, ours, seconds)
        finally:
            kill_family(pid)
            _, status = os.waitpid(pid, 0)
    taken: list[Step] = [(slot, problem) for slot, problem in map(json.loads, told)]
    if taken and taken[-1] == _DONE:
        return taken[:-1]
    how = f"it hangs while it is built: not done after {seconds:g} s"
    if has_ended:
        how = f"while it is built, its process {describe_exit(os.waitstatus_to_exitcode(status))}"
    return [*taken, (taken[-1][0] if taken else "nlp", how)]


def can_fork() -> bool:
    """Whether a fork of this process would work."""
    torch = sys.modules.get("torch")
    on_gpu = bool(torch and torch.cuda.is_initialized())
    return sys.platform == "linux" and not on_gpu and not _tensorflow_works()


def _tensorflow_works() -> bool:
    """Whether TensorFlow has started its threads: a fork has none of them, and would wait for ever.

    Nothing public tells, without starting them.
    """
    context = getattr(sys.modules.get("tensorflow.python.eager.context"), "_context", None)
    return bool(getattr(context, "_initialized", False))


def fork() -> int:
    """As `os.fork`, after all that was printed has been written. Raises OSError."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of Python 3.12 and later, where there are threads
        return os.fork()


def _be_the_copy(steps: Steps, writing: int, seconds: float) -> NoReturn:
    """Take the steps, tell of each, and end: nothing of the copied program goes on."""
    exit_code = 1
    with contextlib.suppress(BaseException):
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(seconds) + 5)  # should the first process be killed meanwhile
        write_to_stderr()
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(1)  # the threads of a pool are not copied
        for step in steps():
            os.write(writing, f"{json.dumps(step)}\n".encode())
        os.write(writing, f"{json.dumps(_DONE)}\n".encode())
        exit_code = 0
    os._exit(exit_code)


def write_to_stderr() -> None:
    """In a copy: all that is printed goes there, past what draws on the terminal, whose locks may be held."""
    number = sys.__stderr__.fileno() if sys.__stderr__ else 2
    os.dup2(number, 1)
    sys.stdout = sys.stderr = open(number, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115


def _listen(pid: int, reader: FileIO, seconds: float) -> tuple[list[str], bool]:
    """(the lines that the copy writes, whether it ended in time). It is not reaped: its id stays its own."""
    written = b""
    has_ended = False
    deadline = monotonic() + seconds
    os.set_blocking(reader.fileno(), False)  # something else may hold the other end
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while not has_ended and monotonic() < deadline:
        if (reader.fileno(), select.POLLHUP) in poll.poll(POLL_MILLISECONDS):  # nobody can write any more
            poll.unregister(reader)
        has_ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        written += reader.readall() or b""
    return _lines(written), has_ended


def _lines(written: bytes) -> list[str]:
    """The lines that are whole."""
    return written.decode().split("\n")[:-1]
