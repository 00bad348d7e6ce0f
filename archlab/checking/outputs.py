"""Structure, outputs: what a component makes of the numbers its model gives."""

from collections.abc import Iterator, Mapping

from archlab.catalog.defaults import dictated
from archlab.checking.output_numbers import known_labels, tagger_instead
from archlab.checking.pipelines import LABEL_TOKENS, Pipeline
from archlab.checking.typing import SHOWN_WHEN_RUN
from archlab.configs.slotting import block_reference, get_section
from archlab.configs.widths import CHARACTERS, LISTENERS, width_of
from archlab.records import Finding

CLASSIFIERS = (
    *(f"spacy.TextCatBOW.v{n}" for n in (1, 2, 3)),
    *(f"spacy.{name}.v{n}" for name in ("TextCatEnsemble", "TextCatCNN") for n in (1, 2)),
    *(f"spacy.{name}.v1" for name in ("TextCatReduce", "TextCatParametricAttention", "TextCatLowData")),
)
TAGGERS = ("spacy.Tagger.v1", "spacy.Tagger.v2")


def exclusive_classes(pipeline: Pipeline) -> Iterator[Finding]:
    """It trains and learns the wrong thing: softmax where labels are independent, or the other way round."""
    for component in pipeline.trained:
        told = dictated(component.factory or "", "exclusive_classes")
        if told is None:
            continue
        why = "one label for each Doc" if told.value else "any number of labels for each Doc"
        for block in component.blocks:
            if block.section.get("exclusive_classes") is (not told.value):
                wanted = str(told.value).lower()
                yield Finding(
                    severity="warning",
                    slot=block.path,
                    message=f"exclusive_classes = {str(not told.value).lower()}, "
                    f"and {component.factory} learns {why}",
                    expected=wanted,
                    given=str(not told.value).lower(),
                    fix=f"set exclusive_classes = {wanted}",
                )


def linear_model(pipeline: Pipeline) -> Iterator[Finding]:
    """TextCatEnsemble.v2 asks its linear_model for attrs["multi_label"], which classifiers alone have."""
    for component in pipeline.trained:
        for block in component.blocks:
            parent, _, argument = block.path.rpartition(".")
            if argument != "linear_model" or not block.is_one_of(*_ROWS, "chain.v1"):
                continue
            if block.name in CLASSIFIERS and block.name != "spacy.TextCatLowData.v1":
                continue
            if _name_at(pipeline, parent) == "spacy.TextCatEnsemble.v2":
                yield Finding(
                    severity=block.severity,
                    slot=block.path,
                    message=f'{block.name} is no text classifier: it does not set attrs["multi_label"]',
                    fix=f"archlab swap {block.path.removeprefix('components.')} spacy.TextCatBOW.v3",
                )


def rows_of_another_kind(pipeline: Pipeline) -> Iterator[Finding]:
    """Models that agree in type, Floats2d, and not in what a row stands for."""
    for component in pipeline.trained:
        wanted = _WANTED_ROWS.get(component.factory or "")
        model = next((block for block in component.blocks if block.path == f"{component.path}.model"), None)
        if wanted is None or model is None or not model.is_one_of(*_ROWS):
            continue
        row, newest = wanted
        given = _ROWS[model.name]
        if given == row or (model.name == "spacy.EntityLinker.v1" and row == "entity"):
            continue
        # The numbers of rows agree by chance with one entity in each Doc; one Doc in each batch is broadcast.
        may_agree = (given, row) == ("Doc", "entity") or _may_train_on_single_docs(pipeline)
        yield Finding(
            severity="warning" if may_agree else model.severity,
            slot=model.path,
            message=f"{model.name} gives one row for each {given}, "
            f"the {component.factory} wants one for each {row}",
            expected=f"one row for each {row}",
            given=f"one row for each {given}",
            fix=f"archlab swap {model.path.removeprefix('components.')} {newest}",
        )


def low_data(pipeline: Pipeline) -> Iterator[Finding]:
    """TextCatLowData.v1 joins StaticVectors to list2ragged; since StaticVectors gives Ragged, it fails."""
    for component in pipeline.trained:
        for block in component.blocks:
            if block.is_one_of("spacy.TextCatLowData.v1") and not block.path.endswith(".linear_model"):
                yield Finding(
                    severity=block.severity,
                    slot=block.path,
                    message=f"{block.name} cannot run in this spaCy: it takes its vectors for a list",
                    fix=f"archlab swap {block.path.removeprefix('components.')} spacy.TextCatReduce.v1",
                )


