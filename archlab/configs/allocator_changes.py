"""The recipe gpu-allocator: which framework Thinc takes its GPU memory from."""

from typing import TYPE_CHECKING

from archlab.configs.loading import interpolated
from archlab.configs.slotting import get_section
from archlab.records import Setting

if TYPE_CHECKING:
    from confection import Config

ALLOCATORS = ("pytorch", "tensorflow")
"""The values that Thinc knows (thinc.backends.set_gpu_allocator)."""

_VARIABLE = "${system.gpu_allocator}"


def gpu_allocator(config: "Config", value: str) -> list[Setting]:
    """What `spacy init config --gpu` writes for it: the setting in [system], to which [training] points."""
    if interpolated(config)["training"]["gpu_allocator"] == value:
        return []
    wanted = {"training.gpu_allocator": _VARIABLE, "system.gpu_allocator": value}
    return [Setting(path, to) for path, to in wanted.items() if get_section(config, path) != to]
