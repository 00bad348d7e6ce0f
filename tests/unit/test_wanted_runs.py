"""Which runs of a plan are meant by the names of variants."""

from typing import Any

import pytest

from archlab.engines.running import Wanted
from archlab.errors import UnknownVariantError

LABELS = {
    "v1": ["TextCatBOW.v1", "TextCatBOW.v1 [spelling]"],
    "v2": ["TextCatBOW.v1", "TextCatBOW.v1 [keywords]"],
    "v3": ["base Ensemble"],
}


class Spec:
    """As much of a run as is looked at."""

    def __init__(self, variant_id: str) -> None:
        self.variant_id = variant_id


def select(*only: str) -> list[str]:
    specs: list[Any] = [Spec(name) for name in LABELS]
    return [spec.variant_id for spec in Wanted(only=only).select(specs, LABELS)]


@pytest.mark.parametrize(
    ("only", "runs"),
    [
        ((), ["v1", "v2", "v3"]),
        (("TextCatBOW.v1",), ["v1", "v2"]),
        (("TextCatBOW.v1 [spelling]",), ["v1"]),
        (("*[keywords]", "base*"), ["v2", "v3"]),
    ],
)
def test_a_row_a_label_or_a_pattern(only: tuple[str, ...], runs: list[str]) -> None:
    assert select(*only) == runs


def test_a_name_that_no_variant_has() -> None:
    with pytest.raises(UnknownVariantError, match="There is no variant base Ensembel") as raised:
        select("base Ensembel")
    assert raised.value.hint == "Did you mean base Ensemble?"
