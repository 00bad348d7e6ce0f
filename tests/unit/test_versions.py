"""Versions of blocks are told apart by number, and the newest that fits is found."""

from typing import Any

import pytest

from archlab.catalog import versions
from archlab.catalog.versions import family, newest_first, newest_that_fits, version


@pytest.mark.parametrize(
    ("name", "bare", "number"),
    [
        ("spacy.TextCatBOW.v3", "spacy.TextCatBOW", (3,)),
        ("Adam.v1", "Adam", (1,)),
        ("spacy.TextCatBOW", "spacy.TextCatBOW", None),
        ("acme.v2net.v10", "acme.v2net", (10,)),
        ("acme.Mixer.v1.2", "acme.Mixer", (1, 2)),
        ("acme.Mixer.v1beta", "acme.Mixer.v1beta", None),
    ],
)
def test_a_name_is_a_family_and_a_version(name: str, bare: str, number: tuple[int, ...] | None) -> None:
    assert (family(name), version(name)) == (bare, number)


def test_the_tenth_version_is_newer_than_the_ninth() -> None:
    assert newest_first(["a.v9", "a", "a.v10", "a.v1"]) == ["a.v10", "a.v9", "a.v1", "a"]


@pytest.mark.parametrize(
    ("verdicts", "chosen"),
    [
        ({"a.v1": "fits", "a.v2": "fits", "a.v3": "misfit"}, "a.v2"),
        ({"a.v1": "unknown", "a.v2": "unknown", "a.v3": "misfit"}, "a.v2"),
        ({"a.v1": "fits", "a.v2": "unknown"}, "a.v1"),
        ({"a.v1": "misfit", "a.v2": "misfit"}, "a.v2"),
        ({"a.v1beta": "fits", "ab.v1": "fits"}, None),
    ],
)
def test_the_newest_that_fits_goes_first(
    monkeypatch: pytest.MonkeyPatch, verdicts: dict[str, str], chosen: str | None
) -> None:
    def verdict(registry: str, name: str, expected: Any) -> str:
        return verdicts[name]

    monkeypatch.setattr(versions, "names", lambda registry: sorted(verdicts))
    monkeypatch.setattr(versions, "_verdict", verdict)
    assert newest_that_fits("a", "architectures", int) == chosen
