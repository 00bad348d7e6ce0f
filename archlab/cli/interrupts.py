"""Stopping long work: ctrl-C, and what systems send in its place."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from archlab.cli.saying import say

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP interrupt as ctrl-C does, and say at once what the first of them leads to.

    Each raises KeyboardInterrupt; what is being stopped then, stops at once. A signal that is ignored, as
    under nohup, stays so.
    """
    told = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if not told:
            told = True
            with suppress(OSError, RuntimeError):  # the terminal is gone; or it is written to at this moment
                say("\nStopping: runs are asked to end. Again: at once.", err=True)
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
        wanted = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, interrupt) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
