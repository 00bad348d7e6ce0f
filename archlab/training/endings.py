"""How a run ended that is not done: what an exception, or a process without a word, comes to."""

import contextlib
import shutil
from pathlib import Path

from archlab.processes import describe_exit
from archlab.records import Outcome, Reason
from archlab.results.logs import end_of

GPU_MEMORY_SIGNS = (
    "OutOfMemoryError",  # what PyTorch and CuPy both call it
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "ResourceExhaustedError",  # TensorFlow
)

MEMORY_SIGNS = ("MemoryError", "std::bad_alloc", "annot allocate memory", "can't allocate memory")
FULL_BYTES = 64 * 1024
"""A disk with less room than this is full: a result needs some of it."""

DISK_SIGNS = ("No space left on device", "Disk quota exceeded", "Read-only file system")


def failed(kind: str, message: str) -> Outcome:
    """The outcome of a run that failed. kind: as in `Reason`."""
    return Outcome(status="failed", reason=Reason(kind=kind, message=message))


def kind_of(error: Exception) -> str:
    """Which kind of Reason an exception is; many libraries tell it in words alone."""
    text = f"{type(error).__name__}: {error}"
    if any(sign in text for sign in GPU_MEMORY_SIGNS):
        return "gpu_memory"
    return _known_sign(text) or ("nan" if "NaN" in text else "error")


def ended_without_word(exit_code: int, log: Path) -> Outcome:
    """The outcome of a run that left none; what its log says last may tell why, if there was room for it."""
    how = f"the process {describe_exit(exit_code)}"
    if kind := _known_sign(end_of(log)) or _full_disk(log.parent):
        return failed(kind, f"{'no memory was left' if kind == 'memory' else 'the disk is full'}: {how}")
    return failed("killed", how) if exit_code < 0 else failed("error", f"{how} and left no result")


def _known_sign(text: str) -> str | None:
    if any(sign in text for sign in MEMORY_SIGNS):
        return "memory"
    return "disk" if any(sign in text for sign in DISK_SIGNS) else None


def _full_disk(folder: Path) -> str | None:
    with contextlib.suppress(OSError):
        return "disk" if shutil.disk_usage(folder).free < FULL_BYTES else None
    return None
