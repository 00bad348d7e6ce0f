"""Remember what functions have given, and spare the collector of garbage what is not garbage."""

import atexit
import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Given = TypeVar("Given")


class Memory:
    """Calls a function once for the same arguments, and gives what it gave then.

    For work over many configs that share most of their sections: make one where it begins, and drop it where
    it ends. A function must depend on its arguments alone and on what is registered; the order of keys in
    them counts, and what is no JSON is not remembered. What it gives is shared: it must not be changed.
    """

    def __init__(self) -> None:
        self._given: dict[tuple[Callable[..., Any], str], Any] = {}

    def recall(self, function: Callable[..., Given], *arguments: Any) -> Given:
        """What the function gives for these arguments."""
        try:
            key = (function, json.dumps(arguments))
        except TypeError:
            return function(*arguments)
        if key not in self._given:
            self._given[key] = function(*arguments)
        given: Given = self._given[key]
        return given


@contextmanager
def uncollected() -> Iterator[None]:
    """Spare the collector while thousands of results are made: it would go through them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def imported_for_good() -> Iterator[None]:
    """Import within this: the collector does not go through it while it comes, nor later, nor at the end.

    spaCy and PyTorch are half a million objects, which stay for as long as their process. All other objects
    that are there are taken to stay as well, until `gc.unfreeze`.
    """
    with uncollected():
        yield
    gc.freeze()


def collect_seldom() -> None:
    """For a process that runs one command: its garbage is hardly worth the search, and none of it at the end.

    That takes a third of the CPU seconds of a command that imports spaCy.
    """
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)
