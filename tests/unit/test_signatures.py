"""The algebra of types over the standard library's typing; Thinc's types are in contract/test_catalog.py."""

# ruff: noqa: UP006, UP007, UP035, UP045  # spaCy annotates with typing.List and Optional: test those
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, ForwardRef, List, Literal, Optional, Protocol, Tuple, TypeVar, Union

import pytest

from archlab.catalog.signatures import Verdict, accepts, describe, gloss, model_types

Free = TypeVar("Free")
Bound = TypeVar("Bound", bound=int | str)


class Base: ...


class Derived(Base): ...


class GivesText(Protocol):
    def __call__(self, number: int) -> str: ...


@pytest.mark.parametrize(
    ("expected", "given", "verdict"),
    [
        (int, int, "fits"),
        (Base, Derived, "fits"),
        (Derived, Base, "unknown"),
        (int, str, "misfit"),
        (float, int, "fits"),
        (float, bool, "fits"),
        (int, float, "misfit"),
        (object, List[int], "fits"),
        (None, type(None), "fits"),
        (Optional[int], None, "fits"),
        (Optional[int], int, "fits"),
        (int, Optional[int], "unknown"),
        (Union[int, str], Union[str, int], "fits"),
        (Union[int, str], Union[bytes, bool], "unknown"),
        (Union[int, str], Union[bytes, list], "misfit"),
        (int | str, str, "fits"),
        (list[Base], list[Derived], "fits"),
        (list[Base], List[Derived], "fits"),
        (List[Base], list[Derived], "fits"),
        (List[int], List[str], "misfit"),
        (List[int], list, "unknown"),
        (list, List[int], "fits"),
        (Sequence[int], List[int], "fits"),
        (Iterable[int], Sequence[int], "fits"),
        (List[int], Sequence[int], "unknown"),
        (List[int], Iterable[str], "misfit"),
        (List[Tuple[int, int]], Iterable[Iterable[str]], "misfit"),
        (Sequence[int], Iterable[float], "unknown"),
        (str, Sequence[int], "unknown"),
        (Sequence[int], List[str], "misfit"),
        (Sequence[int], Tuple[int, int], "fits"),
        (Sequence[int], Tuple[int, str], "unknown"),
        (Tuple[int, str], Tuple[int, str], "fits"),
        (Tuple[int, str], Tuple[int, int], "misfit"),
        (Tuple[int, str], Tuple[int], "misfit"),
        (Tuple[int, ...], Tuple[int, bool], "fits"),
        (Tuple[int, int], Tuple[int, ...], "unknown"),
        (Tuple[int, int], Tuple[str, ...], "misfit"),
        (Callable[[int], str], Callable[[int], str], "fits"),
        (Callable[[int], str], Callable[[str], str], "misfit"),
        (Callable[[int], str], Callable[[int], int], "misfit"),
        (Callable[[int], Sequence[str]], Callable[[float], list[str]], "fits"),
        (Callable[[int], str], Callable[[object], str], "fits"),
        (Callable[[int], str], Callable[[int, int], str], "unknown"),
        (Callable[[int], str], Callable[..., str], "unknown"),
        (Callable[..., str], Callable[[int], str], "fits"),
        (Callable[..., str], Callable[[int], int], "misfit"),
        (Callable[[int], str], Callable, "unknown"),
        (Callable[[int], str], GivesText, "unknown"),
        (Callable[[int], int], GivesText, "misfit"),
        (GivesText, Callable[[int], str], "unknown"),
        (GivesText, Callable[[int], int], "misfit"),
        (Callable, Callable[[int], str], "fits"),
        (Callable, int, "misfit"),
        (int, Callable, "misfit"),
        (Literal["a", "b"], Literal["a"], "fits"),
        (Literal["a"], Literal["a", "b"], "unknown"),
        (Literal["a"], Literal["b"], "misfit"),
        (Literal["a"], str, "unknown"),
        (Literal["a"], int, "misfit"),
        (str, Literal["a"], "fits"),
        (int, Literal["a"], "misfit"),
        (Any, int, "unknown"),
        (int, Any, "unknown"),
        (List[Any], List[int], "unknown"),
        (Free, int, "unknown"),
        (int, Free, "unknown"),
        (Bound, str, "fits"),
        (Bound, bytes, "misfit"),
        (bytes, Bound, "misfit"),
        (int, Bound, "unknown"),
        (ForwardRef("Nowhere"), int, "unknown"),
        (int, "Nowhere", "unknown"),
        (Annotated[int, "rows"], int, "fits"),
    ],
)
def test_accepts(expected: Any, given: Any, verdict: Verdict) -> None:
    assert accepts(expected, given) == verdict


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (None, "None"),
        (Any, "Any"),
        (Optional[int], "Optional[int]"),
        (Optional[int | str], "Optional[Union[int, str]]"),
        (list[int], "List[int]"),
        (List[int], "List[int]"),
        (Tuple[int, ...], "Tuple[int, ...]"),
        (Callable[[int, str], bool], "Callable[[int, str], bool]"),
        (Callable, "Callable"),
        (Literal["ner", 1], "Literal['ner', 1]"),
        (Free, "Free"),
        (ForwardRef("Vocab"), "Vocab"),
        (Derived, "Derived"),
        (Union["Floats2d", "Ints2d"], "Array2d"),  # noqa: F821
    ],
)
def test_describe_writes_types_as_people_do(annotation: Any, text: str) -> None:
    assert describe(annotation) == text


@pytest.mark.parametrize("annotation", [int, Any, None, List[int]])
def test_only_models_have_model_types(annotation: Any) -> None:
    assert model_types(annotation) is None
    assert gloss(annotation) is None


def test_importing_the_catalog_loads_neither_spacy_nor_torch() -> None:
    modules = "corrections, defaults, examples, registered, signatures"
    heavy = "{'spacy', 'thinc', 'torch'}"
    code = f"import sys; from archlab.catalog import {modules}; print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
