"""MXNet: retired, and still named by a layer of Thinc's and by code that was written for it."""

from types import TracebackType

from archlab.errors import ExtraError

LAYER = "MXNetWrapper.v1"
RETIRED = "MXNet was retired in 2023: its last release needs numpy 1, and archlab numpy 2."
INSTEAD = (
    "Write the network in PyTorch (PyTorchWrapper) or TensorFlow (archlab.TensorFlowWrapper.v1). "
    "Where MXNet still runs: docs/guide/mxnet.md"
)


def require_framework(name: str, place: str = "") -> None:
    """Raise ExtraError for Thinc's layer for MXNet, unless somebody has MXNet and has enabled it in Thinc.

    place: where it is named, to begin the message with.
    """
    if name != LAYER:
        return
    from thinc import util

    if not vars(util)["has_mxnet"]:  # a copy of thinc.compat's, and what the wrapper asks
        raise ExtraError(f"{place}{name} does not run here. {RETIRED}", INSTEAD)


def told_of_mxnet(error: BaseException) -> str | None:
    """What to tell of code that failed for want of MXNet, or within an MXNet that does not run here."""
    is_absent = isinstance(error, ImportError) and _is_of_mxnet(error.name)
    return f"{RETIRED} {INSTEAD}" if is_absent or _passes_through_mxnet(error.__traceback__) else None


def _passes_through_mxnet(trace: TracebackType | None) -> bool:
    while trace is not None:
        if _is_of_mxnet(trace.tb_frame.f_globals.get("__name__")):
            return True
        trace = trace.tb_next
    return False


def _is_of_mxnet(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] == "mxnet"
