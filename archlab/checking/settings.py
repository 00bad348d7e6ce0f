"""Structure, settings: what [training], [initialize] and [system] say against the pipeline that is there."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from archlab.catalog.registered import factory_defaults
from archlab.checking.pipelines import FACTORIES, MODEL_FACTORIES, Block, Component, Pipeline
from archlab.configs.slotting import block_reference
from archlab.configs.vector_places import EMBEDDINGS, PER_TOKEN, SWITCH, told_the_labels
from archlab.errors import did_you_mean
from archlab.records import Finding


def missing_vectors(pipeline: Pipeline) -> Iterator[Finding]:
    """A block that reads word vectors, and none are loaded: its first use raises an IndexError."""
    if pipeline.may_have_vectors:
        return
    for component in pipeline.trained:
        for block in component.blocks:
            said = _reads_vectors(block)
            if said is None:
                continue
            fix = "--initialize.vectors NAME names a pipeline with vectors"
            yield Finding(
                severity=block.severity,
                slot=block.path,
                message=f"{said}, and no vectors are loaded: initialize.vectors is null",
                fix=fix if said == block.name else f"set {said.split()[0]} = false; or {fix}",
            )


def vectors_before_labels(pipeline: Pipeline) -> Iterator[Finding]:
    """An embedding that reads word vectors, and that is initialised with the labels where its width is."""
    for component in pipeline.trained:
        for block in component.blocks:
            reader = told_the_labels(pipeline.config, block.path)
            if reader is None or not block.is_one_of(*EMBEDDINGS) or block.section.get(SWITCH) is not True:
                continue
            # As wide as there are labels, it trains where they come as one array.
            is_certain = reader in PER_TOKEN
            yield Finding(
                severity=block.severity if is_certain else "warning",
                slot=block.path,
                message=f"{SWITCH} = true in an embedding alone: {reader} hands it the labels when training "
                "starts, and its vectors take them for their width"
                + ("" if is_certain else ": it fails unless it is as wide as there are labels"),
                fix=f"set {SWITCH} = false, or put it into a tok2vec: "
                f"archlab swap {block.path.removeprefix('components.')} spacy.Tok2Vec.v2",
            )


def absent_names(pipeline: Pipeline) -> Iterator[Finding]:
    """frozen_components and annotating_components that the pipeline does not have.

    spaCy refuses the first (E001) and passes over the second in silence.
    """
    known = pipeline.names("nlp.pipeline")
    for setting in ("frozen_components", "annotating_components"):
        for name in pipeline.names(f"training.{setting}"):
            if name in known:
                continue
            yield Finding(
                severity="error" if setting == "frozen_components" else "warning",
                slot=f"training.{setting}",
                message=f"{setting} names {name}, which is not in the pipeline",
                fix=did_you_mean(name, known) or f"remove {name} from training.{setting}",
            )


def frozen_from_the_start(pipeline: Pipeline) -> Iterator[Finding]:
    """A frozen component is not initialised: a new one has no weights, and the first evaluation fails."""
    if pipeline.has_callbacks or pipeline.section("initialize").get("init_tok2vec"):
        return
    for component in pipeline.components:
        if component.is_frozen and component.factory in MODEL_FACTORIES and component.is_known:
            yield Finding(
                severity="error",
                slot=component.path,
                message="it is frozen and new: it has no weights to run with",
                fix=f"remove {component.name} from training.frozen_components, "
                f"or source it from a trained pipeline: source = NAME under [{component.path}]",
            )


def score_weights(pipeline: Pipeline) -> Iterator[Finding]:
    """The weight of a score that no component gives counts for nothing; a table cannot be weighed (E915)."""
    given = _given_scores(pipeline)
    if given is None:
        return
    weights = pipeline.section("training.score_weights")
    useful = [name for name in given if not _is_table(name) and not name.startswith(("token_", "speed"))]
    for name, weight in weights.items():
        if weight is not None and name in given and _is_table(name):
            yield Finding(
                severity="error",
                slot="training.score_weights",
                message=f"{name} is a table or a text, and cannot be weighed",
                fix=f"set {name} = null",
            )
        elif weight and name not in given:
            near = did_you_mean(name, useful)
            others = f"one of {', '.join(useful)}" if len(useful) <= MAX_NAMED else None
            yield Finding(
                severity="warning",
                slot="training.score_weights",
                message=f"{name} has weight {weight}, and no component gives that score: it counts as 0",
                fix=" ".join(filter(None, [near, f"set {name} = null", others and f"and weigh {others}"])),
            )


MAX_NAMED = 5


def single_quotes(pipeline: Pipeline) -> Iterator[Finding]:
    """Values in a config are JSON: 'single quotes' stay part of a text, and make a text of a list."""
    for path, value in _leaves(pipeline.config, ""):
        section, _, key = path.rpartition(".")
        meant = _unquoted(value)
        if meant is not None:
            yield Finding(
                severity="warning",
                slot=section,
                message=f"{key} = {value} is a text with its quotes: single quotes mean nothing in a config",
                fix=f"write {key} = {json.dumps(meant)}",
            )


def gpu_allocator(pipeline: Pipeline) -> Iterator[Finding]:
    """On a GPU, torch and cupy each keep memory the other lacks, unless torch allocates for both."""
    if pipeline.section("training").get("gpu_allocator") is not None:
        return
    blocks = (block for component in pipeline.components for block in component.blocks)
    torch = [block for block in blocks if block.registry == "architectures" and _uses_torch(block)]
    if torch:
        yield Finding(
            severity="note",
            slot="training.gpu_allocator",
            message=f"{torch[0].name} runs in torch: on a GPU, torch and Thinc will not share memory",
            fix="--system.gpu_allocator pytorch",
        )


RULES = (
    missing_vectors,
    vectors_before_labels,
    absent_names,
    frozen_from_the_start,
    score_weights,
    single_quotes,
    gpu_allocator,
)


# Vectors.

_VECTORS_ARGUMENT = {
    **{
        f"spacy.{name}.v{n}": "include_static_vectors"
        for name in ("MultiHashEmbed", "CharacterEmbed")
        for n in (1, 2)
    },
    "spacy.HashEmbedCNN.v1": "pretrained_vectors",
    "spacy.HashEmbedCNN.v2": "pretrained_vectors",
    "spacy.TextCatEnsemble.v1": "pretrained_vectors",
}


def _reads_vectors(block: Block) -> str | None:
    """What makes the block read word vectors; None where it does not, or is not known to."""
    argument = _VECTORS_ARGUMENT.get(block.name)
    if block.is_own and argument and block.section.get(argument) is True:
        return f"{argument} = true"
    return block.name if block.is_one_of("spacy.StaticVectors.v1", "spacy.StaticVectors.v2") else None


# Scores.

_PRF = ("p", "r", "f")
_CATS = (
    *(f"cats_{kind}_{x}" for kind in ("micro", "macro") for x in _PRF),
    *("cats_score", "cats_score_desc", "cats_macro_auc", "cats_f_per_type", "cats_auc_per_type"),
)
_ENTS = (*(f"ents_{x}" for x in _PRF), "ents_per_type")
_SENTS = tuple(f"sents_{x}" for x in _PRF)
_DEP = ("dep_uas", "dep_las", "dep_las_per_type", *_SENTS)
_MORPH = ("morph_acc", *(f"morph_micro_{x}" for x in _PRF), "morph_per_feat", "pos_acc")
_NEL = (
    *(f"nel_{kind}_{x}" for kind in ("micro", "macro") for x in _PRF),
    *("nel_score", "nel_score_desc", "nel_f_per_type", *_SENTS),
)
SCORES: dict[str, tuple[str, ...]] = {
    "tagger": ("tag_acc",),
    "morphologizer": _MORPH,
    "senter": _SENTS,
    "sentencizer": _SENTS,
    "lemmatizer": ("lemma_acc",),
    "trainable_lemmatizer": ("lemma_acc",),
    "attribute_ruler": ("tag_acc", "lemma_acc", *_MORPH),
    "textcat": _CATS,
    "textcat_multilabel": _CATS,
    **dict.fromkeys(("ner", "beam_ner", "entity_ruler", "future_entity_ruler"), _ENTS),
    **dict.fromkeys(("parser", "beam_parser"), _DEP),
    "entity_linker": _NEL,
}
"""What each factory's own scorer gives; the scores of spans carry the name of their key."""

