"""Whatever a base looks like: what is written is the config, and comments stay where they were."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from test_config_properties import CONFIGS

from archlab.configs.loading import as_config, parse_config
from archlab.configs.writing import config_text

COMMENTS = st.builds(
    lambda indent, mark, text: f"{indent}{mark}{text}",
    st.sampled_from(["", "", "  ", "\t"]),
    st.sampled_from(["#", "# ", ";", "# [a] ", "# a = "]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x85"), max_size=8),
)
VALUES = st.sampled_from(
    ["${A}", "${A.b}", '["${A.b}"]', "[\n  1,\n\n  2\n  ]", '{"@x": "y", "z": {"v": 1}}', "1e-5"]
)


@st.composite
def bases(draw: st.DrawFn) -> str:
    """Texts of configs as people might write them: comments and blank lines anywhere, odd values."""
    lines = config_text(as_config(draw(CONFIGS))).split("\n")
    written: list[str] = []
    for number, line in enumerate(lines):
        written += draw(st.lists(COMMENTS | st.just(""), max_size=2)) if draw(st.booleans()) else []
        written.append(line)
        if line.startswith("[") and draw(st.booleans()):
            written += [f"own{number} {draw(st.sampled_from('=:'))} {draw(VALUES)}"]
    written += draw(st.lists(COMMENTS | st.just(""), max_size=2))
    return "\n".join(written)


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()[:1] in ("#", ";")]


def same(one: Any, other: Any) -> bool:
    """Equal down to the types of the values and the order of the sections."""
    return json.dumps(_shape(one)) == json.dumps(_shape(other))


def _shape(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    own = {key: inner for key, inner in value.items() if not isinstance(inner, dict)}
    inner = {key: _shape(section) for key, section in value.items() if isinstance(section, dict)}
    return [dict(sorted(own.items())), inner]


@given(bases())
def test_a_base_is_written_as_it_is(text: str) -> None:
    config = parse_config(text)
    written = config_text(config, text)
    assert comments(written) == comments(text)
    lines = [line.strip() for line in written.split("\n") if line.strip()]
    assert lines == [line.strip() for line in text.split("\n") if line.strip()]
    assert parse_config(written) == config


@given(bases(), bases())
def test_another_config_is_written_whole(text: str, other: str) -> None:
    config = parse_config(other)
    written = config_text(config, text)
    assert parse_config(written) == config
    assert config_text(config, written) == written
    assert set(comments(written)) <= set(comments(text))


@given(bases(), st.data())
def test_a_changed_setting_and_a_new_one_cost_no_comment(text: str, draw: st.DataObject) -> None:
    config = parse_config(text)
    section = draw.draw(st.sampled_from([config[key] for key in config]))
    for key in [key for key in section if not isinstance(section[key], dict)]:
        if draw.draw(st.booleans()):
            section[key] = draw.draw(st.sampled_from([1, 1.0, True, None, "1", {"a": 1}]))
    section["new"] = draw.draw(st.sampled_from([{"a": {"b": None}}, "ä", 3]))
    written = config_text(config, text)
    assert parse_config(written) == config
    assert sorted(comments(written)) == sorted(comments(text))


@given(bases())
def test_the_order_of_sublayers_is_the_configs(text: str) -> None:
    config = parse_config(text)
    component = as_config({"components": {"c": {"@layers": "own", **config}}})
    turned = as_config({"components": {"c": dict(reversed([*config.items(), ("@layers", "own")]))}})
    written = parse_config(config_text(turned, config_text(component)))
    assert same(written, turned)
