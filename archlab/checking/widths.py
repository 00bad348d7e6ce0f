"""Structure, widths: numbers in two places of a config that have to agree."""

from collections.abc import Iterator, Mapping

from archlab.checking.pipelines import Block, Pipeline
from archlab.configs.slotting import block_reference, get_section
from archlab.configs.widths import ENCODERS, LISTENER, TOK2VECS, as_width, width_of, width_setting
from archlab.errors import did_you_mean
from archlab.records import Finding


def blocks_of(pipeline: Pipeline, *names: str) -> Iterator[Block]:
    """spaCy's blocks of these names, in the components that are trained."""
    for component in pipeline.trained:
        yield from (block for block in component.blocks if block.is_one_of(*names))


def embed_and_encode(pipeline: Pipeline) -> Iterator[Finding]:
    """An encoder takes vectors of its own width: its first layer fails on others when it is initialised."""
    for block in blocks_of(pipeline, *TOK2VECS):
        embed, encode = block.section.get("embed"), block.section.get("encode")
        if not isinstance(embed, Mapping) or not isinstance(encode, Mapping) or encode.get("depth") == 0:
            continue
        reference = block_reference(encode)
        given, taken = width_of(embed), as_width(encode.get("width"))
        if (
            reference is None
            or reference[1] not in ENCODERS
            or given is None
            or taken is None
            or given == taken
        ):
            continue
        setting, other = width_setting(f"{block.path}.embed", embed), f"{block.path}.encode.width"
        is_joined = not isinstance(get_section(pipeline.config, setting), int)  # of several layers
        # A listener is bound to the width of its upstream.
        is_bound = is_joined or block_reference(embed) == ("architectures", LISTENER)
        slot, _, key = (other if is_bound else setting).rpartition(".")
        message = (
            f"{key} {taken}, and its embed gives {given}"
            if is_bound
            else f"{key} {given}, and the encode that follows takes {taken}"
        )
        yield Finding(
            severity=block.severity,
            slot=slot,
            message=message,
            expected=str(given if is_bound else taken),
            given=str(taken if is_bound else given),
            fix=f"set {key} = {given}" if is_joined else f"set {key} = ${{{setting if is_bound else other}}}",
        )


def ensemble_with_outputs(pipeline: Pipeline) -> Iterator[Finding]:
    """TextCatEnsemble.v2 with a literal nO expects 2 x nO inputs where nO + the tok2vec's width come."""
    for block in blocks_of(pipeline, "spacy.TextCatEnsemble.v2"):
        outputs, width = as_width(block.section.get("nO")), width_of(block.section.get("tok2vec"))
        if not outputs or width is None or outputs == width:
            continue
        yield Finding(
            severity=block.severity,
            slot=block.path,
            message=f"with nO = {outputs} its last layer takes 2 x {outputs}, and gets {outputs} + {width}",
            expected=str(2 * outputs),
            given=str(outputs + width),
            fix="set nO = null: it is found when training starts",
        )


def attributes_and_rows(pipeline: Pipeline) -> Iterator[Finding]:
    """MultiHashEmbed wants one table size for each attribute, and at least one."""
    for block in blocks_of(pipeline, "spacy.MultiHashEmbed.v1", "spacy.MultiHashEmbed.v2"):
        attrs, rows = block.section.get("attrs"), block.section.get("rows")
        if not isinstance(attrs, list) or not isinstance(rows, list):
            continue
        if len(attrs) != len(rows):
            yield Finding(
                severity=block.severity,
                slot=block.path,
                message=f"{len(attrs)} attrs and {len(rows)} rows: each attribute needs a table size",
                expected=str(len(attrs)),
                given=str(len(rows)),
                fix=f"set rows = {_as_many(rows, len(attrs))}" if rows and attrs else None,
            )
        elif not attrs:
            yield Finding(
                severity=block.severity,
                slot=block.path,
                message="no attrs: there is nothing to embed",
                fix='set attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"] and rows = [5000, 1000, 2500, 2500]',
            )


