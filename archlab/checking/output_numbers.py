"""Structure, output numbers: how many a model gives, against how many its component needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from archlab.catalog.registered import signature
from archlab.catalog.values import type_error
from archlab.checking.pipelines import Block, Component, Pipeline
from archlab.checking.scorers import KEEPERS, SPAN_MODELS, given_by_scorer
from archlab.checking.typing import SHOWN_WHEN_RUN
from archlab.configs.vector_places import EMBEDDINGS
from archlab.configs.widths import (
    CHARACTERS,
    ENCODERS,
    TOK2VECS,
    as_section,
    as_width,
    is_named,
    passes_through,
    width_of,
)
from archlab.records import Finding


def number_of_labels(pipeline: Pipeline) -> Iterator[Finding]:
    """A number of outputs that the config says, against the labels, where it says them or they are fixed."""
    for component in pipeline.trained:
        known = known_labels(pipeline, component)
        if known is not None:
            yield from compare_outputs(component, *known)


def compare_outputs(
    component: Component, number: int, source: str, *, or_more: bool = False
) -> Iterator[Finding]:
    """An error where the component's model says a number of outputs that is not the one it needs.

    source: how one knows the number, in words. or_more: there may be more than that.
    """
    for block in component.blocks:
        said = said_outputs(component, block)
        if said is None:
            continue
        setting, outputs, fix = said
        is_linear = block.path == f"{component.path}.model.linear_model"
        if outputs == number or (outputs > number and (is_linear or or_more)):
            continue
        loads = block.is_one_of(*_RESIZED) and not is_linear
        yield Finding(
            severity=block.severity,
            slot=block.path,
            message=f"{setting} {outputs}, and {source}"
            + ": it trains, and the trained pipeline cannot be loaded" * loads,
            expected=str(number),
            given=str(outputs),
            fix=fix or f"set nO = {number}" + ", or to the number of all labels" * or_more,
        )


def says_outputs(component: Component) -> bool:
    """Whether the config says how many numbers a component's model gives."""
    return any(said_outputs(component, block) for block in component.blocks)


def said_outputs(component: Component, block: Block) -> tuple[str, int, str | None] | None:
    """(what says it, how many outputs, what to do where they are wrong); None where a block says nothing.

    What to do is None where the number itself must be set.
    """
    slot = block.path.removeprefix("components.")
    if block.path not in (_output_slot(component), f"{component.path}.model.linear_model"):
        return None
    if block.is_one_of(CHARACTERS) and (width := width_of(block.section)) is not None:
        return "nM x nC =", width, tagger_instead(block)
    model = as_section(component.section.get("model"))
    if (scores := given_by_scorer(model)) is not None and slot.endswith(".scorer"):
        return f"{block.name} gives", scores, f"archlab swap {slot} spacy.LinearLogistic.v1"
    outputs = as_width(block.section.get("nO"))
    if outputs is None:
        return None
    is_open = component.factory != "span_finder" and _may_be_null(block)
    return "nO =", outputs, "set nO = null: it is found when training starts" if is_open else None


def scorer_output(pipeline: Pipeline) -> Iterator[Finding]:
    """The last layer of a span model must give one number for each label, and not as many as it gets."""
    for component in pipeline.trained:
        model = as_section(component.section.get("model"))
        if not is_named(model, *SPAN_MODELS):
            continue
        name = model["@architectures"]
        for block in component.blocks:
            is_scorer = block.path == f"{component.path}.model.scorer"
            if not is_scorer or not block.is_one_of(*KEEPERS[name], *ENCODERS):
                continue
            if said_outputs(component, block) and known_labels(pipeline, component):
                continue  # `number_of_labels` knows
            each = "of start and end" if component.factory == "span_finder" else "label"
            width = as_width(block.section.get("width"))
            yield Finding(
                severity="warning",
                slot=block.path,
                message=f"{block.name} gives {width or 'as many numbers as it gets'}, "
                f"and {name} needs one for each {each}: {SHOWN_WHEN_RUN}",
                fix=f"archlab swap {block.path.removeprefix('components.')} spacy.LinearLogistic.v1",
            )


