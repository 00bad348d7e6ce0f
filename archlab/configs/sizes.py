"""Make a block as wide as the block before it was."""

from collections.abc import Mapping
from typing import Any

from archlab.configs.slotting import block_reference, get_section, set_section
from archlab.configs.widths import CHARACTERS, width_of, width_setting
from archlab.records import Note

SOURCE = "as wide as what was here"
BILSTM = "spacy.TorchBiLSTMEncoder.v1"
RECURRENT = ("LSTM.v1", "PyTorchLSTM.v1")
NUMBERS = (8, 4, 3, 2, 1)
"""How many characters of a word CharEmbed may look at, the usual number first."""


def fit_width(block: dict[str, Any], path: str, width: int | None, given: Mapping[str, Any]) -> list[Note]:
    """Give a block that comes into the slot `path` a width, in place, unless one was given; notes say so.

    Layers of Thinc that say their sizes in other words (nO, nI) are given theirs.
    """
    if width is None:
        return []
    settings = _settings(block, path, width)
    notes = []
    for setting, value in settings.items():
        inner = setting.removeprefix(f"{path}.")
        if inner.split(".")[0] in given or get_section(block, inner) == value:
            continue
        set_section(block, inner, value)
        notes.append(Note(path=setting, value=value, source=SOURCE))
    return notes


def make_even(block: dict[str, Any], path: str, given: Mapping[str, Any]) -> list[Note]:
    """Give a BiLSTM an even width, in place, unless one was given: each direction gives half of it."""
    width = block.get("width")
    if block_reference(block) != ("architectures", BILSTM) or "width" in given:
        return []
    if not isinstance(width, int) or width % 2 == 0:
        return []
    block["width"] = width + 1
    return [Note(path=f"{path}.width", value=width + 1, source="even: each direction gives half")]


def _settings(block: Mapping[str, Any], path: str, width: int) -> dict[str, Any]:
    """Setting -> its value, for a block of that width."""
    reference = block_reference(block)
    if reference is None:
        return {}
    if reference == ("layers", CHARACTERS):
        characters = next(number for number in NUMBERS if width % number == 0)
        return {f"{path}.nM": width // characters, f"{path}.nC": characters}
    if reference[0] == "layers":
        sizes = {f"{path}.{name}": width for name in ("nO", "nI") if _is_open(block, reference[1], name)}
        inner = block.get("layer")
        return sizes | (_settings(inner, f"{path}.layer", width) if isinstance(inner, Mapping) else {})
    setting = width_setting(path, block)
    is_number = isinstance(get_section(block, setting.removeprefix(f"{path}.")), int)
    return {setting: width} if is_number and width_of(block) != width else {}


def _is_open(layer: Mapping[str, Any], name: str, size: str) -> bool:
    """Whether a layer has a size that nobody has said, and that it is not told when training starts."""
    return layer.get(size) is None and (name in RECURRENT or (size == "nO" and "nO" in layer))