def unknown_attributes(pipeline: Pipeline) -> Iterator[Finding]:
    """What is embedded must be an attribute of a token that spaCy numbers."""
    from spacy.attrs import IDS  # type: ignore[import-not-found]  # Cython

    for block in blocks_of(pipeline, *_READ_ATTRIBUTES):
        given = block.section.get(_READ_ATTRIBUTES[block.name])
        for name in given if isinstance(given, list) else [given]:
            if isinstance(name, str) and name not in IDS:
                usual = ("NORM", "LOWER", "ORTH", "PREFIX", "SUFFIX", "SHAPE", "TAG", "POS", "LEMMA")
                yield Finding(
                    severity=block.severity,
                    slot=block.path,
                    message=f"{name} is no attribute of a token",
                    fix=did_you_mean(name, usual) or f"Usual ones: {', '.join(usual[:6])}",
                )


def sizes_of_nothing(pipeline: Pipeline) -> Iterator[Finding]:
    """A layer without rows, columns or pieces. (A depth or a window of 0 means something.)"""
    for component in pipeline.trained:
        for block in component.blocks:
            is_passed = block.section.get("depth") == 0  # nothing is built of it
            for name in _SIZES if block.is_own and not is_passed else ():
                value = block.section.get(name)
                values = value if isinstance(value, list) else [value]
                if any(size is not None and size <= 0 for size in map(as_width, values)):
                    yield Finding(
                        severity=block.severity,
                        slot=block.path,
                        message=f"{name} = {value}: that leaves nothing to learn",
                        fix=f"set {name} to 1 or more",
                    )


_SIZES = ("width", "rows", "embed_size", "maxout_pieces", "nM", "nC", "hidden_width", "hidden_size", "length")

_READ_ATTRIBUTES = {
    **dict.fromkeys(("spacy.MultiHashEmbed.v1", "spacy.MultiHashEmbed.v2"), "attrs"),
    **dict.fromkeys(("spacy.CharacterEmbed.v1", "spacy.CharacterEmbed.v2"), "feature"),
    "spacy.FeatureExtractor.v1": "columns",
}


def odd_bilstm(pipeline: Pipeline) -> Iterator[Finding]:
    """Each direction gives half the width: an odd one comes out as one less than the block says it gives."""
    for block in blocks_of(pipeline, "spacy.TorchBiLSTMEncoder.v1"):
        width = as_width(block.section.get("width"))
        if width is None or width % 2 == 0 or block.section.get("depth") == 0:
            continue
        reader = get_section(pipeline.config, block.path.removesuffix(".tok2vec.encode"))
        reference = block_reference(reader) if block.path.endswith(".tok2vec.encode") else None
        believes = reference is not None and reference[1] in _BELIEVE_THE_WIDTH
        yield Finding(
            severity=block.severity if believes else "warning",
            slot=block.path,
            message=f"width {width} is odd: each direction gives half of it, so {width - 1} come out",
            expected=str(width),
            given=str(width - 1),
            fix=f"set width = {width + 1}, and its embed's as well",
        )


# The architectures that take the width of their tok2vec from what it says, not from what it gives.
_BELIEVE_THE_WIDTH = (
    "spacy.Tagger.v1",
    "spacy.Tagger.v2",
    "spacy.TextCatEnsemble.v2",
    "spacy.TextCatReduce.v1",
    "spacy.TextCatParametricAttention.v1",
    "spacy.TransitionBasedParser.v2",
    "spacy.EntityLinker.v2",
)


def _as_many(rows: list[int], number: int) -> list[int]:
    return [*rows, *[rows[-1]] * number][:number]


RULES = (
    embed_and_encode,
    ensemble_with_outputs,
    attributes_and_rows,
    unknown_attributes,
    sizes_of_nothing,
    odd_bilstm,
)
