"""The device a run trains on: asked for once, checked before anything starts, never silently another."""

import gc
from importlib.util import find_spec

from archlab.errors import DeviceError

CPU = "cpu"


def find_device(gpu_id: int | None) -> tuple[str, int]:
    """(class of device, GPU id) for `--gpu-id`: ("cpu", -1), or the GPU's model and its id.

    Raises DeviceError unless CuPy, torch's CUDA and the GPU itself are all there. No CUDA context is made
    here: the processes that train make their own.
    """
    if gpu_id is None or gpu_id < 0:
        return CPU, -1
    asked = f"--gpu-id {gpu_id}"
    if find_spec("cupy") is None:
        raise DeviceError(
            f"{asked}: CuPy is not installed, without which spaCy cannot use a GPU.",
            "Install it for your CUDA: pip install 'archlab[cuda12x]' or pip install 'archlab[cuda13x]'.",
        )
    import torch

    if torch.version.cuda is None:
        raise DeviceError(
            f"{asked}: the installed torch {torch.__version__} is built for the CPU alone.",
            "Install a torch built for your CUDA.",
        )
    return _gpu_model(gpu_id, asked), gpu_id


def activate(gpu_id: int) -> None:
    """Make this process train on a GPU; nothing for -1. spaCy then sets training.gpu_allocator itself.

    Raises DeviceError where it cannot.
    """
    if gpu_id < 0:
        return
    from thinc.api import require_gpu

    try:
        require_gpu(gpu_id)
    except Exception as error:  # drivers raise kinds of their own
        raise DeviceError(f"GPU {gpu_id} cannot be used: {error}") from None


def free_memory(gpu_id: int) -> None:
    """Give back what this process holds of a GPU's memory and does not use; nothing for -1."""
    if gpu_id < 0:
        return
    import cupy
    import torch

    gc.collect()
    torch.cuda.empty_cache()
    cupy.get_default_memory_pool().free_all_blocks()


def _gpu_model(gpu_id: int, asked: str) -> str:
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
        if gpu_id < count:
            name: bytes = cupy.cuda.runtime.getDeviceProperties(gpu_id)["name"]
            return name.decode()
    except Exception as error:  # cupy's CUDARuntimeError, or a missing driver library
        raise DeviceError(
            f"{asked}: there is no GPU that CUDA can use: {error}", "Look at nvidia-smi."
        ) from None
    known = ", ".join(map(str, range(count))) or "none"
    raise DeviceError(f"{asked}: there is no such GPU; there are: {known}.")
