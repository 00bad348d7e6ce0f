"""The types that layers take and give, who takes and gives them, and what fits what: read from signatures."""

from collections import abc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from archlab.catalog.registered import Signature, factory_names, factory_signature, names, signature
from archlab.catalog.signatures import Verdict, accepts, describe, is_model, model_types
from archlab.catalog.type_meanings import MEANINGS, Meaning
from archlab.errors import ArchlabError
from archlab.records import Json

LEFT_OUT = ("spacy-transformers.", "spacy-curated-transformers.")
"""Blocks that need a model to load, installed or not: what fits a transformer is its own matter."""

TRANSFORMERS = ("transformer", "curated_transformer")
"""Their components."""

REGISTRIES = ("architectures", "layers")


@dataclass(frozen=True, kw_only=True)
class DataType:
    """A type that goes in or out of layers.

    taken_by: the registered blocks that take every such value. given_by: those that return just this type.
    fits, unknown: the other types of the table that it may be passed for, for sure and perhaps.
    """

    name: str
    meaning: str
    shape: str
    taken_by: tuple[str, ...]
    given_by: tuple[str, ...]
    fits: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A model type that is asked for. by: slots of components, and arguments of blocks."""

    expects: str
    by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Given:
    """What blocks return, and whether that fits each type that is asked for, in the order of the table."""

    returns: str
    blocks: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True)
class TypeTable:
    """All types of layers, and the algebra between them."""

    types: tuple[DataType, ...]
    wanted: tuple[Wanted, ...]
    given: tuple[Given, ...]

    def to_dict(self) -> Json:
        return {"schema_version": 1, **asdict(self)}


def types() -> TypeTable:
    """The types of all registered architectures and layers and of what asks for them; nothing is built.

    A type is there where a block or component states it. Transformers are left out, installed or not.
    """
    blocks = [read for read in _blocks() if is_model(read.returns)]
    wanted = _wanted()
    models = [*(read.returns for read in blocks), *wanted]
    stated = {describe(side): side for model in models for side in _sides(model)}
    known = [name for name in MEANINGS if name in stated]
    others = sorted(name for name in stated if name not in MEANINGS)
    return TypeTable(
        types=tuple(_data_type(name, stated, blocks) for name in (*known, *others)),
        wanted=tuple(Wanted(expects=describe(model), by=tuple(by)) for model, by in wanted.items()),
        given=tuple(_given(blocks, list(wanted))),
    )


def _blocks() -> Iterator[Signature]:
    for registry in REGISTRIES:
        for name in names(registry):
            if not name.startswith(LEFT_OUT):
                with suppress(ArchlabError):  # announced by a package that cannot be imported
                    yield signature(registry, name)


def _components() -> Iterator[Signature]:
    for factory in factory_names():
        if factory not in TRANSFORMERS:
            with suppress(ArchlabError):
                yield factory_signature(factory)


def _wanted() -> dict[Any, list[str]]:
    """Each model type that is asked for -> by what: components first, then arguments of blocks."""
    found: dict[Any, list[str]] = {}
    for component in _components():
        if model := component.parameter("model"):
            _add(found, model.annotation, f"{component.name}.model")
    for block in _blocks():
        for parameter in block.parameters:
            _add(found, parameter.annotation, f"{block.name} ({parameter.name})")
    return found


def _add(found: dict[Any, list[str]], annotation: Any, by: str) -> None:
    models = [one for one in _alternatives(annotation) if one is not NoneType]
    if models and all(is_model(one) and not _is_open(one) for one in models):
        found.setdefault(Union[tuple(models)], []).append(by)  # noqa: UP007


def _data_type(name: str, stated: Mapping[str, Any], blocks: Iterable[Signature]) -> DataType:
    sides = [(read.name, types) for read in blocks if (types := model_types(read.returns))]
    verdicts = {other: accepts(stated[other], stated[name]) for other in stated if other != name}
    meaning = MEANINGS.get(name, Meaning("", ""))
    return DataType(
        name=name,
        meaning=meaning.text,
        shape=meaning.shape,
        taken_by=tuple(block for block, (takes, _) in sides if accepts(takes, stated[name]) == "fits"),
        given_by=tuple(block for block, (_, gives) in sides if describe(gives) == name),
        fits=tuple(sorted(other for other, verdict in verdicts.items() if verdict == "fits")),
        unknown=tuple(sorted(other for other, verdict in verdicts.items() if verdict == "unknown")),
    )


def _given(blocks: Iterable[Signature], wanted: Sequence[Any]) -> Iterator[Given]:
    """What blocks return, each once, sorted; two InT may have different bounds, and so different verdicts."""
    found: dict[tuple[str, tuple[Verdict, ...]], list[str]] = {}
    for read in blocks:
        verdicts = tuple(accepts(expected, read.returns) for expected in wanted)
        found.setdefault((describe(read.returns), verdicts), []).append(read.name)
    for (returns, verdicts), named in sorted(found.items()):
        yield Given(returns=returns, blocks=tuple(named), verdicts=verdicts)


def _sides(model: Any) -> Iterator[Any]:
    """What goes in and out of a model type, where it is stated; unions that have no name taken apart."""
    for alternative in _alternatives(model):
        for side in model_types(alternative) or ():
            parts = _alternatives(side) if describe(side).startswith("Union[") else (side,)
            yield from (part for part in parts if not _is_open(part))


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _is_open(annotation: Any) -> bool:
    """Whether something is left to say: Any, a TypeVar, a bare Model or Tuple, whatever is a Sequence."""
    origin, inner = get_origin(annotation) or annotation, get_args(annotation)
    if origin is Any or isinstance(origin, TypeVar) or origin is abc.Sequence:
        return True
    return describe(annotation) in ("List", "Model", "Tuple") or any(map(_is_open, inner))
