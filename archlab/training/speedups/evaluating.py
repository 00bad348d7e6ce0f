"""The same dev examples are evaluated again and again: what cannot change is worked out once.

`Language.evaluate` tokenises all texts each time, only to see how long that takes, and scores the tokenizer,
whose words are those of the evaluation before.
"""

from operator import is_
from time import perf_counter
from typing import TYPE_CHECKING, Any

from archlab.training.speedups.reading_once import is_spacys_own

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spacy.language import Language
    from spacy.training import Example

    from archlab.records import Json


class RepeatedEvaluation:
    """Evaluates a pipeline on examples; sooner where they are those of before."""

    def __init__(self, nlp: "Language", scorer: Any, weights: "Mapping[str, float | None]") -> None:
        """scorer: its `examples` become those that were scored. weights: of the scores, by name."""
        self.nlp, self.scorer = nlp, scorer
        self.may_repeat = can_repeat(nlp) and not weights.get("speed")
        self.before: Sequence[Example] = ()
        self.words: Json | None = None

    def evaluate(self, examples: "Sequence[Example]") -> "Json":
        """What `Language.evaluate` gives, but for the speed, which leaves out the tokenizer."""
        is_again = len(examples) == len(self.before) and all(map(is_, examples, self.before))
        self.before = examples
        if is_again and self.may_repeat:
            return self._evaluate_again(examples)
        self.words = None
        return self.nlp.evaluate(examples, scorer=self.scorer)

    def _evaluate_again(self, examples: "Sequence[Example]") -> "Json":
        from spacy.language import _copy_examples, _replace_numpy_floats

        copies = _copy_examples(examples)
        began = perf_counter()
        documents = self.nlp.pipe((eg.predicted for eg in copies), batch_size=self.nlp.batch_size)
        for example, document in zip(copies, documents, strict=True):
            example.predicted = document
        taken = perf_counter() - began
        scores = self._scores(copies)
        scores["speed"] = sum(len(eg.predicted) for eg in copies) / taken
        return _replace_numpy_floats(scores)

    def _scores(self, examples: "list[Example]") -> "Json":
        """What `Scorer.score` gives, in its order."""
        if self.words is None:
            tokenizer: Any = self.nlp.tokenizer
            self.words = tokenizer.score(examples)
        scores: Json = {**self.words}
        for _, component in self.nlp.pipeline:
            if hasattr(component, "score"):
                scores.update(component.score(examples))
        self.scorer.examples = examples
        return scores


def can_repeat(nlp: "Language") -> bool:
    """Whether nothing but spaCy sees the examples, in its own way, and no component changes the words."""
    from spacy.language import Language

    return (
        type(nlp).evaluate is Language.evaluate
        and is_spacys_own(nlp)
        and not any(nlp.get_pipe_meta(name).retokenizes for name in nlp.pipe_names)
    )