_ALWAYS = ("token_acc", "token_p", "token_r", "token_f", "speed")
_SPANS = ("spancat", "spancat_singlelabel", "span_finder", "span_ruler")


def _given_scores(pipeline: Pipeline) -> list[str] | None:
    """The scores an evaluation gives; None where a component or a scorer is not known."""
    lang, given = pipeline.config["nlp"]["lang"], list(_ALWAYS)
    tokenizer = block_reference(pipeline.section("nlp.tokenizer"))
    if tokenizer is not None and not tokenizer[1].startswith("spacy."):
        return None
    for component in pipeline.components:
        if component.factory not in FACTORIES:
            return None
        scorer = component.section.get("scorer")
        if "scorer" in component.section and scorer != _own_scorer(component.factory, lang):
            if scorer is not None:
                return None
        elif component.factory in _SPANS:
            given += _span_scores(component)
        else:
            given += SCORES.get(component.factory, ())
    return list(dict.fromkeys(given))


@cache
def _own_scorer(factory: str, lang: str) -> Any:
    return factory_defaults(factory, lang).get("scorer")


def _span_scores(component: Component) -> list[str]:
    own = {"span_ruler": "ruler"}.get(component.factory or "", "sc")
    key = component.section.get("spans_key", own)
    return [f"spans_{key}_{x}" for x in (*_PRF, "per_type")]


def _is_table(score: str) -> bool:
    return score.endswith(("_per_type", "_per_feat", "_score_desc"))


# Values.


def _leaves(section: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from _leaves(value, inner)
        else:
            yield inner, value


def _unquoted(value: Any) -> Any:
    """What a text with single quotes was meant to be; None where it has none around it."""
    if not isinstance(value, str) or len(value) < 2:
        return None
    if value[0] == value[-1] == "'" and "'" not in value[1:-1]:
        return value[1:-1]
    if value[0] + value[-1] in ("[]", "{}") and "'" in value:
        try:
            return json.loads(value.replace("'", '"'))
        except ValueError:
            return None
    return None


_TORCH = ("spacy.TorchBiLSTMEncoder.", "PyTorch", "spacy-transformers.", "spacy-curated-transformers.")


def _uses_torch(block: Block) -> bool:
    return block.name.startswith(_TORCH)