def tagger_as_tok2vec(pipeline: Pipeline) -> Iterator[Finding]:
    """A tagger has the type of a tok2vec, and gives the scores of tags where vectors are wanted."""
    for component in pipeline.trained:
        for block in component.blocks:
            parent, _, argument = block.path.rpartition(".")
            is_tok2vec = argument in ("tok2vec", "embed") or component.factory == "tok2vec"
            if not block.is_one_of(*TAGGERS) or not is_tok2vec:
                continue
            needs_width = component.factory == "tok2vec" or _name_at(pipeline, parent) in _NEED_A_WIDTH
            unset = block.section.get("nO") is None and needs_width
            inner = block.section.get("tok2vec")
            reference = block_reference(inner) if isinstance(inner, Mapping) else None
            swap = f"archlab swap {block.path.removeprefix('components.')} "
            yield Finding(
                severity=block.severity if unset else "warning",
                slot=block.path,
                message=f"{block.name} is no tok2vec: it gives the scores of tags"
                + (", and its width (nO) is not set" if unset else ""),
                fix=f"{swap}{reference[1] if reference else 'spacy.HashEmbedCNN.v2'}",
            )


def tok2vec_as_tagger(pipeline: Pipeline) -> Iterator[Finding]:
    """The other way round: its vectors are taken for the probabilities of labels, and are none."""
    for component in pipeline.trained:
        model = component.section.get("model")
        if component.factory not in LABEL_TOKENS or not isinstance(model, Mapping):
            continue
        block = next((block for block in component.blocks if block.path == f"{component.path}.model"), None)
        width = width_of(model)
        if block is None or block.name in TAGGERS or (width is None and block.name not in LISTENERS):
            continue
        # Its numbers start at 0: they pass for probabilities where there are as many as labels.
        may_do = any(inner.is_one_of(CHARACTERS) for inner in component.blocks)
        if block.is_one_of(CHARACTERS) and known_labels(pipeline, component):
            continue  # `number_of_labels` knows
        yield Finding(
            severity="warning" if may_do else block.severity,
            slot=block.path,
            message=f"{block.name} gives vectors{f' of width {width}' if width else ''}, "
            f"the {component.factory} needs a score for each label" + (f": {SHOWN_WHEN_RUN}" * may_do),
            fix=tagger_instead(block),
        )


RULES = (
    exclusive_classes,
    linear_model,
    rows_of_another_kind,
    low_data,
    tagger_as_tok2vec,
    tok2vec_as_tagger,
)


_ROWS = {
    **dict.fromkeys(CLASSIFIERS, "Doc"),
    "spacy.SpanFinder.v1": "token",
    "spacy.EntityLinker.v1": "Doc",  # an entity_linker gives it a Doc for each entity
    "spacy.EntityLinker.v2": "entity",
}

_WANTED_ROWS = {
    "textcat": ("Doc", "spacy.TextCatReduce.v1"),
    "textcat_multilabel": ("Doc", "spacy.TextCatReduce.v1"),
    "span_finder": ("token", "spacy.SpanFinder.v1"),
    "entity_linker": ("entity", "spacy.EntityLinker.v2"),
}

# What asks its tok2vec for its width when it is initialised; the others look at the numbers that come.
_NEED_A_WIDTH = (
    "spacy.Tok2Vec.v1",
    "spacy.Tok2Vec.v2",
    "spacy.TextCatEnsemble.v2",
    "spacy.TextCatParametricAttention.v1",
    "spacy.TransitionBasedParser.v1",
    "spacy.TransitionBasedParser.v2",
    "spacy.SpanCategorizer.v1",
    "spacy.EntityLinker.v1",
    "spacy.EntityLinker.v2",
)


def _name_at(pipeline: Pipeline, path: str) -> str | None:
    section = get_section(pipeline.config, path)
    reference = block_reference(section) if isinstance(section, Mapping) else None
    return reference[1] if reference else None


def _may_train_on_single_docs(pipeline: Pipeline) -> bool:
    """Whether the batcher may well give batches of one Doc each."""
    batcher = pipeline.section("training.batcher")
    return batcher.get("size") == 1 or not str(batcher.get("@batchers")).startswith("spacy.")
