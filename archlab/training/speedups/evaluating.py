"""The same dev examples are evaluated again and again: what cannot change is worked out once.

`Language.evaluate` tokenises all texts each time, only to see how long that takes, and scores the tokenizer,
whose words are those of the evaluation before; and so are their alignments with the words of the references.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import is_
from time import perf_counter
from typing import TYPE_CHECKING, Any

from archlab.training.speedups.reading_once import is_spacys_own

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spacy.language import Language
    from spacy.training import Example

    from archlab.records import Json


WORD_SCORES = ("token_acc", "token_p", "token_r", "token_f")
"""What a tokenizer is scored by."""


class RepeatedEvaluation:
    """Evaluates a pipeline on examples; sooner where they are those of before."""

    def __init__(self, nlp: "Language", scorer: Any, weights: "Mapping[str, float | None]") -> None:
        """scorer: its `examples` become those that were scored. weights: of the scores, by name."""
        self.nlp, self.scorer = nlp, scorer
        self.may_repeat = can_repeat(nlp) and not weights.get("speed")
        self.before: Sequence[Example] = ()
        self.words: Json = {}
        self.alignments: dict[tuple[tuple[str, ...], ...], Any] = {}

    def is_again(self, examples: "Sequence[Example]") -> bool:
        """Whether these are the examples of before."""
        return len(examples) == len(self.before) and all(map(is_, examples, self.before))

    def evaluate(self, examples: "Sequence[Example]") -> "Json":
        """What `Language.evaluate` gives, but for the speed, which leaves out the tokenizer."""
        is_again = self.is_again(examples)
        if not is_again:
            self.alignments.clear()
        self.before = examples
        with self._aligning_once():
            return self._evaluate(examples, is_again=is_again)

    def _evaluate(self, examples: "Sequence[Example]", *, is_again: bool) -> "Json":
        if is_again and self.may_repeat:
            return self._evaluate_again(examples)
        scores: Json = self.nlp.evaluate(examples, scorer=self.scorer)
        self.words = {name: score for name, score in scores.items() if name in WORD_SCORES}
        return scores

    def _evaluate_again(self, examples: "Sequence[Example]") -> "Json":
        from spacy.language import _replace_numpy_floats
        from spacy.training import Example

        copies = [example.predicted.copy() for example in examples]
        began = perf_counter()
        documents = list(self.nlp.pipe(copies, batch_size=self.nlp.batch_size))
        taken = perf_counter() - began
        predicted = zip(documents, examples, strict=True)
        scores = self._scores([Example(document, example.reference) for document, example in predicted])
        scores["speed"] = sum(map(len, documents)) / taken
        return _replace_numpy_floats(scores)

    @contextmanager
    def _aligning_once(self) -> Iterator[None]:
        """Within this, words that have been aligned are not aligned again."""
        from spacy.training import Alignment

        align, original = Alignment.from_strings, Alignment.__dict__["from_strings"]

        def align_once(predicted: list[str], reference: list[str]) -> Alignment:
            key = (tuple(predicted), tuple(reference))
            if key not in self.alignments:
                self.alignments[key] = align(predicted, reference)
            found: Alignment = self.alignments[key]
            return found

        Alignment.from_strings = staticmethod(align_once)  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            Alignment.from_strings = original  # type: ignore[method-assign]

    def _scores(self, examples: "list[Example]") -> "Json":
        """What `Scorer.score` gives, in its order."""
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
