"""What Thinc's combinators make of the layers inside them: types are followed through, as data would flow.

`chain.v1` states no types and `with_array.v1` states TypeVars: what either gives depends on its layers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import GenericAlias
from typing import Any, Union, get_args, get_origin

from archlab.catalog.registered import signature
from archlab.catalog.signatures import accepts, describe, model_types
from archlab.configs.slotting import block_reference
from archlab.errors import ArchlabError


@dataclass
class Mismatch(Exception):
    """A layer that cannot take what comes to it. path: inside the combinator, "" for itself."""

    path: str
    name: str
    takes: Any
    given: Any


def is_combinator(section: Mapping[str, Any]) -> bool:
    """Whether what this block gives is found by following its layers."""
    reference = block_reference(section)
    return reference is not None and reference[0] == "layers" and reference[1] in _COMBINATORS


def output_type(section: Mapping[str, Any], given: Any, path: str = "") -> Any:
    """The type of what a block returns for an input of type `given`; Any where that is not known.

    section: a block and its arguments. Raises Mismatch for a layer that cannot take what comes to it.
    """
    reference = block_reference(section)
    if reference is None:
        return Any
    if is_combinator(section):
        return _COMBINATORS[reference[1]](section, given, path)
    try:
        types = model_types(signature(*reference).returns)
    except ArchlabError:  # an unknown block is another finding
        return Any
    if types is None:
        return Any
    if accepts(types[0], given) == "misfit":
        raise Mismatch(path, reference[1], _bound(types[0]), given)
    return types[1]


def _bound(annotation: Any) -> Any:
    """What a TypeVar may stand for, which says more than its name."""
    return getattr(annotation, "__bound__", None) or annotation


def _chained(section: Mapping[str, Any], given: Any, path: str) -> Any:
    layers = list(_layers(section, path))
    for inner, layer in layers:
        given = output_type(layer, given, inner)
    return given if layers else Any


def _joined(section: Mapping[str, Any], given: Any, path: str) -> Any:
    """Several layers get the same, and their outputs become one of the same kind."""
    outputs = [output_type(layer, given, inner) for inner, layer in _layers(section, path)]
    return outputs[0] if len(set(map(describe, outputs))) == 1 else Any


def _tupled(section: Mapping[str, Any], given: Any, path: str) -> Any:
    outputs = [output_type(layer, given, inner) for inner, layer in _layers(section, path)]
    return GenericAlias(tuple, tuple(outputs)) if outputs else Any


def _cloned(section: Mapping[str, Any], given: Any, path: str) -> Any:
    times = section.get("n")
    if not isinstance(times, int):
        return Any
    for _ in range(min(times, 2)):
        given = _chained(section, given, path)
    return given


def _added(section: Mapping[str, Any], given: Any, path: str) -> Any:
    """What the layer gives is added to what comes to it; a list, Ragged or Padded stays one."""
    output = _chained(section, given, path)
    is_sequence = get_origin(given) is list or _is_ragged_or_padded(given)
    return given if is_sequence and "Ints" not in describe(given) else output


def _unchanged(section: Mapping[str, Any], given: Any, path: str) -> Any:
    return given


def _inside(section: Mapping[str, Any], given: Any, path: str, *, kind: str) -> Any:
    """The layer works on another kind of sequence; what comes out is of the kind that went in."""
    if given is Any:
        return Any
    if kind == "list" and not _is_ragged_or_padded(given):  # it is handed on as it is
        return _chained(section, given, path)
    if accepts(_sequences(), given) == "misfit":
        raise Mismatch(path, section["@layers"], _sequences(), given)
    outputs = [output_type(layer, _as_kind(given, kind), inner) for inner, layer in _layers(section, path)]
    if kind == "array" and outputs and get_origin(given) is list:
        return GenericAlias(list, (outputs[0],))
    if kind == "array" and outputs and _is_array(given):
        return outputs[0]
    return given if "Ints" not in describe(given) else Any  # an Embed inside makes floats of them


def _as_kind(given: Any, kind: str) -> Any:
    """What the layer inside sees of a sequence of type `given`."""
    from thinc.types import Padded, Ragged

    if kind == "array" and not _is_array(given):
        return get_args(given)[0] if get_origin(given) is list else Any
    is_list = get_origin(given) is list
    return {"array": given, "ragged": Ragged, "padded": Padded, "list": given if is_list else Any}[kind]


def _sequences() -> Any:
    from thinc.types import ArrayXd, ListXd, Padded, Ragged

    return Union[Padded, Ragged, ListXd, ArrayXd]  # noqa: UP007  # strings inside


def _is_ragged_or_padded(annotation: Any) -> bool:
    from thinc.types import Padded, Ragged

    return annotation in (Padded, Ragged)


def _is_array(annotation: Any) -> bool:
    from thinc.types import ArrayXd

    return accepts(ArrayXd, annotation) == "fits"


_COMBINATORS: dict[str, Callable[[Mapping[str, Any], Any, str], Any]] = {
    "chain.v1": _chained,
    "residual.v1": _added,
    "with_cpu.v1": _chained,
    "clone.v1": _cloned,
    "add.v1": _joined,
    "concatenate.v1": _joined,
    "tuplify.v1": _tupled,
    "noop.v1": _unchanged,
    "Dropout.v1": _unchanged,
    "with_array.v1": partial(_inside, kind="array"),
    "with_array2d.v1": partial(_inside, kind="array"),
    "with_list.v1": partial(_inside, kind="list"),
    "with_ragged.v1": partial(_inside, kind="ragged"),
    "with_padded.v1": partial(_inside, kind="padded"),
    "PyTorchLSTM.v1": partial(_inside, kind="padded"),
}


def _layers(section: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, block) of each layer, in the order in which the combinator gets them."""
    prefix = f"{path}." if path else ""
    for key, value in section.items():
        if key == "*" and isinstance(value, Mapping):
            continue
        if isinstance(value, Mapping):
            yield f"{prefix}{key}", value
    positional = section.get("*")
    for key, value in positional.items() if isinstance(positional, Mapping) else ():
        if isinstance(value, Mapping):
            yield f"{prefix}*.{key}", value
