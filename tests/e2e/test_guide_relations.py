"""docs/guide/relations.md, as a reader follows it, on relations between genes (BioNLP 2011)."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from guide_pages import make_workplace, walk
from guide_results import ROUNDING, kept, read_docs, trained
from relation_pipelines import registered_code
from spacy.tokens import Doc

from archlab.results.recounting import recount

CODE = "examples/relations/relations.py"
SCORES = ("rel_micro_p", "rel_micro_r", "rel_micro_f")
GENERATOR = "get_candidates=rel_cand_generator"


@pytest.mark.slow
def test_the_page_holds(tmp_path: Path, corpus: Callable[[str], Path]) -> None:
    """It is better than to say of all pairs that they stand in the most frequent relation: F .263."""
    folder = corpus("rel_bio")
    workplace = make_workplace(tmp_path, folder)
    walk("relations.md", workplace)

    results = trained(workplace, "relations")
    base, near, everything = (
        results[name] for name in ("base rel_model.v1", f"{GENERATOR}.v2(max_length=10)", f"{GENERATOR}.v1")
    )
    with registered_code():
        train, dev = (read_docs(folder / f"{part}.spacy") for part in ("train", "dev"))
    baseline = all_pairs_related(train, dev)
    assert baseline == pytest.approx(0.263, abs=0.001)
    assert all(result["score"] > baseline for result in results.values())
    assert base["score"] >= 0.45

    entities = [[entity.start for entity in doc.ents] for doc in dev]
    assert everything["scores"]["rel_candidates"] == sum(len(starts) ** 2 for starts in entities)
    for result, max_length in ((base, 30), (near, 10)):
        pairs = [pair for starts in entities for pair in permutations(starts, 2)]
        within = [abs(i - j) <= max_length for i, j in pairs]
        assert result["scores"]["rel_candidates"] == sum(within)
    assert everything["scores"]["rel_candidates_r"] == 1 > near["scores"]["rel_candidates_r"]

    (best,) = kept(results).values()
    evaluated = json.loads((workplace / "scores.json").read_text(encoding="utf8"))["relation_extractor"]
    assert evaluated == pytest.approx({name: best["scores"][name] for name in evaluated}, abs=ROUNDING)
    assert set(evaluated) == {*SCORES, "rel_candidates", "rel_candidates_r"}
    for result in results.values():
        counts = recount(json.loads((result["folder"] / "per_doc.json").read_text(encoding="utf8")))
        assert {name: counts[name] for name in SCORES} == pytest.approx(
            {name: result["scores"][name] for name in SCORES}
        )


def all_pairs_related(train: list[Doc], dev: list[Doc]) -> float:
    """F where each pair of different entities is said to stand in the most frequent relation of train."""
    usual = Counter(label for *_, label in relations(train)).most_common(1)[0][0]
    gold = relations(dev)
    said = [
        (n, i, j, usual) for n, doc in enumerate(dev) for i, j in permutations([e.start for e in doc.ents], 2)
    ]
    right = len(gold & set(said))
    return 2 * right / (len(said) + len(gold))


def relations(docs: list[Doc]) -> set[tuple[int, int, int, str]]:
    return {
        (number, *pair, label)
        for number, doc in enumerate(docs)
        for pair, labels in doc._.rel.items()
        for label, truth in labels.items()
        if truth
    }
