"""Numbers that two blocks say in different words: the rate of a schedule, the spans of a suggester."""

from collections.abc import Mapping
from typing import Any

from archlab.configs.slotting import block_reference

PEAKS = {
    "compounding.v1": "start",
    "constant.v1": "rate",
    "constant_then.v1": "rate",
    "cyclic_triangular.v1": "max_lr",
    "decaying.v1": "base_rate",
    "slanted_triangular.v1": "max_rate",
    "warmup_linear.v1": "initial_rate",
}
"""The argument of each of Thinc's schedules that says how high it is."""

LENGTHS = {("warmup_linear.v1", "total_steps"), ("slanted_triangular.v1", "num_steps")}
"""The arguments that say over how many steps a schedule runs."""


def height(section: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The rate that an old schedule reached, with its variables; None where that is not known."""
    reference = block_reference(values)
    peak = PEAKS.get(reference[1]) if reference and reference[0] == "schedules" else None
    return section.get(peak) if peak else None


def span_size(argument: str, values: Mapping[str, Any]) -> Any:
    """What a suggester that leaves says of this argument of another; None where it says nothing.

    values: its section, without variables.
    """
    sizes, smallest, largest = (values.get(name) for name in ("sizes", "min_size", "max_size"))
    if argument == "sizes" and isinstance(smallest, int) and isinstance(largest, int):
        return list(range(smallest, largest + 1))
    if argument in ("min_size", "max_size") and isinstance(sizes, list) and sizes:
        return min(sizes) if argument == "min_size" else max(sizes)
    return None
