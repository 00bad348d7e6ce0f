"""The algebra of types: may this block go there?

Pure, and free of spaCy: Thinc's Model is known by its name, so importing this loads nothing.

What the three verdicts mean, for a value annotated `given` where `expected` is asked for:

    fits      every such value may go there
    misfit    none may
    unknown   some may, or the annotations do not say (Any, a bare Model, a free TypeVar)

So a wider type where a narrower one is asked for (Sequence for List) is unknown and not a misfit: spaCy
passes lists wherever it says Iterable. Generics are covariant, as spaCy treats List.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

Verdict = Literal["fits", "misfit", "unknown"]


def accepts(expected: Any, given: Any) -> Verdict:
    """May a value annotated `given` be passed where `expected` is asked for?

    A model `Model[A, B]` fits `Model[X, Y]` when it takes what it will be given (A accepts X: inputs are
    contravariant) and gives what is asked for (Y accepts B). A union that is given fits when all its
    members do; a union that is expected, when one member accepts. Any is unknown, never a misfit.
    A TypeVar stands for its bound or constraints; within one model it stands for one type throughout.
    """
    expected, given = _plain(expected), _plain(given)
    if expected is object:
        return "fits"
    if (offers := _members(given)) is not None:
        return _for_all_members([accepts(expected, offer) for offer in offers])
    if (choices := _members(expected)) is not None:
        return _for_any_member([accepts(choice, given) for choice in choices])
    if _is_open(expected) or _is_open(given):
        return "unknown"
    if is_model(expected) and is_model(given):
        return _model_accepts(expected, given)
    if get_origin(expected) is Literal or get_origin(given) is Literal:
        return _literal_accepts(expected, given)
    if Callable in (_class(expected), _class(given)):
        return _callable_accepts(expected, given)
    return _class_accepts(expected, given)


def is_model(annotation: Any) -> bool:
    """True for Thinc's Model, bare or parametrised, and for classes derived from it."""
    bases = getattr(_class(annotation), "__mro__", ())
    return any(base.__name__ == "Model" and base.__module__ == "thinc.model" for base in bases)


def model_types(annotation: Any) -> tuple[Any, Any] | None:
    """(In, Out) of `Model[In, Out]`; None for a bare Model and for whatever is no model."""
    annotation = _plain(annotation)
    types = get_args(annotation)
    return (types[0], types[1]) if is_model(annotation) and len(types) == 2 else None


def model_of(takes: Any, gives: Any) -> Any:
    """`Model[takes, gives]`, of types that are known only now."""
    from thinc.model import Model

    return Model.__class_getitem__((takes, gives))  # type: ignore[attr-defined]


def describe(annotation: Any) -> str:
    """The annotation as people write it, without modules: `Model[List[Doc], Floats2d]`, `Optional[int]`."""
    if get_origin(annotation) is not Annotated:
        annotation = _plain(annotation)
    if annotation is NoneType:
        return "None"
    if isinstance(annotation, TypeVar):
        return annotation.__name__
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    if isinstance(annotation, list):  # the parameters of a Callable
        return f"[{', '.join(map(describe, annotation))}]"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return describe(arguments[0])
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin in (Union, UnionType):
        return _describe_union([describe(argument) for argument in arguments])
    name = _name(annotation if origin is None else origin)
    inner = ["..." if argument is Ellipsis else describe(argument) for argument in arguments]
    return f"{name}[{', '.join(inner)}]" if inner else name


def gloss(annotation: Any) -> str | None:
    """What the rows of a model's output usually stand for, for messages: `one row per Doc`.

    None where there is nothing to add. The type alone does not say it: SpanFinder and EntityLinker give
    Floats2d as well, with one row per token and per entity.
    """
    types = model_types(annotation)
    return None if types is None else _GLOSSES.get((describe(types[0]), describe(types[1])))


_GLOSSES = {
    ("List[Doc]", "Floats2d"): "one row per Doc",
    ("List[Doc]", "List[Floats2d]"): "one row per token, one array per Doc",
    ("List[Doc]", "List[Ints2d]"): "one row per token, one array per Doc",
    ("List[Doc]", "Ragged"): "one row per token, the Docs joined in one array",
    ("List[Doc]", "ParserStepModel"): "the scores of each state of a transition system",
    ("Tuple[List[Doc], Ragged]", "Floats2d"): "one row per span",
    ("List[Floats2d]", "List[Floats2d]"): "one row per token, one array per Doc",
    ("Ragged", "Floats2d"): "one row per sequence",
    ("Floats2d", "Floats2d"): "one row per row of the input",
}

# Thinc's names for unions of its arrays, by their members.
_ARRAYS = [f"{kind}{n}d" for kind in ("Floats", "Ints") for n in range(1, 5)]
_UNIONS = {
    **{frozenset({f"Floats{n}d", f"Ints{n}d"}): f"Array{n}d" for n in range(1, 5)},
    **{frozenset({f"List[Floats{n}d]", f"List[Ints{n}d]"}): f"List{n}d" for n in range(1, 5)},
    **{frozenset(f"{kind}{n}d" for n in range(1, 5)): f"{kind}Xd" for kind in ("Floats", "Ints")},
    frozenset(_ARRAYS): "ArrayXd",
    frozenset(f"List[{array}]" for array in _ARRAYS): "ListXd",
    frozenset([*_ARRAYS, *(f"List[{array}]" for array in _ARRAYS), "Padded", "Ragged"]): (
        "Union[ArrayXd, ListXd, Padded, Ragged]"
    ),
}


