"""The matrix as tables and as a page: what is alike is shown once, and every reason arrives."""

from collections.abc import Callable

from archlab.checking.blank_pipelines import Layout
from archlab.checking.compatibility import Column, Matrix, Sheet
from archlab.checking.fitting import Candidate, Fitness
from archlab.records import Slot
from archlab.reporting.markdown import matrix_page
from archlab.reporting.matrix_tables import MISFIT, WARNED, best_is, groups


def candidate(name: str, verdict: Fitness, reason: str = "", returns: str = "Model[A, B]") -> Candidate:
    registry, _, short = name.rpartition(":")
    return Candidate(
        registry=registry or "architectures",
        name=short,
        verdict=verdict,
        reason=reason,
        returns=returns,
        arguments={},
        summary="",
    )


def column(component: str, path: str, *candidates: Candidate, layout: Layout = "default") -> Column:
    slot = Slot(
        path=f"components.{component}.{path}", registry="architectures", block="x.A.v1", expects="Model[A, B]"
    )
    return Column(slot=slot, layout=layout, candidates=candidates)


def sheet(component: str, *, reason: str = "it gives rows | for <each> x.D.v1") -> Sheet:
    return Sheet(
        component=component,
        columns=(
            column(
                component,
                "model",
                candidate("x.A.v1", "fits"),
                candidate("x.B.v1", "needs", "needs width, depth: no value is known."),
                candidate("layers:chain.v1", "unknown", "needs *layer: no value is known."),
                candidate("x.C.v1", "misfit", "it is Model[C, D]", "Model[C, D]"),
                candidate("x.D.v1", "misfit", reason),
            ),
            column(
                component,
                "model.tok2vec",
                candidate("x.A.v1", "fits", "a dead layer in x.A.v1"),
                candidate("x.A.v2", "fits", "a dead layer in x.A.v2"),
                candidate("x.B.v1", "fits", "not probed: the config fails as it is: no luck"),
                layout="shared",
            ),
        ),
    )


def matrix(*sheets: Sheet, is_probed: bool = True) -> Matrix:
    return Matrix(
        sheets=sheets,
        left_out={"broken": "its default config is wrong"},
        versions={"spacy": "3.8", "thinc": "8.3"},
        is_probed=is_probed,
    )


def test_components_with_the_same_verdicts_share_a_table() -> None:
    other = Sheet(component="z", columns=(column("z", "model", candidate("x.A.v1", "misfit")),))
    found = groups(matrix(sheet("a"), other, sheet("b", reason="it gives rows for each b")))
    assert [group.components for group in found] == [("a", "b"), ("z",)]


def test_the_rows_are_the_blocks_that_fit_somewhere() -> None:
    (group,) = groups(matrix(sheet("a")))
    assert group.headers == ("model", "tok2vec, shared")
    assert list(group.rows()) == [
        ("x.A.v1", ("fits", "fits*")),
        ("x.A.v2", ("", "fits*")),
        ("x.B.v1", ("needs width, depth", "by type")),
    ]


def test_remarks_are_made_once_for_all_that_they_hold_for() -> None:
    (group,) = groups(matrix(sheet("a")))
    (warned,) = group.remarks(WARNED)
    assert (warned.blocks, warned.slots, warned.reason) == (
        ("x.A.v1", "x.A.v2"),
        "tok2vec, shared",
        "a dead layer in it",
    )
    assert [remark.blocks for remark in group.remarks(MISFIT)] == [("x.D.v1",)]


def test_what_fits_nowhere_has_no_better_verdict_anywhere() -> None:
    found = matrix(sheet("a"))
    assert best_is(found, "misfit") == [("x.C.v1", "Model[C, D]"), ("x.D.v1", "Model[A, B]")]
    assert best_is(found, "unknown") == [("@layers:chain.v1", "Model[A, B]")]


def test_the_page(golden: Callable[[str, str], None]) -> None:
    golden("matrix_page", matrix_page(matrix(sheet("a"), sheet("b"))))


def test_a_page_without_probes_says_so_and_names_no_cell_that_it_has_not() -> None:
    page = matrix_page(matrix(Sheet(component="a", columns=()), is_probed=False))
    assert "Nothing was trained for it" in page
    assert "Made by `archlab matrix --format markdown` with spacy 3.8, thinc 8.3." in page
    assert WARNED not in page
