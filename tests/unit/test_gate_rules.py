"""What flags say of the gate's rules."""

import pytest

from archlab.errors import UsageError
from archlab.planning.gate_rules import LEVEL, TOLERANCE, CostRules, GateRules, ScoreRules


def test_the_sweeps_own_score_is_gated_where_none_is_named() -> None:
    assert GateRules().of("f") == {"f": ScoreRules(tolerance=TOLERANCE)}
    assert GateRules().level == LEVEL


def test_scores_that_say_nothing_have_what_is_said_for_all() -> None:
    rules = GateRules(
        absolute=0.1, scores={"f": None, "p": ScoreRules(tolerance=0.2), "r": ScoreRules(direction="lower")}
    )
    assert rules.of("acc") == {
        "f": ScoreRules(tolerance=TOLERANCE, absolute=0.1),
        "p": ScoreRules(tolerance=0.2, absolute=0.1),
        "r": ScoreRules(tolerance=TOLERANCE, absolute=0.1, direction="lower"),
    }


def test_a_rule_is_given_up_by_saying_so() -> None:
    rules = GateRules(absolute=0.1, scores={"f": ScoreRules(tolerance=None), "p": ScoreRules(absolute=None)})
    assert rules.of("acc") == {"f": ScoreRules(absolute=0.1), "p": ScoreRules(tolerance=TOLERANCE)}
    assert GateRules(tolerance=None, absolute=0.2).of("f") == {"f": ScoreRules(absolute=0.2)}


@pytest.mark.parametrize("rule", ["absolute", "relative"])
def test_a_flag_adds_to_the_rules_in_force(rule: str) -> None:
    assert GateRules().changed("f", {rule: ["0.5"]}).of("f")["f"].tolerance == TOLERANCE
    found = GateRules().changed("f", {rule: ["g=0.5"]}).of("f")
    assert found["f"] == ScoreRules(tolerance=TOLERANCE)
    assert found["g"] == ScoreRules(tolerance=TOLERANCE).model_copy(update={rule: 0.5})


def test_flags_go_before_the_file() -> None:
    rules = GateRules(scores={"f": None, "p": ScoreRules(tolerance=0.2)}, costs=CostRules(parameters=0.5))
    changed = rules.changed(
        "acc", {"tolerance": ["0.03", "r=0.04"], "absolute": ["p=.1"]}, ["words_per_second=0.3"], 0.01, "BOW"
    )
    assert changed.of("acc") == {
        "f": ScoreRules(tolerance=0.03),
        "p": ScoreRules(tolerance=0.03, absolute=0.1),
        "r": ScoreRules(tolerance=0.04),
    }
    assert changed.costs == CostRules(parameters=0.5, words_per_second=0.3)
    assert (changed.level, changed.reference) == (0.01, "BOW")


def test_no_flags_change_nothing() -> None:
    rules = GateRules(tolerance=0.1, scores={"f": ScoreRules(relative=0.1)}, reference="a", level=0.1)
    assert rules.changed("f", {}).of("f") == rules.of("f")
    assert rules.changed("f", {}).reference == "a"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc", "--tolerance abc: 'abc' is no number."),
        ("f=", "--tolerance f=: '' is no number."),
        ("-0.1", "--tolerance -0.1: -0.1 is negative."),
        ("f=-1", "--tolerance f=-1: -1 is negative."),
        ("nan", "--tolerance nan: nan is no finite number."),
        ("inf", "--tolerance inf: inf is no finite number."),
    ],
)
def test_what_is_no_tolerance(text: str, why: str) -> None:
    with pytest.raises(UsageError) as told:
        GateRules().changed("f", {"tolerance": [text]})
    assert told.value.message == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.1", "--cost 0.1 names no cost."),
        ("speed=0.1", "--cost speed=0.1: there is no cost speed."),
        ("parameters=much", "--cost parameters=much: 'much' is no number."),
    ],
)
def test_what_is_no_cost(text: str, why: str) -> None:
    with pytest.raises(UsageError) as told:
        GateRules().changed("f", {}, [text])
    assert told.value.message == why


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
def test_what_is_no_level(level: float) -> None:
    with pytest.raises(UsageError, match="no share between 0 and 1"):
        GateRules().changed("f", {}, level=level)
