"""Records from what files hold: keys of newer schemas are ignored, and text is never taken for a number."""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

Json = dict[str, Any]

_PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
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
        known = _fields(cls)  # type: ignore[arg-type]  # a class is hashable
        for name, value in data.items():
            allowed = known.get(name)
            if allowed is not None and not isinstance(value, allowed):
                raise TypeError(f"{name} of a {cls.__name__} is {value!r}")
        if data.keys() <= known.keys():
            return cls(**data)
        return cls(**{key: value for key, value in data.items() if key in known})


@cache
def _fields(record: type[Any]) -> dict[str, tuple[type, ...] | None]:
    """Field -> the types that it may have in a file; None where it is neither text nor a number."""
    found: dict[str, tuple[type, ...] | None] = {}
    for name, hint in get_type_hints(record).items():
        hints = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kinds = tuple(str if get_origin(kind) is Literal else get_origin(kind) or kind for kind in hints)
        is_plain = all(kind in _PLAIN for kind in kinds)
        found[name] = tuple(allowed for kind in kinds for allowed in _PLAIN[kind]) if is_plain else None
    return found
