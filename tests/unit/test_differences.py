from archlab.configs.differences import diff_configs

OLD = {"a": {"x": 1, "y": "${b.z}"}, "b": {"z": 2, "inner": {"w": [1, "two"]}}}


def test_equal_configs_have_an_empty_diff() -> None:
    assert not diff_configs(OLD, OLD)
    assert str(diff_configs(OLD, OLD)) == ""


def test_a_changed_section_shows_all_its_settings_old_before_new() -> None:
    new = {**OLD, "a": {"x": 3, "y": "${b.z}"}}
    assert str(diff_configs(OLD, new)) == "  [a]\n- x = 1\n+ x = 3\n  y = ${b.z}"


def test_removed_and_added_sections_are_told_with_their_settings() -> None:
    new = {"a": OLD["a"], "b": {"z": 2}, "c": {"v": None}}
    assert str(diff_configs(OLD, new)) == '- [b.inner]\n- w = [1, "two"]\n+ [c]\n+ v = null'


def test_a_setting_that_goes_stays_beside_its_old_neighbour() -> None:
    old, new = {"a": {"k": 1, "gone": 2, "l": 3}}, {"a": {"k": 1, "l": 3}}
    assert str(diff_configs(old, new)) == "  [a]\n  k = 1\n- gone = 2\n  l = 3"
