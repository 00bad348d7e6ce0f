"""What the seconds of a run may depend on, as numbers: read off its config alone."""

import json
import os
from collections.abc import Iterator, Mapping
from math import log2
from typing import Any

from archlab.configs.fingerprints import PATH_KEYS

Leaves = dict[str, Any]
"""A config laid flat: dotted path -> value. Items of lists go by their number; seeds are left out."""

UNLIMITED_STEPS = 100_000
OVERHEAD = 10_000
"""What a pipeline takes beside its matrices, in multiplications per word."""

MAX_NUMBER = 10**12
"""What is larger is no number that seconds grow with."""

_WIDTHS = ("width", "hidden_width", "hidden_size", "transformer_config.hidden_size")
_DEPTHS = ("depth", "num_hidden_layers", "transformer_config.num_hidden_layers")
_BERT_WIDTH, _BERT_DEPTH = 768, 12


def leaves(config: Mapping[str, Any]) -> Leaves:
    """A config laid flat. A variable counts as the value that it stands for, and a path as it is found from
    here: so the config that a run keeps says the same as that of its variant."""
    flat = dict(_walk(config))
    return {path: _settled(path, value, flat) for path, value in flat.items() if not path.endswith(".seed")}


def read_leaves(text: str) -> Leaves:
    """The leaves of a config as runs keep it, with each setting on a line: in a quarter of a parser's time.

    Any other text has none.
    """
    flat, section = {}, ""
    for line in text.splitlines():
        key, is_setting, value = line.partition(" = ")
        if is_setting:
            flat[f"{section}.{key}"] = _value(value)
        elif line.startswith("["):
            section = line[1:-1]
    return leaves(flat)


def work(flat: Leaves) -> float:
    """About how many multiplications a training comes to for each word of a batch: no more than an order."""
    blocks = [path for path in flat if path.endswith((".@architectures", ".@layers"))]
    each = OVERHEAD + sum(_multiplications(flat, path) for path in blocks if path.startswith("components."))
    return float(each) * _steps(flat)


def features(flat: Leaves) -> dict[str, float]:
    """Logarithms of the work, of the steps and of all other numbers; 1 for each other value that is there.

    Other numbers to a tenth: those that hardly differ, as thresholds do, make no other estimate.
    """
    found = {"work": log2(work(flat)), "steps": log2(_steps(flat))}
    for path, value in flat.items():
        if not isinstance(value, (int, float)) or not abs(value) < MAX_NUMBER:
            found[f"{path}={value}"] = 1.0
        elif path != "training.max_steps":  # 0 are the most
            found[path] = round(log2(1 + abs(value)), 1)
    return found


def _multiplications(flat: Leaves, path: str) -> int:
    """What a block takes of each word. path: where its name stands."""
    block, name = path.rpartition(".")[0], str(flat[path])

    def argument(*names: str, default: int = 1) -> int:
        values = [flat.get(f"{block}.{name}") for name in names]
        return max((n for n in values if isinstance(n, int) and 0 < n < MAX_NUMBER), default=default)

    if "Transformer" in name and "Listener" not in name:
        return 12 * argument(*_DEPTHS, default=_BERT_DEPTH) * argument(*_WIDTHS, default=_BERT_WIDTH) ** 2
    factor = 8 if "LSTM" in name else (2 * argument("window_size", default=0) + 1) * argument("maxout_pieces")
    return factor * argument(*_DEPTHS) * argument(*_WIDTHS, default=0) ** 2


def _steps(flat: Leaves) -> int:
    steps = flat.get("training.max_steps")
    return steps if isinstance(steps, int) and 0 < steps < MAX_NUMBER else UNLIMITED_STEPS


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, (dict, list)):
        yield path, value
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _walk(inner, f"{path}.{key}" if path else str(key))


def _settled(path: str, value: Any, flat: Leaves) -> Any:
    """A value without its variable, and a path with the folders above it."""
    if isinstance(value, str) and value.startswith("${"):
        value = flat.get(value[2:-1], value)
    section, _, key = path.rpartition(".")
    is_path = isinstance(value, str) and (section == "paths" or key in PATH_KEYS)
    return os.path.abspath(value) if is_path else value  # noqa: PTH100  # Path would keep what is ..


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
