"""docs/guide/types.md, as a reader follows it, with the intents of banking77."""

from collections.abc import Callable
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk


@pytest.mark.slow
def test_the_page_shows_what_fits_and_what_does_not(corpus: Callable[[str], Path], tmp_path: Path) -> None:
    workplace = make_workplace(tmp_path, corpus("banking77"))

    finished = walk("types.md", workplace)

    shown = finished["archlab types"].out
    assert shown.index("Padded") < shown.index("Model[List[Doc], Floats2d]")
    assert "list2ragged.v1" in finished["archlab types Ragged"].out
    (mistyped,) = [
        ended for command, ended in finished.items() if "lint-types examples/types/mist" in command
    ]
    source = (workplace / "examples" / "types" / "mistyped.py").read_text().splitlines()
    assert source[20 - 1][27 - 1 :].startswith("layer2, layer1)")
    assert "mistyped.py:20:27" in mistyped.out
