"""Tell configs and sweeps from other .cfg and YAML files: by their text, nothing is parsed."""

import re
from pathlib import Path

CONFIG_SECTIONS = re.compile(r"^\[(nlp|components|training)[.\]]", re.MULTILINE)
BASE = re.compile(r"^base\s*:", re.MULTILINE)
SWAPS = re.compile(r"^swaps\s*:", re.MULTILINE)
OTHER_KEYS = re.compile(
    r"^(recipes|overrides|variants|seeds|score|limits|keep_models|regress)\s*:", re.MULTILINE
)
MAX_BYTES = 10_000_000
"""Larger than any config or sweep may be."""


def is_config(path: Path) -> bool:
    """Whether a .cfg file is a config of spaCy: setup.cfg and the like have none of its sections."""
    return path.suffix == ".cfg" and CONFIG_SECTIONS.search(_text(path)) is not None


def is_sweep(path: Path) -> bool:
    """Whether a YAML file is a sweep, right or wrong: it has swaps, or a base and something to do with it."""
    if path.suffix not in (".yml", ".yaml"):
        return False
    text = _text(path)
    return SWAPS.search(text) is not None or bool(BASE.search(text) and OTHER_KEYS.search(text))


def _text(path: Path) -> str:
    """Its beginning; empty where it cannot be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""
