"""Sweeps over real corpora, as a user would write them: every variant learns more than a trivial rule knows.

The trainings are short (60 to 100 steps), so the margins are far from what the architectures can do; a
variant that learns nothing, or from the wrong documents, does not reach them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import filter_spans

import archlab
from archlab.engines.base import Event
from archlab.records import Result
from archlab.results.collection import Results
from archlab.results.paths import RunPaths, SweepPaths
from archlab.results.recounting import recount

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parent / "configs"
TOO_LARGE_TO_RANK = "cats_macro_auc"
"""What per_doc.json leaves out for corpora with many labels."""

Corpus = Callable[[str], Path]


def run_sweep(name: str, corpus: Path, experiments: Path) -> tuple[Results, list[Event]]:
    """The results of a sweep, and what the engine told of its runs."""
    events: list[Event] = []
    overrides = {"paths.train": str(corpus / "train.spacy"), "paths.dev": str(corpus / "dev.spacy")}
    sweep = archlab.load_sweep(CONFIGS / f"{name}.yml")
    # in this process: a run gives the same in one of its own, which would import spaCy first
    results = archlab.grid(
        sweep, engine="inline", overrides=overrides, experiments=experiments, on_event=events.append
    )
    return results, events


def train_once(name: str, corpus: Path, experiments: Path) -> Results:
    """The results of a sweep; a second grid must have found them all in the store and left them alone."""
    results, events = run_sweep(name, corpus, experiments)
    assert events
    before = snapshot(experiments / name / "runs")
    assert len(results) == sum(path.endswith("result.json") for path in before)
    again, events = run_sweep(name, corpus, experiments)
    assert not events
    assert snapshot(experiments / name / "runs") == before
    assert list(again) == list(results)
    assert again.table() == results.table() == archlab.stored_results(name, experiments).table()
    return results


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Path -> time of change and content of all files in a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def paths_of_runs(results: Results, experiments: Path) -> Iterator[tuple[Result, RunPaths]]:
    sweep = SweepPaths.of(results.layout.sweep, experiments)
    return ((result, sweep.run(result.run_id)) for result in results)


def assert_whole_table(results: Results, rows: list[str], seeds: int) -> None:
    """One score per row, all trained, the base first and all others compared with it."""
    table = results.table()
    assert [row.label for row in table.rows] == rows
    assert {row.status for row in table.rows} == {"done"}
    assert table.columns == ()
    assert table.problems == ()
    assert table.seeds == seeds
    cells = [cell for row in table.rows for cell in row.cells if cell is not None]
    assert len(cells) == len(rows)
    means = [cell.score.mean for cell in cells if cell.score is not None and cell.score.n == seeds]
    assert [cell.done for cell in cells] == [seeds] * len(rows)
    assert cells[0].difference is None
    assert [cell.difference for cell in cells[1:]] == pytest.approx([mean - means[0] for mean in means[1:]])
    assert [cell.best for cell in cells] == [
        cell.score is not None and (cell.score.mean == max(means) or (cell.p_best or 0) >= 0.05)
        for cell in cells
    ]
    assert {cell.comparison.generalises_over for cell in cells[1:] if cell.comparison} == {
        "seeds and documents" if seeds > 1 else "documents"
    }
    assert all(row.parameters and row.words_per_second and row.seconds for row in table.rows)


def assert_whole_results(results: Results, experiments: Path) -> None:
    """Costs are known, counts per document give the score again, and the winner alone has its model."""
    winner = results.best()
    for result, paths in paths_of_runs(results, experiments):
        assert result.status == "done"
        assert result.reason is None
        assert result.cost.parameters
        assert result.cost.model_bytes
        assert result.cost.words_per_second
        assert result.cost.peak_memory_bytes
        assert None not in vars(result.cost.seconds).values()
        assert paths.model.exists() == (result.run_id == winner.run_id)
        recounted = recount(json.loads(paths.per_doc.read_text(encoding="utf8")))
        known = {name: value for name, value in recounted.items() if value is not None}
        assert {name for name in recounted.keys() - known if name in result.scores} <= {TOO_LARGE_TO_RANK}
        assert known == pytest.approx({name: result.scores[name] for name in known}, abs=1e-9)
        assert weighted(known, result.score_name, paths) == pytest.approx(result.score, abs=1e-9)
    kept = SweepPaths.of(results.layout.sweep, experiments).run(winner.run_id)
    assert spacy.load(kept.model).pipe_names == archlab.load_config(kept.config)["nlp"]["pipeline"]


def weighted(scores: dict[str, float], name: str, paths: RunPaths) -> float:
    """A score by its name; `score` by the weights of the run's own config."""
    weights = (
        {name: 1.0} if name != "score" else archlab.load_config(paths.config)["training"]["score_weights"]
    )
    return sum(weight * scores[score] for score, weight in weights.items() if weight)


def score_of(result: Result) -> float:
    assert result.score is not None
    return result.score


def read_docs(file: Path) -> list[Doc]:
    return list(DocBin().from_disk(file).get_docs(spacy.blank("xx").vocab))


def most_frequent(values: Iterable[str]) -> str:
    return Counter(values).most_common(1)[0][0]