# The cases, from the outside in.


def _model_accepts(expected: Any, given: Any) -> Verdict:
    wanted, offered = model_types(expected), model_types(given)
    if wanted is None or offered is None:  # a bare Model, or a class of its own such as ParserStepModel
        is_own = _class(expected).__name__ != "Model" and _class(expected) in _class(given).__mro__
        return "fits" if is_own else "unknown"
    verdict = _every([accepts(offered[0], wanted[0]), accepts(wanted[1], offered[1])])
    chosen = _chosen(offered[0], wanted[0])
    if verdict != "unknown" or not chosen:
        return verdict
    # Thinc's combinators say Model[T, T] where with_array(HashEmbed) changes ints to floats and works:
    # TypeVars can prove that a layer fits, and never that it does not.
    (wanted_in, wanted_out), (offered_in, offered_out) = (
        [_substitute(side, chosen) for side in pair] for pair in (wanted, offered)
    )
    verdict = _every([accepts(offered_in, wanted_in), accepts(wanted_out, offered_out)])
    return "fits" if verdict == "fits" else "unknown"


def _literal_accepts(expected: Any, given: Any) -> Verdict:
    if get_origin(given) is not Literal:
        possible = any(accepts(given, type(value)) != "misfit" for value in get_args(expected))
        return "unknown" if possible else "misfit"
    values = get_args(given)
    if get_origin(expected) is not Literal:
        return _for_all_members([accepts(expected, type(value)) for value in values])
    known = {(type(value), value) for value in get_args(expected)}
    return _for_all_members(["fits" if (type(value), value) in known else "misfit" for value in values])


def _callable_accepts(expected: Any, given: Any) -> Verdict:
    if expected == given:
        return "fits"
    if _class(expected) is not Callable and not _is_protocol(_class(expected)):
        return "misfit"
    wanted, offered = _call(expected), _call(given)
    if offered is None:
        return "misfit"
    if wanted in (None, (..., Any)):
        return "unknown" if wanted is None else "fits"
    return _every([_parameters_accept(offered[0], wanted[0]), accepts(wanted[1], offered[1])])


def _parameters_accept(expected: Any, given: Any) -> Verdict:
    """What a call takes, and what it is given: lists of types, `...` for anything, None if not known.

    Another number of them is no misfit: a parameter may have a default that Callable does not show.
    """
    if given is ...:
        return "fits"
    if not isinstance(expected, list) or not isinstance(given, list) or len(expected) != len(given):
        return "unknown"
    return _every([accepts(one, other) for one, other in zip(expected, given, strict=True)])


def _class_accepts(expected: Any, given: Any) -> Verdict:
    wide, narrow = _class(expected), _class(given)
    if not isinstance(wide, type) or not isinstance(narrow, type):
        return "unknown"
    if wide is tuple and narrow is tuple:
        return _tuple_accepts(get_args(expected), get_args(given))
    if wide is narrow:
        return _arguments_accept(get_args(expected), get_args(given))
    if _is_protocol(wide):
        return "fits" if wide in narrow.__mro__ else "unknown"
    if wide is float and issubclass(narrow, int):
        return "fits"
    if issubclass(narrow, wide):
        return _arguments_accept(get_args(expected), _elements(given))
    if issubclass(wide, narrow) and narrow.__module__ == "collections.abc":
        misfit = _arguments_accept(_elements(expected), _elements(given)) == "misfit"
        return "misfit" if misfit and not _are_numbers(expected, given) else "unknown"
    if issubclass(wide, narrow) or _is_array_as_sequence(wide, narrow):
        return "unknown"
    return "misfit"


def _arguments_accept(expected: tuple[Any, ...], given: tuple[Any, ...]) -> Verdict:
    """Compare the arguments of two generics, each with each."""
    if not expected:
        return "fits"
    if len(expected) != len(given):
        return "unknown"
    return _every([accepts(one, other) for one, other in zip(expected, given, strict=True)])


def _tuple_accepts(expected: tuple[Any, ...], given: tuple[Any, ...]) -> Verdict:
    if not expected or not given:
        return "unknown" if expected else "fits"
    if Ellipsis in expected:
        return _every([accepts(expected[0], item) for item in given if item is not Ellipsis])
    if Ellipsis in given:
        verdict = _every([accepts(item, given[0]) for item in expected])
        return "misfit" if verdict == "misfit" else "unknown"
    return _arguments_accept(expected, given) if len(expected) == len(given) else "misfit"


def _elements(given: Any) -> tuple[Any, ...]:
    """What iterating over a container gives, to compare List[X] with Sequence[X]: one type, or none known."""
    arguments = get_args(given)
    if _class(given) is tuple and arguments:
        return (Union[tuple(item for item in arguments if item is not Ellipsis)],)  # noqa: UP007
    return arguments[:1]


