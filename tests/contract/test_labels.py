"""Level build: a literal nO is compared with the labels of the corpus, as spaCy will count them."""

from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Doc, DocBin
from structure_configs import Case, tagger

import archlab
from archlab.configs.loading import as_config


def corpus_reader(path: Path) -> dict[str, Any]:
    settings = {"gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
    return {"@readers": "spacy.Corpus.v1", "path": str(path), **settings}


def test_a_literal_number_of_outputs_is_compared_with_the_labels_of_the_corpus(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")

    def found(outputs: int, level: str) -> list[tuple[str, str]]:
        swapped = archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v1", nO=outputs)
        return [(f.slot, f.message) for f in archlab.check(swapped.config, level).errors]

    assert found(7, "build") == [("components.textcat.model", "nO = 7, and corpora.train has 2 labels")]
    assert found(7, "types") == []  # which reads no corpus
    assert found(2, "build") == []


def test_so_are_the_numbers_of_a_layer_that_says_its_own(tmp_path: Path) -> None:
    """Characters side by side, in the place of the scores of tags."""
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["a", "b", "c"], tags=["X", "Y", "Z"])
    DocBin(docs=[doc]).to_disk(tmp_path / "train.spacy")
    base = as_config(Case("tags", {"tagger": tagger()}).config())
    base["corpora"]["train"] = corpus_reader(tmp_path / "train.spacy")

    def found(number: int) -> list[str]:
        swapped = archlab.swap(base, "tagger.model", "spacy.CharEmbed.v1", nM=number, nC=1)
        return [finding.message for finding in archlab.check(swapped.config).errors]

    assert found(3) == []
    assert found(4) == ["nM x nC = 4, and corpora.train has 3 labels"]


def count_labels(workplace: Path, outputs: int, **training: Any) -> list[str]:
    """The errors of a BOW with this nO on 120 documents, of which the last ten alone have a third label."""
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"text {number}") for number in range(120)]
    for number, doc in enumerate(docs):
        label = "LATE" if number >= 110 else ("ODD", "EVEN")[number % 2]
        doc.cats = {label: 1.0}
    DocBin(docs=docs).to_disk(workplace / "late.spacy")
    base["corpora"]["train"] = corpus_reader(workplace / "late.spacy")
    base["training"].update(training)
    swapped = archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v1", nO=outputs)
    return [finding.message for finding in archlab.check(swapped.config).errors]


def test_of_a_corpus_that_is_streamed_spacy_takes_the_labels_of_the_first_hundred(workplace: Path) -> None:
    assert count_labels(workplace, 3) == []
    assert count_labels(workplace, 2) == ["nO = 2, and corpora.train has 3 labels"]
    assert count_labels(workplace, 2, max_epochs=-1) == []
    assert count_labels(workplace, 3, max_epochs=-1) == ["nO = 3, and corpora.train has 2 labels"]


def test_where_a_callback_may_add_labels_nothing_is_said_of_them(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    base["initialize"]["before_init"] = {"@callbacks": "spacy.copy_from_base_model.v1", "tokenizer": None}
    swapped = archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v1", nO=7)
    assert not any("nO = 7" in finding.message for finding in archlab.check(swapped.config).findings)


def test_a_corpus_that_is_not_there_says_nothing_of_labels(workplace: Path) -> None:
    base = archlab.load_config(workplace / "configs" / "base.cfg")
    base["corpora"]["train"] = corpus_reader(Path("no/such.spacy"))
    assert archlab.check(archlab.swap(base, "textcat.model", "spacy.TextCatBOW.v1", nO=7).config).ok
