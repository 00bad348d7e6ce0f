"""Where a sweep makes a variant: the line that a verdict points at."""

from pathlib import Path
from typing import Any

import pytest

from archlab.planning.slot_lines import SlotLine, slot_line
from archlab.planning.sweeps import load_sweep

SWEEP = """\
base: base.cfg
recipes:
  - base
  - encoder: bilstm
swaps:
  textcat.model:
    - base
    - spacy.TextCatBOW.v3: {ngram_size: 2}
overrides:
  training.max_steps: 10
  training.dropout:
    - 0.1
    - 0.2
variants:
  wide:
    # wider
    tok2vec.model.encode.width: 256
"""
BASE = "[nlp]\n\n[components]\n\n[components.textcat]\n\n[components.textcat.model]\n@architectures = 1\n"


@pytest.mark.parametrize(
    ("row", "settings", "slot", "file", "line"),
    [
        (
            "BOW",
            {"textcat.model": {"spacy.TextCatBOW.v3": {"ngram_size": 2}}},
            "textcat.model",
            "sweep.yml",
            8,
        ),
        ("base", {"textcat.model": "base", "training.max_steps": 10}, "textcat.model", "base.cfg", 7),
        ("base, .2", {"textcat.model": "base", "training.dropout": 0.2}, "training.dropout", "sweep.yml", 13),
        ("bilstm", {"recipes": {"encoder": "bilstm"}}, "recipes", "sweep.yml", 4),
        ("wide", {"training.max_steps": 10}, "tok2vec.model.encode.width", "sweep.yml", 17),
        ("unknown", {"textcat.model": "gone"}, "textcat.model", "base.cfg", 7),
    ],
)
def test_the_slot_and_its_line(
    tmp_path: Path, row: str, settings: dict[str, Any], slot: str, file: str, line: int
) -> None:
    (tmp_path / "base.cfg").write_text(BASE, encoding="utf8")
    (tmp_path / "sweep.yml").write_text(SWEEP, encoding="utf8")
    found = slot_line(load_sweep(tmp_path / "sweep.yml"), row, settings)
    assert found == SlotLine(slot, str(tmp_path / file), line)


def test_a_base_without_a_model_is_where_the_sweep_names_it(tmp_path: Path) -> None:
    (tmp_path / "base.cfg").write_text("[nlp]\n", encoding="utf8")
    (tmp_path / "sweep.yml").write_text("# first\nbase: base.cfg\n", encoding="utf8")
    found = slot_line(load_sweep(tmp_path / "sweep.yml"), "base", {})
    assert found == SlotLine(None, str(tmp_path / "sweep.yml"), 2)
