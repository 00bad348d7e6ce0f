"""What the tests of disturbed grids share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from grids import Workplace


@pytest.fixture
def workplace_of_grids(tmp_path: Path) -> Iterator[Workplace]:
    """An empty working directory for disturbed grids."""
    workplace = Workplace(tmp_path)
    yield workplace
    workplace.close()
