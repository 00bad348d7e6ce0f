"""Counts per dev document, from the examples that spaCy has just scored: the content of `per_doc.json`.

`archlab.results.recounting` describes the form and turns it into scores again.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from archlab.records import Json
from archlab.results.recounting import SCHEMA_VERSION, recount
from archlab.training.scorer_counts import COUNTERS, Measures, Pair, tokenization

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.scorer import Scorer
    from spacy.training import Example

    class CountingScorer(Scorer):
        """A Scorer that keeps the examples of its last `score`, with their predictions."""

        examples: list[Example]


_TOLERANCE = 1e-9


def counting_scorer(nlp: "Language") -> "CountingScorer":
    """A scorer for `nlp.evaluate(examples, scorer=...)` that keeps the evaluated examples for `collect`.

    Its scores are those of spaCy's own Scorer. `examples` is empty before the first evaluation; it holds the
    last one's examples, not copies of them, until the next.
    """
    from spacy.scorer import Scorer

    class Keeping(Scorer):
        examples: "list[Example]"

        def score(self, examples: "Iterable[Example]", *, per_component: bool = False) -> dict[str, Any]:
            self.examples = list(examples)
            return super().score(self.examples, per_component=per_component)

    scorer = Keeping(nlp)
    scorer.examples = []
    return cast("CountingScorer", scorer)


def collect(nlp: "Language", examples: "Sequence[Example]", scores: Mapping[str, Any] | None = None) -> Json:
    """What `per_doc.json` holds for these examples; plain JSON values.

    examples: as `Scorer.score` gets them inside `nlp.evaluate`, one per dev document, with predictions.
    scores: what the scorer gave for them; measures that do not give the same are then left out, so that what
    is kept can be trusted whatever else in the pipeline writes scores.

    What a component is scored by decides what is counted. A scorer that is not spaCy's own counts nothing,
    unless it has an attribute `archlab_measures`: called with the examples and the scorer's own arguments, it
    gives measure name -> `prf_measure(...)`. Of two components that give the same measure the later one wins,
    as in spaCy. Not counted: the entity linker, whose scorer predicts anew.
    """
    pairs = [Pair(example) for example in examples]
    measures: Measures = {}
    if hasattr(nlp.tokenizer, "score") and type(nlp.tokenizer).__module__.startswith("spacy."):
        measures.update(tokenization(pairs))
    for _, component in nlp.pipeline:
        scorer, settings = _scorer_of(component)
        if hasattr(scorer, "archlab_measures"):
            measures.update(scorer.archlab_measures(examples, **settings))
        elif _scores_as_spacy(component):
            for count in COUNTERS.get(_name_in_spacy(scorer), ()):
                measures.update(count(pairs, settings))
    per_doc = {
        "schema_version": SCHEMA_VERSION,
        "documents": len(pairs),
        "words": [len(pair.gold) for pair in pairs],
        "measures": measures,
    }
    if scores is not None:
        for name in _unlike(per_doc, scores):
            del measures[name]
    return per_doc


def _scorer_of(component: Any) -> tuple[Any, Json]:
    """What scores a component, and with which arguments, as Pipe.score finds out."""
    scorer = getattr(component, "scorer", None)
    settings: Json = {}
    if isinstance(scorer, partial):
        settings.update(scorer.keywords)
        scorer = scorer.func
    if isinstance(getattr(component, "cfg", None), dict):
        settings.update(component.cfg)
    if hasattr(component, "labels"):
        settings["labels"] = component.labels
    return scorer, settings


def _scores_as_spacy(component: Any) -> bool:
    """Whether the component leaves its scoring to its scorer alone."""
    from spacy.pipeline import Pipe

    return getattr(type(component), "score", None) is Pipe.score


def _name_in_spacy(scorer: Any) -> str:
    """The name of one of spaCy's own scorer functions; empty for any other scorer."""
    home = getattr(scorer, "__module__", None) or ""
    return cast(str, scorer.__name__) if home.startswith("spacy.pipeline.") else ""


def _unlike(per_doc: Json, scores: Mapping[str, Any]) -> list[str]:
    """The measures that give other scores than the scorer. What a measure says it cannot tell is no sign."""
    ours = recount(per_doc)
    return [
        name
        for name, measure in per_doc["measures"].items()
        if not all(_alike(ours[key], scores.get(key), measure["always"]) for key in measure["scores"])
    ]


def _alike(ours: float | None, theirs: Any, none_is_unknown: bool) -> bool:
    if ours is None or theirs is None:
        return ours is theirs or (ours is None and none_is_unknown)
    return abs(ours - float(theirs)) <= _TOLERANCE
