"""The faster kernel multiplies to the bytes of the one that thinc uses; where it does not, it is not used."""

from collections.abc import Callable, Iterator
from typing import Any

import blis.py  # type: ignore[import-untyped]
import numpy as np
import pytest

from archlab.training.speedups import multiplying
from archlab.training.speedups.multiplying import PANEL, WORTHWHILE, multiplying_sooner

PLAIN = blis.py.gemm
SHAPES = [(300, 70, 90), (1, 384, 768), (384, 1, 768), (65, PANEL, 33), (41, PANEL + 1, 67), (50, 999, 47)]


@pytest.fixture(autouse=True)
def _try_anew() -> Iterator[None]:
    multiplying._faster_than.cache_clear()
    yield
    multiplying._faster_than.cache_clear()


@pytest.fixture
def faster() -> Iterator[Callable[..., Any]]:
    with multiplying_sooner():
        if blis.py.gemm is PLAIN:
            pytest.skip("BLIS knows this processor, or is another build")
        yield blis.py.gemm


@pytest.mark.parametrize(("rows", "inner", "columns"), SHAPES)
@pytest.mark.parametrize("kind", ["drawn", "with zeros", "infinite", "tiny"])
def test_products_are_the_same_bytes(
    faster: Callable[..., Any], rows: int, inner: int, columns: int, kind: str
) -> None:
    random = np.random.default_rng(rows)
    assert rows * inner * columns >= WORTHWHILE  # or thinc multiplies them
    for trans1, trans2 in ((False, False), (True, False), (False, True), (True, True)):
        A = random.standard_normal((inner, rows) if trans1 else (rows, inner), dtype=np.float32)
        B = random.standard_normal((columns, inner) if trans2 else (inner, columns), dtype=np.float32)
        if kind == "with zeros":
            A[random.random(A.shape) < 0.3] *= -0.0
        if kind == "infinite":
            A[random.random(A.shape) < 0.01] = np.inf
        if kind == "tiny":
            A, B = A * np.float32(1e-30), B * np.float32(1e-12)
        for beta in (0.0, 1.0):
            ours, theirs = (np.full((rows, columns), np.nan if not beta else 0.1, np.float32) for _ in "ab")
            faster(A, B, out=ours, trans1=trans1, trans2=trans2, beta=beta)
            PLAIN(A, B, out=theirs, trans1=trans1, trans2=trans2, beta=beta)
            assert ours.tobytes() == theirs.tobytes()


def test_what_is_no_plain_product_is_left_to_blis(faster: Callable[..., Any]) -> None:
    A = np.ones((100, 100))
    assert (faster(A, A, beta=0.0) == 100).all()  # of float64
    A = A.astype("f")
    assert (faster(A, A) == 100).all()
    assert (faster(A, A, alpha=2.0, beta=0.0) == 200).all()
    with pytest.raises(ValueError, match="Shape mismatch"):
        faster(A, np.ones((99, 100), "f"))


def test_it_is_taken_back(faster: Callable[..., Any]) -> None:
    with multiplying_sooner():
        assert blis.py.gemm is not faster
    assert blis.py.gemm is faster  # that of before
    with pytest.raises(KeyError), multiplying_sooner():
        raise KeyError
    assert blis.py.gemm is faster


def test_a_kernel_is_tried_once(faster: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplying, "_agree", None)  # would fail
    with monkeypatch.context() as as_before:
        as_before.setattr(blis.py, "gemm", PLAIN)
        with multiplying_sooner():
            assert blis.py.gemm is faster


def test_a_kernel_that_rounds_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly(
        A: Any, B: Any, out: Any = None, trans1: bool = False, trans2: bool = False, **how: Any
    ) -> Any:
        product = PLAIN(A, B, out=out, trans1=trans1, trans2=trans2, **how)
        product[0, 0] = np.nextafter(product[0, 0], np.float32(0))
        return product

    monkeypatch.setattr(multiplying, "_kernel_with_avx", lambda _: print)
    monkeypatch.setattr(multiplying, "_gemm", lambda *_: nearly)
    with multiplying_sooner():
        assert blis.py.gemm is PLAIN


def test_without_such_a_kernel_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplying, "_kernel_with_avx", lambda _: None)
    with multiplying_sooner():
        assert blis.py.gemm is PLAIN
