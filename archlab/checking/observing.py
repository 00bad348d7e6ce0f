"""What the models of a pipeline give, compared with what their blocks declare and with another time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from archlab.catalog.registered import factory_signature, signature
from archlab.catalog.signatures import describe, model_types
from archlab.configs.slotting import block_reference
from archlab.errors import ArchlabError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

# Of these, neither the input is a list of Docs as it comes nor the output an array: evaluating runs them.
_NOT_OBSERVED = ("ner", "beam_ner", "parser", "beam_parser", "entity_linker")
_PER_DOC = ("textcat", "textcat_multilabel")
_SPANCATS = ("spancat", "spancat_singlelabel")
_ATTRIBUTES = (
    "TAG",
    "POS",
    "MORPH",
    "LEMMA",
    "DEP",
    "HEAD",
    "SENT_START",
    "ENT_TYPE",
    "ENT_IOB",
    "ENT_KB_ID",
)
RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Observed:
    """outputs: component -> what its model gave. docs: with what the whole pipeline set.

    rows: component -> the rows that a span categorizer's suggester asked for.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    docs: "tuple[Doc, ...]" = ()


def observe(nlp: "Language", config: Mapping[str, Any], docs: "Sequence[Doc]", seed: int = 0) -> Observed:
    """Run each model on the documents as they reach its component. Raises whatever the components raise.

    docs: of any vocabulary; copies in the pipeline's own are used. seed: set before, for layers that draw.
    """
    from spacy.tokens import Doc
    from thinc.api import Model, fix_random_seed

    fix_random_seed(seed)
    current = [Doc(nlp.vocab).from_bytes(doc.to_bytes()) for doc in docs]
    outputs: dict[str, Any] = {}
    rows: dict[str, int] = {}
    for name, proc in nlp.pipeline:
        model: Any = getattr(proc, "model", None)
        if isinstance(model, Model) and _is_observed(config, name):
            given: Any = current
            if _factory(config, name) in _SPANCATS:
                spans = proc.suggester(current, ops=model.ops)  # type: ignore[attr-defined]
                given, rows[name] = (current, spans), int(spans.lengths.sum())
            if rows.get(name) != 0:
                outputs[name] = model.predict(given)
        current = _apply(proc, name, current)
    return Observed(outputs, rows, tuple(current))


def _apply(proc: Any, name: str, docs: "list[Doc]") -> "list[Doc]":
    """name: seen by whoever looks at this frame for the component at work."""
    return list(proc.pipe(docs)) if hasattr(proc, "pipe") else [proc(doc) for doc in docs]


def _factory(config: Mapping[str, Any], name: str) -> str | None:
    section = config["components"].get(name, {})
    return section.get("factory") if isinstance(section, Mapping) else None


def _is_observed(config: Mapping[str, Any], name: str) -> bool:
    """Whether the model's input is known: the documents, or with a suggester's spans."""
    factory = _factory(config, name)
    if factory is None or factory in _NOT_OBSERVED:
        return False
    if factory in _SPANCATS:
        return True
    section = config["components"][name]
    annotations = (_declared(section), _expected(section, config["nlp"]["lang"]))
    stated = [types for annotation in annotations if (types := model_types(annotation)) is not None]
    return any(describe(types[0]) == "List[Doc]" for types in stated)


def _declared(section: Mapping[str, Any]) -> Any:
    """What the component's block says that it returns; None where it says nothing."""
    block = section.get("model")
    reference = block_reference(block) if isinstance(block, Mapping) else None
    try:
        return signature(*reference).returns if reference else None
    except ArchlabError:  # level types has said so
        return None


def _expected(section: Mapping[str, Any], lang: str) -> Any:
    try:
        parameter = factory_signature(section["factory"], lang).parameter("model")
    except ArchlabError:
        return None
    return parameter.annotation if parameter else None


# Types and shapes.


def contradictions(observed: Observed, config: Mapping[str, Any], name: str) -> Iterator[str]:
    """What is wrong with a component's output, in words: its type, its rows, numbers that are none."""
    output, section = observed.outputs[name], config["components"][name]
    types = model_types(_declared(section))
    if types is not None and is_of_type(output, types[1]) is False:
        got = describe_value(output)
        yield f"its annotation says that it returns {describe(types[1])}, and it returned {got}"
    needed = model_types(_expected(section, config["nlp"]["lang"]))
    if needed is not None and is_of_type(output, needed[1]) is False:
        yield f"the {section['factory']} needs {describe(needed[1])}, and it got {describe_value(output)}"
    else:
        yield from _wrong_shape(observed, section["factory"], name)
    if not all(_is_finite(array) for array in arrays_of(output)):
        yield "its output holds numbers that are not finite"


