"""Files that are sent to other machines, and configs that name them."""

import pytest

from archlab.engines.ray_cluster import Share
from archlab.engines.ray_data import names_in, renamed
from archlab.errors import InvalidError

CONFIG = '[paths]\ntrain = "/data/a b.spacy"\nother = ["/data/x", "/data/a b.spacy"]\nname = "x"\n'


def test_a_config_names_a_file_by_its_whole_text() -> None:
    assert names_in(CONFIG, ["/data/a b.spacy"]) == {"/data/a b.spacy": "/data/a b.spacy"}


def test_a_name_made_of_variables_cannot_be_changed() -> None:
    config = '[vars]\nroot = "/data"\n[paths]\ntrain = "${vars.root}/c.spacy"\n'
    with pytest.raises(InvalidError, match=r"^/data/c\.spacy is not on every node, and cannot be shipped"):
        names_in(config, ["/data/c.spacy"])


def test_there_and_back_is_the_same_text() -> None:
    there = renamed(CONFIG, {"/data/a b.spacy": '/tmp/"ü"/a'})
    assert "/data/a b.spacy" not in there
    assert '"/data/x"' in there
    assert renamed(there, {'/tmp/"ü"/a': "/data/a b.spacy"}) == CONFIG


@pytest.mark.parametrize(
    ("share", "times"),
    [
        (Share(), 8),
        (Share(cpus=3), 2),
        (Share(gpus=0.25), 4),
        (Share(gpus=0.1), 8),
        (Share(memory_bytes=6 * 10**9), 2),
        (Share(gpus=2), 0),
    ],
)
def test_how_often_a_node_has_a_share(share: Share, times: int) -> None:
    assert share.times({"CPU": 8.0, "GPU": 1.0, "memory": 16e9}) == times
