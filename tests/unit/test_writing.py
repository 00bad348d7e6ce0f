"""A written config stands in the order of its base, below the base's comments."""

from typing import Any

import pytest

from archlab.configs.loading import override_config, parse_config
from archlab.configs.writing import config_text
from archlab.errors import ConfigError

BASE = """\
; Ours. Ünïcode: 東京

# the language
[nlp]
# two letters
lang = "en"
pipeline = ["b", "a"]
# batch_size = 9

[components]

[components.b]
factory = "x"
# on one line
scorer = {"@scorers": "s.v1"}

# the model of b
[components.b.model]
width = ${components.a.width}
# its block
@architectures = "m.v1"
# wide
rows = [
    1,
    # and

    2
  ]

# seldom
[components.b.model.inner]
size = 1

[components.a]
factory : "y"
  # deeper
width = 1e-5

# ==== training ====

[training]
  max_steps = 010
  # odd
  dropout = .1
# patience = 3

# The end.
"""


def written(changes: dict[str, Any], *gone: str, base: str = BASE) -> str:
    config = override_config(parse_config(base), changes)
    for path in gone:
        *parents, key = path.split(".")
        section: Any = config
        for parent in parents:
            section = section[parent]
        del section[key]
    text = config_text(config, base)
    assert parse_config(text) == config
    return text


def test_what_has_not_changed_is_written_as_it_was() -> None:
    dedented = BASE.replace("  max_steps", "max_steps").replace("  dropout", "dropout")
    assert written({}) == dedented


def test_line_ends_of_windows_become_plain_ones() -> None:
    config = parse_config(BASE)
    assert config_text(config, BASE.replace("\n", "\r\n")) == config_text(config, BASE)


def test_a_changed_value_keeps_its_place_and_its_comments() -> None:
    text = written({"components.b.model.rows": [3], "training.max_steps": 7, "training.dropout": 0.2})
    assert '# its block\n@architectures = "m.v1"\n# wide\nrows = [3]\n\n# seldom\n' in text
    assert "\nmax_steps = 7\n  # odd\ndropout = 0.2\n# patience = 3\n\n# The end.\n" in text


@pytest.mark.parametrize(("value", "text"), [(1, "1"), (1.0, "1.0"), (True, "True")])
def test_the_type_of_a_value_is_part_of_it(value: object, text: str) -> None:
    base = BASE.replace("1e-5", "True")
    assert f"\nwidth = {text}\n" in written({"components.a.width": value}, base=base)


def test_what_goes_takes_its_comments_along() -> None:
    text = written({}, "components.b.model", "training.dropout")
    assert "# the model of b" not in text
    assert "# seldom" not in text
    assert "# odd" not in text
    assert "# deeper\n" in text
    assert "# patience = 3\n\n# The end.\n" in text


def test_what_stands_free_above_and_below_stays_with_the_file() -> None:
    text = written({}, "nlp", "training")
    assert text.startswith("; Ours. Ünïcode: 東京\n\n[components]\n")
    assert text.endswith("width = 1e-5\n\n# The end.\n")


def test_new_sections_stand_with_their_relatives() -> None:
    text = written(
        {"components.b.model.first.x": 1, "components.c.factory": "z", "corpora.dev": {}, "vars.x": 1}
    )
    headers = [line for line in text.split("\n") if line.startswith("[")]
    assert headers == [
        "[vars]",
        "[nlp]",
        "[components]",
        "[components.b]",
        "[components.b.model]",
        "[components.b.model.inner]",
        "[components.b.model.first]",
        "[components.a]",
        "[components.c]",
        "[corpora]",
        "[corpora.dev]",
        "[training]",
    ]
    assert "# batch_size = 9\n\n[components]\n" in text
    assert "\n\n[components.b.model.first]\nx = 1\n\n[components.a]\n" in text
    assert text.startswith("; Ours. Ünïcode: 東京\n\n[vars]\nx = 1\n\n# the language\n[nlp]\n")


def test_a_new_setting_stands_below_the_one_before_it() -> None:
    assert '\nfactory = "x"\nname = 1\n# on one line\n' in written({"components.b.name": 1})


def test_a_block_on_one_line_stays_there_while_it_is_the_same() -> None:
    changed = written({"components.b.scorer.k": 1})
    assert '\n# on one line\n[components.b.scorer]\n@scorers = "s.v1"\nk = 1\n' in changed
    assert "scorer = {" not in changed
    assert changed.count("# on one line") == 1


def test_sublayers_follow_the_config_where_their_order_has_changed() -> None:
    base = (
        '[components]\n\n[components.a]\n@layers = "own"\n\n# 2\n[components.a.x]\n\n# 1\n[components.a.y]\n'
    )
    config = parse_config(base)
    config["components"]["a"] = dict(reversed(config["components"]["a"].items()))
    assert config_text(config, base).endswith('own"\n\n# 1\n[components.a.y]\n\n# 2\n[components.a.x]\n')
    spacys_own = base.replace("@layers", "name")
    config["components"]["a"]["name"] = config["components"]["a"].pop("@layers")
    assert config_text(config, spacys_own) == spacys_own


def test_a_new_component_stands_after_the_others_wherever_the_config_has_it() -> None:
    config = parse_config(BASE)
    config["components"] = {"first": {"factory": "z"}, **config["components"]}
    text = config_text(config, BASE)
    assert 'width = 1e-5\n\n[components.first]\nfactory = "z"\n\n# ==== training ====\n' in text


def test_a_block_on_one_line_gets_lines_of_its_own_where_its_place_counts() -> None:
    base = '[components]\n\n[components.a]\n@layers = "own"\nx = {"@layers": "x"}\n'
    config = parse_config(base)
    config["components"]["a"]["y"] = {"@layers": "y"}
    written = config_text(config, base)
    assert "[components.a.x]" in written
    assert list(parse_config(written)["components"]["a"]) == ["x", "y", "@layers"]


def test_a_text_that_is_no_config_is_said() -> None:
    with pytest.raises(ConfigError, match=r"before the first \[section\]"):
        config_text(parse_config(BASE), "nothing")
