"""Structure, scorers: what comes to the last layer of a span model, and what it gives."""

from collections.abc import Iterator, Mapping
from typing import Any

from archlab.checking.pipelines import Pipeline
from archlab.configs.slotting import block_reference
from archlab.configs.widths import ENCODERS, as_section, as_width, is_named, width_of
from archlab.records import Finding

CATEGORIZER, FINDER = SPAN_MODELS = ("spacy.SpanCategorizer.v1", "spacy.SpanFinder.v1")

_KEEPERS = tuple(
    f"{name}.v1"
    for name in (
        "Logistic",
        "sigmoid_activation",
        "LayerNorm",
        "Dropout",
        "expand_window",
        "noop",
        "residual",
        "Dish",
    )
)
KEEPERS: Mapping[str, tuple[str, ...]] = {
    CATEGORIZER: _KEEPERS,  # softmax_activation happens to pass there
    FINDER: (*_KEEPERS, "softmax_activation.v1"),
}
"""The layers that give as many numbers as they get, in each span model."""

_REDUCERS = tuple(f"reduce_{part}.v1" for part in ("first", "last", "max", "mean", "sum"))


def scorer_input(pipeline: Pipeline) -> Iterator[Finding]:
    """The width that the last layer says it takes, against what comes to it."""
    for component in pipeline.trained:
        for block in component.blocks:
            if not block.is_one_of(*SPAN_MODELS):
                continue
            scorer = as_section(block.section.get("scorer"))
            setting = _input_setting(scorer)
            given, taken = _comes(block.section), as_width(scorer.get(setting)) if setting else None
            if given is None or taken is None or given == taken:
                continue
            yield Finding(
                severity=block.severity,
                slot=f"{block.path}.scorer",
                message=f"{setting} {taken}, and what comes to it has width {given}",
                expected=str(given),
                given=str(taken),
                fix="set nI = null: it is found when training starts"
                if setting == "nI"
                else f"archlab swap {block.path.removeprefix('components.')}.scorer spacy.LinearLogistic.v1",
            )


RULES = (scorer_input,)


def given_by_scorer(model: Mapping[str, Any]) -> int | None:
    """How many numbers the last layer of a span model gives; None where that is open or not known."""
    scorer = as_section(model.get("scorer"))
    name = str(model.get("@architectures"))
    if not is_named(model, *SPAN_MODELS):
        return None
    if is_named(scorer, *ENCODERS):
        return width_of(scorer)
    if not is_named(scorer, *KEEPERS[name]):
        return None
    comes = _comes(model)
    if comes is None or not is_named(scorer, "expand_window.v1"):
        return comes
    window = as_width(scorer.get("window_size", 1))
    return None if window is None else comes * (2 * window + 1)


def _input_setting(scorer: Mapping[str, Any]) -> str | None:
    """The argument that says how wide the input is."""
    if block_reference(scorer) == ("layers", "spacy.LinearLogistic.v1"):
        return "nI"
    return "width" if is_named(scorer, *ENCODERS) else None


def _comes(model: Mapping[str, Any]) -> int | None:
    """The width of what comes to the last layer; None where it is not known."""
    reducer = as_section(model.get("reducer"))
    if is_named(model, FINDER) or is_named(reducer, *_REDUCERS):
        return width_of(model.get("tok2vec"))
    return as_width(reducer.get("hidden_size")) if is_named(reducer, "spacy.mean_max_reducer.v1") else None