def linker_of_open_width(pipeline: Pipeline) -> Iterator[Finding]:
    """EntityLinker adds what comes from its tok2vec to a layer that is as wide as the tok2vec says it is.

    One that does not say it leaves that layer to the labels, or to the vectors of the knowledge base.
    """
    for component in pipeline.trained:
        model = as_section(component.section.get("model"))
        block = next((block for block in component.blocks if block.path == f"{component.path}.model"), None)
        tok2vec = as_section(model.get("tok2vec"))
        if block is None or not block.is_one_of(*_LINKERS) or not _leaves_its_width_open(tok2vec):
            continue
        known, width = known_labels(pipeline, component), width_of(tok2vec)
        is_linker = component.factory == "entity_linker"
        if (known and width == known[0]) or (not is_linker and block.name != _LINKERS[0]):
            continue  # `rows_of_another_kind` speaks of the newer one
        taken = "the length of the vectors in its knowledge base" if is_linker else "the number of labels"
        yield Finding(
            severity=block.severity if known and width else "warning",
            slot=block.path,
            message=f"its tok2vec does not say how wide it is, and {block.name} takes {taken} for that"
            + ("" if known and width else f": {SHOWN_WHEN_RUN}"),
            fix=f"archlab swap {block.path.removeprefix('components.')}"
            + (".tok2vec spacy.HashEmbedCNN.v2" if is_linker else " spacy.TextCatReduce.v1"),
        )


RULES = (number_of_labels, scorer_output, linker_of_open_width)

_LINKERS = ("spacy.EntityLinker.v1", "spacy.EntityLinker.v2")

# They are resized to the labels, and keep the number of the config beside it.
_RESIZED = ("spacy.TextCatBOW.v2", "spacy.TextCatBOW.v3", "spacy.TextCatReduce.v1", "spacy.TextCatCNN.v2")


def known_labels(pipeline: Pipeline, component: Component) -> tuple[int, str] | None:
    """(how many outputs the component needs, how one knows); None where the data decides."""
    fixed = {
        "senter": (2, "a senter has 2 labels"),
        "span_finder": (2, "a span_finder wants 2: a start and an end"),
    }
    if component.factory in fixed:
        return fixed[component.factory]
    labels: Any = pipeline.section(f"initialize.components.{component.name}").get("labels")
    counted = ("textcat", "textcat_multilabel", "tagger", "spancat", "spancat_singlelabel")
    may_be_more = pipeline.has_callbacks
    if component.factory not in counted or may_be_more or not isinstance(labels, list) or not labels:
        return None
    number = len({label for label in labels if isinstance(label, str)})
    where = f"[initialize.components.{component.name}] has {number} labels"
    if component.factory == "spancat_singlelabel":
        return number + 1, f"{where}, and one more stands for no label"
    return number, where


def tagger_instead(block: Block) -> str:
    """What to do about a block that stands where a tagger's model should."""
    return f"archlab swap {block.path.removeprefix('components.')} spacy.Tagger.v2"


def _output_slot(component: Component) -> str:
    """The slot whose nO is the number of a component's outputs."""
    is_span = (component.factory or "").startswith("span")
    return f"{component.path}.model.scorer" if is_span else f"{component.path}.model"


def _may_be_null(block: Block) -> bool:
    """Whether the block takes no number of outputs, to find it when training starts."""
    parameter = signature(block.registry, block.name).parameter("nO")
    return parameter is None or type_error(None, parameter.annotation) is None


def _leaves_its_width_open(tok2vec: Mapping[str, Any]) -> bool:
    is_open = is_named(tok2vec, *TOK2VECS) and passes_through(tok2vec)
    return is_open or is_named(tok2vec, *EMBEDDINGS, *_TRANSFORMERS)


_TRANSFORMERS = (
    "spacy-transformers.TransformerListener.v1",
    *(f"spacy-transformers.Tok2VecTransformer.v{n}" for n in (1, 2, 3)),
)
