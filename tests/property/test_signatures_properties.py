"""Laws that the algebra of types must keep, over Thinc's and spaCy's own types."""

# ruff: noqa: UP006, UP007, UP035, UP045  # spaCy annotates with typing.List and Optional: test those
from itertools import product
from typing import Any, Iterable, List, Optional, Sequence, Tuple, Union

from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from thinc.api import Model
from thinc.types import (
    Array2d,
    ArrayXd,
    Floats1d,
    Floats2d,
    Floats3d,
    FloatsXd,
    Ints1d,
    Ints2d,
    IntsXd,
    List2d,
    Padded,
    Ragged,
)

from archlab.catalog.signatures import accepts, describe

ARRAYS = [Floats1d, Floats2d, Floats3d, Ints1d, Ints2d, FloatsXd, IntsXd, Array2d, ArrayXd, List2d]
CLASSES = [Ragged, Padded, Doc, Span, int, float, bool, str, type(None)]


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda item: List[item]),  # type: ignore[valid-type]
        inner.map(lambda item: Sequence[item]),  # type: ignore[valid-type]
        inner.map(lambda item: Iterable[item]),  # type: ignore[valid-type]
        inner.map(lambda item: Optional[item]),
        st.tuples(inner, inner).map(lambda pair: Tuple[pair]),
        st.tuples(inner, inner).map(lambda pair: Union[pair]),
    )


PLAIN = st.recursive(st.sampled_from([*ARRAYS, *CLASSES]), _containers, max_leaves=4)
MODELS = st.tuples(PLAIN, PLAIN).map(lambda pair: Model[pair[0], pair[1]])  # type: ignore[valid-type]
TYPES = st.one_of(PLAIN, MODELS)


@given(TYPES)
def test_every_type_accepts_itself(kind: Any) -> None:
    assert accepts(kind, kind) == "fits"


def _wider(kind: Any) -> st.SearchStrategy[Any]:
    return st.one_of(TYPES.map(lambda other: Union[kind, other]), st.just(Optional[kind]), st.just(kind))


@given(st.data())
def test_what_accepts_a_union_accepts_its_members(data: st.DataObject) -> None:
    narrow = data.draw(TYPES)
    middle = data.draw(_wider(narrow))
    wide = data.draw(_wider(middle))
    assert accepts(middle, narrow) == accepts(wide, middle) == accepts(wide, narrow) == "fits"


@given(st.lists(TYPES, min_size=3, max_size=10).flatmap(lambda kinds: st.permutations([*kinds, *ARRAYS])))
def test_fits_are_transitive(kinds: list[Any]) -> None:
    takes = {(i, j) for i, j in product(range(len(kinds)), repeat=2) if accepts(kinds[i], kinds[j]) == "fits"}
    for (wide, middle), (other, narrow) in product(takes, repeat=2):
        assert middle != other or (wide, narrow) in takes


@given(TYPES)
def test_any_is_never_a_misfit(kind: Any) -> None:
    assert accepts(Any, kind) == "unknown"
    assert accepts(kind, Any) == "unknown"
    assert accepts(Optional[kind], Any) == "unknown"
    assert accepts(Any, Optional[kind]) == "unknown"


@given(PLAIN, PLAIN)
def test_any_on_one_side_of_a_model_leaves_the_verdict_to_the_other(inputs: Any, outputs: Any) -> None:
    assert accepts(Model[inputs, Any], Model[inputs, outputs]) == "unknown"
    assert accepts(Model[inputs, outputs], Model[Any, outputs]) == "unknown"
    assert accepts(list[inputs], list[Any]) == "unknown"


@given(PLAIN, PLAIN, PLAIN, PLAIN)
def test_models_are_contravariant_in_inputs_and_covariant_in_outputs(a: Any, b: Any, x: Any, y: Any) -> None:
    takes, gives = accepts(a, x), accepts(y, b)
    verdict = accepts(Model[x, y], Model[a, b])
    if takes == gives == "fits":
        assert verdict == "fits"
    elif "misfit" in (takes, gives):
        assert verdict == "misfit"
    else:
        assert verdict == "unknown"


@given(TYPES, TYPES)
def test_a_bare_model_says_nothing_of_its_types(kind: Any, other: Any) -> None:
    assert accepts(Model, Model[kind, other]) == "unknown"
    assert accepts(Model[kind, other], Model) == "unknown"


@given(PLAIN, PLAIN, PLAIN)
def test_a_union_given_is_judged_by_its_members(expected: Any, one: Any, other: Any) -> None:
    verdicts = {accepts(expected, one), accepts(expected, other)}
    wanted = verdicts.pop() if len(verdicts) == 1 else "unknown"
    assert accepts(expected, Union[one, other]) == wanted


@given(TYPES)
def test_descriptions_name_no_modules(kind: Any) -> None:
    text = describe(kind)
    assert "typing." not in text
    assert "thinc" not in text
    assert "ForwardRef" not in text