def is_of_type(value: Any, annotation: Any) -> bool | None:
    """Whether a value is of an annotated type; None where that cannot be told."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        verdicts = [is_of_type(value, member) for member in arguments]
        return True if True in verdicts else None if None in verdicts else False
    if origin in (list, Sequence) and arguments:
        if not isinstance(value, (list, tuple)):
            return False
        return _all(is_of_type(item, arguments[0]) for item in value)
    if origin is tuple and arguments and Ellipsis not in arguments:
        if not isinstance(value, tuple) or len(value) != len(arguments):
            return False
        return _all(is_of_type(item, kind) for item, kind in zip(value, arguments, strict=True))
    name = getattr(annotation, "__name__", "")
    kind, dimensions = name[:-2].removesuffix("s"), name[-2:]
    if getattr(annotation, "__module__", "") == "thinc.types" and kind in ("Float", "Int", "Array"):
        return _is_array(value, kind, dimensions)
    if name in ("Ragged", "Padded"):
        return type(value).__name__ == name
    return None


def _is_array(value: Any, kind: str, dimensions: str) -> bool:
    if not hasattr(value, "dtype") or not hasattr(value, "ndim"):
        return False
    kinds = {"Float": "f", "Int": "iu", "Array": "fiu"}[kind]
    has_dimensions = dimensions == "Xd" or f"{value.ndim}d" == dimensions
    return bool(has_dimensions and value.dtype.kind in kinds)


def _all(verdicts: Iterator[bool | None]) -> bool | None:
    found = set(verdicts)
    return False if False in found else None if None in found else True


def _wrong_shape(observed: Observed, factory: str, name: str) -> Iterator[str]:
    """Where the rows are known: one per document, per token, or per span."""
    output, docs = observed.outputs[name], observed.docs
    tokens = [len(doc) for doc in docs]
    if isinstance(output, (list, tuple)):
        got = [len(item) for item in output]
        if got != tokens:
            yield f"it returned arrays of {_numbers(got)} rows for documents of {_numbers(tokens)} tokens"
        return
    wanted = {
        **dict.fromkeys(_PER_DOC, len(docs)),
        **dict.fromkeys(_SPANCATS, observed.rows.get(name)),
        "span_finder": sum(tokens),
    }.get(factory)
    if wanted is not None and hasattr(output, "shape") and output.shape[0] != wanted:
        what = {"span_finder": "tokens"}.get(factory, "documents" if factory in _PER_DOC else "spans")
        yield f"it returned {output.shape[0]} rows for {wanted} {what}"


def _numbers(values: Sequence[int]) -> str:
    return ", ".join(map(str, values[:4])) + (" ..." if len(values) > 4 else "")


def describe_value(value: Any) -> str:
    """A value's type as annotations have it: `Floats2d`, `List[Floats2d]`, `Ragged`."""
    if hasattr(value, "dtype") and hasattr(value, "ndim"):
        return f"{'Floats' if value.dtype.kind == 'f' else 'Ints'}{value.ndim}d"
    if isinstance(value, (list, tuple)):
        kinds = list(dict.fromkeys(describe_value(item) for item in value))
        kind = "List" if isinstance(value, list) else "Tuple"
        return f"{kind}[{' or '.join(kinds)}]" if kinds else kind
    return type(value).__name__


def arrays_of(value: Any) -> list[Any]:
    """The arrays inside an output."""
    if hasattr(value, "dtype") and hasattr(value, "ndim"):
        return [value]
    if isinstance(value, (list, tuple)):
        return [array for item in value for array in arrays_of(item)]
    return arrays_of(value.data) if hasattr(value, "data") and hasattr(value.data, "dtype") else []


def _is_finite(array: Any) -> bool:
    import numpy

    array = array.get() if hasattr(array, "get") else array
    return array.dtype.kind != "f" or bool(numpy.isfinite(array).all())


# One time and another.


def differing(one: Observed, other: Observed) -> list[str]:
    """The components whose models give something else the other time."""
    return [name for name, output in one.outputs.items() if not _are_close(output, other.outputs.get(name))]


def _are_close(one: Any, other: Any) -> bool:
    import numpy

    ones, others = arrays_of(one), arrays_of(other)
    return len(ones) == len(others) and all(
        a.shape == b.shape
        and numpy.allclose(a, b, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=True)
        for a, b in zip(ones, others, strict=True)
    )


def annotate_alike(one: Observed, other: Observed) -> bool:
    """Whether both times the documents got the same annotations."""
    return all(_annotations(a) == _annotations(b) for a, b in zip(one.docs, other.docs, strict=True))


def _annotations(doc: "Doc") -> Any:
    spans = {key: [(span.start, span.end, span.label_) for span in group] for key, group in doc.spans.items()}
    return doc.to_array(list(_ATTRIBUTES)).tolist(), spans, sorted(doc.cats)
