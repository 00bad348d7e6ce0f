"""Records from what files hold: keys of newer schemas are ignored, and text is never taken for a number."""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

Json = dict[str, Any]

_PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int, bool),
    float: (float, int, bool),
    NoneType: (NoneType,),
    dict: (dict,),
    list: (list,),
}
"""What JSON may hold for a field of that type."""


class FromDict:
    """Builds a flat dataclass from a mapping, ignoring what it does not know.

    Raises TypeError where a field has a value of another type: files may be edited.
    """

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        known, plain = _fields(cls)  # type: ignore[arg-type]  # a class is hashable
        for name, allowed in plain:
            if name in data and type(data[name]) not in allowed:  # called for each of many results
                raise TypeError(f"{name} of a {cls.__name__} is {data[name]!r}")
        if data.keys() <= known:
            return cls(**data)
        return cls(**{key: value for key, value in data.items() if key in known})


@cache
def _fields(record: type[Any]) -> tuple[frozenset[str], tuple[tuple[str, frozenset[type]], ...]]:
    """All fields; and those with plain values, with the types that these may have in a file."""
    plain = []
    hints = get_type_hints(record)
    for name, hint in hints.items():
        unions = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kinds = [str if get_origin(kind) is Literal else get_origin(kind) or kind for kind in unions]
        if all(kind in _PLAIN for kind in kinds):
            plain.append((name, frozenset(allowed for kind in kinds for allowed in _PLAIN[kind])))
    return frozenset(hints), tuple(plain)