@pytest.mark.exhaustive  # the guide's page on textcat trains three of them in every run
def test_six_text_classifiers_on_banking77(corpus: Corpus, tmp_path: Path) -> None:
    """Every classifier is right .3 more often than the most frequent of the 77 intents (.019)."""
    folder = corpus("banking77")
    intents = {
        part: [max(doc.cats, key=doc.cats.__getitem__) for doc in read_docs(folder / f"{part}.spacy")]
        for part in ("train", "dev")
    }
    assert len(set(intents["train"])) == 77
    majority = intents["dev"].count(most_frequent(intents["train"])) / len(intents["dev"])
    assert 0.01 < majority < 0.03

    results = train_once("banking77", folder, tmp_path)

    rows = [
        "base TextCatEnsemble.v2",
        "TextCatBOW.v3",
        "TextCatBOW.v3(ngram_size=2)",
        "TextCatParametricAttention.v1",
        "TextCatReduce.v1",
        "TextCatReduce.v1 over CharacterEmbed.v2",
    ]
    assert_whole_table(results, rows, seeds=1)
    assert_whole_results(results, tmp_path)
    assert all(score_of(result) > majority + 0.3 for result in results)
    assert all(len(result.scores["cats_f_per_type"]) == 77 for result in results)


def test_tagger_and_morphologizer_on_a_shared_tok2vec(corpus: Corpus, tmp_path: Path) -> None:
    """Tags and morphology are each right .04 more often than the one each word had most often in train.

    An unknown word gets the most frequent of all: .803 of the tags and .656 of the morphology are right.
    """
    folder = corpus("ud_tr_framenet")
    train, dev = read_docs(folder / "train.spacy"), read_docs(folder / "dev.spacy")
    known = {
        "tag_acc": share_of_known_words(train, dev, lambda token: token.tag_),
        "morph_acc": share_of_known_words(train, dev, lambda token: str(token.morph)),
    }
    assert known == pytest.approx({"tag_acc": 0.803, "morph_acc": 0.656}, abs=0.001)

    results = train_once("ud_tr_framenet", folder, tmp_path)

    assert_whole_table(results, ["base Tok2Vec.v2", "embed=CharacterEmbed.v2(nM=32, nC=8)"], seeds=1)
    assert_whole_results(results, tmp_path)
    weighted = replace(results, layout=replace(results.layout, score_name="score")).table()
    assert [cell.comparison.generalises_over for cell in weighted.cells if cell.comparison] == ["documents"]
    for result in results:
        assert result.scores["tag_acc"] > known["tag_acc"] + 0.04, result.variant
        assert result.scores["morph_acc"] > known["morph_acc"] + 0.04, result.variant
    embeds = []
    for _, paths in paths_of_runs(results, tmp_path):
        components = archlab.load_config(paths.config)["components"]
        embeds.append(components["tok2vec"]["model"]["embed"]["@architectures"])
        for name in ("tagger", "morphologizer"):
            listener = components[name]["model"]["tok2vec"]
            assert listener["@architectures"] == "spacy.Tok2VecListener.v1"
    assert embeds == ["spacy.MultiHashEmbed.v2", "spacy.CharacterEmbed.v2"]


def share_of_known_words(train: list[Doc], dev: list[Doc], value: Callable[[Any], str]) -> float:
    """How often a word of dev has the value that it had most often in train."""
    seen = defaultdict(list)
    for doc in train:
        for token in doc:
            seen[token.text].append(value(token))
    usual = {word: most_frequent(values) for word, values in seen.items()}
    fallback = most_frequent(value for values in seen.values() for value in values)
    right = [usual.get(token.text, fallback) == value(token) for doc in dev for token in doc]
    return sum(right) / len(right)


def test_ner_whose_base_names_no_model(corpus: Corpus, tmp_path: Path) -> None:
    """Variants have an F .03 above that of looking up the entities of train, which finds none of dev.

    That is their mean: after 100 steps, one run is above that on one processor and below on another, which
    rounds otherwise. wnut17 is made of emerging entities: hardly one of train comes back in dev. To call
    every run of capitals a person gives .21, more than the .17 to .19 that are published for 20,000 steps
    without vectors.
    """
    folder = corpus("wnut17")
    looked_up = lookup_f(read_docs(folder / "train.spacy"), read_docs(folder / "dev.spacy"))
    assert looked_up < 0.01

    results = train_once("wnut17", folder, tmp_path)

    rows = ["base TransitionBasedParser.v2", "CharacterEmbed.v2, two layers"]
    assert_whole_table(results, rows, seeds=2)
    assert_whole_results(results, tmp_path)
    scores = [cell.score for row in results.table().rows for cell in row.cells if cell and cell.score]
    assert all(score.mean > looked_up + 0.03 for score in scores)
    assert all(score.sd for score in scores)


def lookup_f(train: list[Doc], dev: list[Doc]) -> float:
    """The F of tagging what was an entity in train, longest first, with its most frequent label."""
    seen = defaultdict(list)
    for doc in train:
        for entity in doc.ents:
            seen[entity.text].append(entity.label_)
    usual = {text: most_frequent(labels) for text, labels in seen.items()}
    longest = max(len(entity) for doc in train for entity in doc.ents)
    examples = []
    for gold in dev:
        words, spaces = [token.text for token in gold], [bool(token.whitespace_) for token in gold]
        tagged = Doc(gold.vocab, words=words, spaces=spaces)
        ends = [(i, j) for i in range(len(gold)) for j in range(i + 1, min(i + longest, len(gold)) + 1)]
        found = [(i, j) for i, j in ends if tagged[i:j].text in usual]
        tagged.ents = filter_spans([Span(tagged, i, j, label=usual[tagged[i:j].text]) for i, j in found])
        examples.append(Example(tagged, gold))
    return float(Scorer.score_spans(examples, "ents")["ents_f"])
