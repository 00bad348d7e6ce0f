"""Hints can be typed as they stand: with the base and the code files that the command had."""

from archlab.reporting.hints import with_base

HINT = "There it is.\nGive it: archlab swap tagger.model My.v1 nO=..."


def test_a_command_gets_the_base_and_the_code_that_were_typed() -> None:
    assert with_base(HINT, "my.cfg", ["a.py", "b.py"]) == f"{HINT} --base my.cfg --code a.py --code b.py"
    assert with_base(HINT, "configs/base.cfg", ["a.py"]) == f"{HINT} --code a.py"
    assert with_base(HINT, None) == HINT


def test_what_is_no_command_stays() -> None:
    assert with_base("Did you mean nO?", "my.cfg", ["a.py"]) == "Did you mean nO?"
