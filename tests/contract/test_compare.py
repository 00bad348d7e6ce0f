"""`Results.compare` and `archlab compare`: two variants of the store, and all that may be wrong with them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from compared_variants import GOOD, POOR, TEXTS, a_plan, a_result, per_doc, two_variants, write_dev_corpus

from archlab.errors import NothingToCompareError, UsageError
from archlab.records import Json
from archlab.results.advice import advice_of
from archlab.results.collection import Results, stored_results
from archlab.results.files import read_json, write_json
from archlab.results.paired_scores import Scores
from archlab.results.store import Store
from archlab.results.tables import Layout, Place

if TYPE_CHECKING:
    from conftest import Cli


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def with_columns() -> Results:
    """The two variants of the store in two columns, the second with the runs of the first exchanged."""
    a, b = (tuple(f"{letter}{seed}" for seed in range(3)) for letter in "ab")
    places = [("base NER", "x", a), ("wide", "x", b), ("base NER", "y", b), ("wide", "y", a)]
    layout = Layout(
        sweep="demo",
        score_name="ents_f",
        places=tuple(Place(row=r, column=c, variant_id=runs[0][0], run_ids=runs) for r, c, runs in places),
    )
    write_json(Store("demo").paths.plan, layout.to_dict())
    return stored_results("demo")


def test_the_second_is_held_against_the_first() -> None:
    found = two_variants().compare("base NER", "wide")
    means = found.a.score.mean, found.b.score.mean
    assert found.comparison.difference == pytest.approx(means[1] - means[0])
    assert found.comparison.difference < 0
    assert (found.comparison.seeds, found.comparison.documents) == (3, 6)
    assert found.comparison.generalises_over == "seeds and documents"
    assert (found.a.seeds, found.b.run_ids) == ((0, 1, 2), ("b0", "b1", "b2"))
    turned = stored_results("demo").compare("wide", "base NER")
    assert turned.comparison.difference == pytest.approx(-found.comparison.difference)
    assert turned.comparison.p == pytest.approx(found.comparison.p)


def test_the_weighted_score_is_compared_by_document_with_the_weights_of_the_config() -> None:
    results = two_variants()
    by_name = results.compare("base NER", "wide", "ents_f").comparison
    assert results.compare("base NER", "wide", "score").comparison.to_dict() == pytest.approx(
        by_name.to_dict()
    )


def test_labels_come_with_the_largest_difference_first() -> None:
    labels = two_variants().compare("base NER", "wide").labels
    assert [label.label for label in labels] == ["ORG", "PER", "LOC"]
    differences = [abs(label.difference or 0) for label in labels]
    assert differences == sorted(differences, reverse=True)
    org = labels[0]
    assert (org.measure, org.a["f"]) == ("ents", 1.0)
    assert org.b["f"] == pytest.approx(1 / 3)  # right in seed 2 alone


def test_documents_that_flipped_come_with_the_clearest_first() -> None:
    write_dev_corpus()
    flips = two_variants().compare("base NER", "wide").flips
    assert flips is not None
    assert (flips.by, flips.seeds, flips.count_a, flips.count_b) == ("mistakes", 3, 5, 1)
    # right with all three seeds of A and none of B first; then those where B has slipped into the right
    assert [(flip.document, flip.seeds_a, flip.seeds_b) for flip in flips.for_a] == [
        (3, 3, 0),
        (4, 3, 0),
        (0, 3, 1),
        (1, 3, 1),
        (2, 3, 1),
    ]
    assert [(flip.document, flip.seeds_a, flip.seeds_b) for flip in flips.for_b] == [(5, 0, 3)]
    assert [flip.text for flip in flips.for_a[:2]] == [f"{TEXTS[3]} ", f"{TEXTS[4]} "]
    assert flips.without_text is None


def test_where_no_document_is_wholly_right_their_shares_are_compared() -> None:
    store = Store("demo")
    wrong = [{**found, "MISC": (0, 1, 0)} for found in GOOD]
    worse = [{**found, "MISC": (0, 1, 0)} for found in POOR]
    for seed in range(2):
        a_result(store, f"a{seed}", "base NER", wrong)
        a_result(store, f"b{seed}", "wide", worse)
    a_plan(store, {"base NER": ["a0", "a1"], "wide": ["b0", "b1"]})
    flips = stored_results("demo").compare("base NER", "wide").flips
    assert flips is not None
    assert flips.by == "share"
    assert [flip.document for flip in flips.for_b] == [5]


def test_cost_and_config_are_side_by_side() -> None:
    found = two_variants().compare("base NER", "wide")
    ratios = found.b.costs.ratios(found.a.costs)
    assert ratios.parameters == 2.5
    assert ratios.words_per_second == pytest.approx(1501 / 2000)
    assert found.config is not None
    (setting,) = found.config.settings
    assert (setting.path, setting.old, setting.new) == ("components.ner.model.hidden_width", 64, 128)


def test_two_runs_are_compared_whatever_their_seeds() -> None:
    found = two_variants().compare("a0", "b2")
    assert (found.comparison.seeds, found.comparison.generalises_over) == (1, "documents")
    assert found.a.label == "base NER seed 0 (a0)"
    assert (
        "Train more seeds" in found.meaning
        or "train more seeds" in found.meaning
        or "better" in found.meaning
    )


def test_a_row_and_a_run_are_compared_by_the_runs_seed() -> None:
    found = two_variants().compare("base NER", "b2")
    assert (found.a.run_ids, found.b.run_ids) == (("a2",), ("b2",))
    assert "base NER: seed 0 is without a partner, and is left out." in found.notes


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("base NER", "wid"), "Did you mean wide?"),
        (("base NER", "zzzzzzzz"), "archlab table demo shows them."),
        (("wide", "wide"), "are the same"),
        (("base NER", "b"), "may be\nwide seed 0 (b0)"),
    ],
)
def test_names_that_are_not_there_or_not_two(names: tuple[str, str], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        two_variants().compare(*names)
    assert message in str(raised.value)


def test_scores_that_are_not_there() -> None:
    results = two_variants()
    with pytest.raises(UsageError, match="Did you mean ents_f"):
        results.compare("base NER", "wide", "ents_ff")
    path = Store("demo").paths.run("b0").result
    for run_id in ("b0", "b1", "b2"):
        path = Store("demo").paths.run(run_id).result
        data = read_json(path)
        data["scores"] = {"tag_acc": 0.5, "ents_p": 0.5}
        write_json(path, data)
    with pytest.raises(NothingToCompareError, match="wide has no ents_f") as raised:
        stored_results("demo").compare("base NER", "wide")
    assert raised.value.hint == "Both have ents_p."


def test_no_seed_in_common() -> None:
    store = Store("demo")
    a_result(store, "a0", "base NER", GOOD)
    a_result(store, "b1", "wide", POOR)
    a_plan(store, {"base NER": ["a0"], "wide": ["b1"]})
    with pytest.raises(NothingToCompareError, match="seeds 0, wide has 1: none in common"):
        stored_results("demo").compare("base NER", "wide")


def test_one_seed_speaks_of_documents_alone() -> None:
    found = two_variants(seeds=1).compare("base NER", "wide")
    assert found.comparison.generalises_over == "documents"
    assert "one seed" in found.meaning.lower()


def test_failed_runs_are_left_out_and_said() -> None:
    store = Store("demo")
    for seed in range(3):
        a_result(store, f"a{seed}", "base NER", GOOD)
        a_result(store, f"b{seed}", "wide", POOR if seed else None)
    a_plan(store, {"base NER": ["a0", "a1", "a2", "a3"], "wide": ["b0", "b1", "b2"]})
    found = stored_results("demo").compare("base NER", "wide")
    assert found.a.seeds == (1, 2)
    assert found.notes[:3] == (
        "base NER: seed 0 is without a partner, and is left out.",
        "base NER: run a3 has no result, and is left out.",
        "wide: seed 0 is failed, and is left out.",
    )
    a_plan(store, {"base NER": ["a0"], "wide": ["b0"]})
    with pytest.raises(NothingToCompareError, match="wide has no finished run"):
        stored_results("demo").compare("base NER", "wide")


def test_a_rejected_variant_was_not_trained() -> None:
    results = two_variants()
    rejected = Place(row="odd", column=None, variant_id=None, run_ids=(), rejected="it returns lists")
    layout = Layout(sweep="demo", score_name="ents_f", places=(*results.layout.places, rejected))
    with pytest.raises(NothingToCompareError, match="odd was not trained: it returns lists"):
        Results(layout, results.by_run, results.paths).compare("wide", "odd")


@pytest.mark.parametrize(
    ("damage", "note"),
    [
        (lambda old: None, "per_doc.json of run b1 is missing or damaged"),
        (lambda old: {}, "per_doc.json of run b1 cannot be read by this archlab"),
        (lambda old: old | {"schema_version": 99}, "per_doc.json of run b1 cannot be read by this archlab"),
        (lambda old: per_doc(POOR[:5]), "The runs were scored on different documents"),
        (lambda old: old | {"words": [1] * 6}, "The runs were scored on different documents"),
    ],
)
def test_without_the_counts_seeds_alone_are_compared(
    damage: Callable[[Json], Json | None], note: str
) -> None:
    results = two_variants()
    file = Store("demo").paths.run("b1").per_doc
    damaged = damage(read_json(file))
    file.unlink()
    if damaged is not None:
        write_json(file, damaged)
    found = results.compare("base NER", "wide")
    assert (found.comparison.documents, found.comparison.generalises_over) == (None, "seeds")
    assert (found.labels, found.flips) == ((), None)
    assert f"{note}: labels and documents are not compared." in found.notes
    a, b = ([results.by_run[f"{letter}{seed}"] for seed in range(3)] for letter in "ab")
    assert Scores(Store("demo").paths).compare(b, a, "ents_f") == found.comparison


def test_a_dev_corpus_that_has_gone_or_changed_is_not_quoted() -> None:
    write_dev_corpus()
    results = two_variants()

    def why() -> str | None:
        flips = results.compare("base NER", "wide").flips
        assert flips is not None
        assert flips.without_text is None or {flip.text for flip in flips.for_a} == {None}
        return flips.without_text

    assert why() is None
    Path("dev.spacy").write_bytes(b"other")
    assert why() == "The dev corpus has changed: dev.spacy"
    Path("dev.spacy").unlink()
    assert why() == "The dev corpus is gone: dev.spacy"
    config = Store("demo").paths.run("a0").config
    config.write_text(config.read_text().replace("spacy.Corpus.v1", "their.Reader.v1"))
    assert why() == "The dev corpus has a reader of its own"
    config.unlink()
    assert why() == "config.cfg of run a0 is missing or damaged"
    assert results.compare("base NER", "wide").config is None


def test_columns_are_compared_each_for_itself(cli: "Cli") -> None:
    two_variants()
    results = with_columns()
    with pytest.raises(UsageError, match="in several columns"):
        results.compare("base NER", "wide")
    first = results.compare("base NER", "wide", column="x")
    assert first.column == "x"
    assert results.compare("base NER [x]", "wide [x]").to_dict() == first.to_dict()
    told = json.loads(cli("compare", "base NER", "wide", "--format", "json").out)
    assert [one["column"] for one in told["comparisons"]] == ["x", "y"]
    differences = [one["comparison"]["difference"] for one in told["comparisons"]]
    assert differences[0] == pytest.approx(-differences[1])
    one = cli("compare", "base NER", "wide", "--column", "y")
    assert one.out.startswith("ents_f of demo [y]\n")
    wrong = cli("compare", "base NER", "wide", "--column", "z")
    assert (wrong.code, wrong.err) == (2, "error  The table has no column z.\n       There are x, y.\n")


def test_the_sweep_is_found_where_one_alone_has_both(cli: "Cli") -> None:
    two_variants()
    other = Store("other")
    a_result(other, "c0", "small", POOR)
    a_plan(other, {"small": ["c0"]})
    assert cli("compare", "base NER", "wide").code == 0
    apart = cli("compare", "base NER", "small")
    assert apart.code == 2
    assert "base NER is in demo, small in other." in apart.err
    slip = cli("compare", "base NER", "widee")
    assert slip.err == "error  There is no variant or run widee.\n       Did you mean wide?\n"
    a_plan(other, {"base NER": ["c0"], "wide": ["c1"]})
    both = cli("compare", "base NER", "wide")
    assert (both.code, "Say which: --sweep demo" in both.err) == (2, True)
    assert cli("compare", "base NER", "wide", "--sweep", "demo").code == 0
    assert cli("compare", "base NER", "wide", "--sweep", "dem").code == 2


def test_without_a_plan_the_results_tell_the_rows(cli: "Cli") -> None:
    two_variants()
    Store("demo").paths.plan.unlink()
    assert cli("compare", "a base NER", "b wide").code == 0


def test_same_store_same_bytes(cli: "Cli") -> None:
    two_variants()
    for options in ((), ("--format", "json")):
        runs = [cli("compare", "base NER", "wide", *options).out for _ in range(2)]
        assert runs[0] == runs[1]
    told = json.loads(runs[0])
    assert told["schema_version"] == 1
    assert told["comparisons"][0]["documents"]["without_text"].startswith("The dev corpus is gone")


def test_labels_of_other_people_stay_on_their_line(cli: "Cli") -> None:
    store = Store("demo")
    odd = "a,\n\u202eb\x1b[31m"
    for run_id, row in (("a0", "base"), ("a1", "base"), ("b0", odd), ("b1", odd)):
        a_result(store, run_id, row, [{odd: (1, int(run_id[0] == "b"), int(run_id[1]))}] * 6)
    a_plan(store, {"base": ["a0", "a1"], odd: ["b0", "b1"]})
    told = cli("compare", "base", odd)
    assert told.code == 0
    assert "a, b" in told.out
    assert not set(told.out) & {"\x1b", "\u202e"}


def test_a_grid_is_advised_from_the_store() -> None:
    results = two_variants()
    (advice,) = advice_of(results)
    assert (advice.best, advice.take, advice.open) == ("base NER", "base NER", 1)  # wide is slower
    assert advice.rival is not None
    assert advice.rival.comparison.to_dict() == results.compare("base NER", "wide").comparison.to_dict()
    assert [advice.column for advice in advice_of(with_columns())] == ["x", "y"]
    one = Layout(sweep="demo", score_name="ents_f", places=results.layout.places[:1])
    assert advice_of(Results(one, results.by_run, results.paths)) == []