# TypeVars.


def _chosen(one: Any, other: Any) -> dict[Any, Any]:
    """What the TypeVars of either side must stand for, if the two are to be the same type."""
    one, other = _plain(one), _plain(other)
    for variable, concrete in ((one, other), (other, one)):
        if isinstance(variable, TypeVar):
            bounds = _members(variable)
            allowed = bounds is None or accepts(Union[tuple(bounds)], concrete) == "fits"  # noqa: UP007
            return {variable: concrete} if allowed and not isinstance(concrete, TypeVar) else {}
    choices: dict[Any, Any] = {}
    if _class(one) is _class(other):
        for inner, outer in zip(get_args(one), get_args(other), strict=False):
            choices |= _chosen(inner, outer)
    return choices


def _substitute(annotation: Any, chosen: dict[Any, Any]) -> Any:
    annotation = _plain(annotation)
    if isinstance(annotation, TypeVar):
        return chosen.get(annotation, annotation)
    arguments = get_args(annotation)
    if not arguments or get_origin(annotation) in (Literal, Callable):
        return annotation
    replaced = tuple(_substitute(argument, chosen) for argument in arguments)
    if get_origin(annotation) in (Union, UnionType):
        return Union[replaced]  # noqa: UP007
    return annotation.copy_with(replaced) if hasattr(annotation, "copy_with") else annotation


# Conjunctions of verdicts.


def _every(verdicts: Iterable[Verdict]) -> Verdict:
    """Several things are asked for at once."""
    found = set(verdicts)
    return "misfit" if "misfit" in found else "unknown" if "unknown" in found else "fits"


def _for_all_members(verdicts: Iterable[Verdict]) -> Verdict:
    """A union is given: it may hold any of its members."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else "unknown"


def _for_any_member(verdicts: Iterable[Verdict]) -> Verdict:
    """A union is expected: one member is enough."""
    found = set(verdicts)
    return "fits" if "fits" in found else "unknown" if "unknown" in found else "misfit"


# Looking at annotations.


def _plain(annotation: Any) -> Any:
    """Without Annotated and NewType; None as its type; a forward reference to a Thinc type as that type."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if hasattr(annotation, "__supertype__"):
        return _plain(annotation.__supertype__)
    if isinstance(annotation, str):
        annotation = ForwardRef(annotation)
    if isinstance(annotation, ForwardRef):
        # Thinc writes its unions so (Array2d is Union["Floats2d", "Ints2d"]), also in bounds of TypeVars.
        return getattr(sys.modules.get("thinc.types"), annotation.__forward_arg__, annotation)
    return NoneType if annotation is None else annotation


def _members(annotation: Any) -> Sequence[Any] | None:
    """The members of a union or of a bounded TypeVar; None where it is neither."""
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    if isinstance(annotation, TypeVar):
        bounds = annotation.__constraints__ or (annotation.__bound__,)
        return bounds if bounds not in [(None,), (Any,)] else None
    return None


def _is_open(annotation: Any) -> bool:
    """Nothing is stated: Any, a free TypeVar, a name that could not be resolved."""
    return annotation is Any or isinstance(annotation, TypeVar | ForwardRef)


def _class(annotation: Any) -> Any:
    return get_origin(annotation) or annotation


def _is_protocol(kind: Any) -> bool:
    return bool(getattr(kind, "_is_protocol", False))


def _call(kind: Any) -> tuple[Any, Any] | None:
    """(parameters, result) of a Callable or of a class with `__call__`; None for what cannot be called.

    The parameters of a class are not read: None.
    """
    if _class(kind) is Callable:
        return get_args(kind) or (..., Any)
    if not any("__call__" in vars(base) for base in getattr(_class(kind), "__mro__", ())):
        return None
    return None, getattr(_class(kind).__call__, "__annotations__", {}).get("return", Any)


def _are_numbers(*kinds: Any) -> bool:
    """Whether all hold numbers: spaCy's batchers say whole ones of their sizes and take any."""
    return all(element in (int, float) for kind in kinds for element in _elements(kind))


def _is_array_as_sequence(one: type, other: type) -> bool:
    """An array is no Sequence by its class and behaves as one."""
    return {one.__module__, other.__module__} == {"collections.abc", "thinc.types"}


def _name(annotation: Any) -> str:
    if isinstance(annotation, type) and annotation.__module__ == "builtins":
        generic = annotation in (list, dict, tuple, set, frozenset, type)
        return annotation.__name__.capitalize() if generic else annotation.__name__
    return getattr(annotation, "__name__", None) or str(annotation).removeprefix("typing.")


def _describe_union(members: list[str]) -> str:
    """Sorted: typing caches Union[int, str] and Union[str, int] as one, in the order that came first."""
    members = sorted(members)
    if "None" in members:
        return f"Optional[{_describe_union([member for member in members if member != 'None'])}]"
    if len(members) == 1:
        return members[0]
    return _UNIONS.get(frozenset(members)) or f"Union[{', '.join(members)}]"
