"""docs/guide/mxnet.md says what archlab answers; what trains there is walked by `make test-mxnet`."""

from pathlib import Path

import pytest
from guide_pages import make_workplace, walk


@pytest.mark.slow
def test_what_the_page_tells_of_archlab_holds(tmp_path: Path) -> None:
    finished = walk("mxnet.md", make_workplace(tmp_path, tmp_path))
    assert [done.code for done in finished.values()] == [3, 3]
