"""What spaCy has: every registered function, read as a signature.

A signature comes from the function's own annotations, mended by corrections.py. Nothing here builds a model.
"""

import inspect
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ForwardRef, get_type_hints

from archlab.catalog.corrections import corrected
from archlab.catalog.extras import require_block, require_factory
from archlab.catalog.retired import require_framework
from archlab.errors import InvalidError, UnknownBlockError, did_you_mean, explain

LEGACY = "spacy-legacy."


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""The default of a parameter that has none."""

Kind = inspect._ParameterKind

IN_A_FILE = "Does a file of yours register it? Name that file: --code FILE"
"""What to try where no installed package has a block, and none has a name like it."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a registered function.

    annotation: a typing object, Any where nothing is stated. default: MISSING where there is none.
    kind: as in inspect.Parameter.
    """

    name: str
    annotation: Any
    default: Any
    kind: Kind

    @property
    def has_default(self) -> bool:
        return self.default is not MISSING

    @property
    def is_variadic(self) -> bool:
        """True for *args and **kwargs, which a config cannot name."""
        return self.kind in (Kind.VAR_POSITIONAL, Kind.VAR_KEYWORD)

    @property
    def is_required(self) -> bool:
        return not self.has_default and not self.is_variadic


@dataclass(frozen=True)
class Signature:
    """What a registered function takes and returns.

    returns: the annotation of what it builds: a `Model[In, Out]` for a model, Any where nothing is stated.
    summary: the first sentence of its docstring, or "".
    """

    registry: str
    name: str
    parameters: tuple[Parameter, ...]
    returns: Any
    summary: str

    @property
    def accepts_any_keyword(self) -> bool:
        """True where it has **kwargs: it may take arguments that are not among the parameters."""
        return any(parameter.kind is Kind.VAR_KEYWORD for parameter in self.parameters)

    @property
    def positional_annotation(self) -> Any:
        """The annotation of *args, which a config gives as a section `*`; None where there is no *args."""
        found = (p.annotation for p in self.parameters if p.kind is Kind.VAR_POSITIONAL)
        return next(found, None)

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


def registries() -> list[str]:
    """The registries that a config can refer to: architectures, layers, misc ..."""
    from catalogue import Registry  # type: ignore[import-untyped]

    kinds = _spacy_registry().__mro__
    named = {name: value for kind in kinds for name, value in vars(kind).items() if name[:1] != "_"}
    return sorted(name for name, value in named.items() if isinstance(value, Registry))


def names(registry: str) -> list[str]:
    """All names registered in a registry, sorted, as people type them: `spacy.TextCatBOW.v1` for legacy ones.

    Entry points are listed without importing them: one that cannot be imported hides no other.
    """
    return sorted({_typed(name) for name in _registered(registry)})


def registries_with(name: str) -> list[str]:
    """The registries in which a block of this name is found, legacy ones included."""
    return [registry for registry in registries() if is_registered(registry, name)]


def is_registered(registry: str, name: str) -> bool:
    """Whether there is such a registry and it has the name; what an entry point announces is not imported."""
    from catalogue import REGISTRY, Registry

    found = getattr(_spacy_registry(), registry, None)
    if not isinstance(found, Registry):
        return False
    announced = {entry.name for entry in _announced(found)}
    return any(
        known_as in announced or (*found.namespace, known_as) in REGISTRY for known_as in _spellings(name)
    )


@cache
def announced_entries(group: str) -> tuple[EntryPoint, ...]:
    """What installed packages announce in a group such as spacy_factories; nothing of it is imported."""
    return tuple(_all_entries().select(group=group))


@cache
def _all_entries() -> Any:
    """What all packages announce: they are searched once, which takes as long as for one group."""
    return entry_points()


def entry_of(registry: str, name: str) -> EntryPoint | None:
    """Where an installed package announces a block; None where none does."""
    group = getattr(getattr(_spacy_registry(), registry, None), "entry_point_namespace", "")
    return next((entry for entry in announced_entries(group) if entry.name == name), None)


def signature(registry: str, name: str) -> Signature:
    """The signature of a registered function, corrected.

    Raises UnknownBlockError for a name that the registry does not have, ExtraError where a known package
    would bring it, and InvalidError for one that a package announces and that cannot be imported.
    """
    return _corrected(replace(_read(find_function(registry, name)), registry=registry, name=name))


def factory_names() -> list[str]:
    """The component factories that spaCy and the installed packages have, sorted."""
    language, registered = _language_class(None), _spacy_registry().factories.get_all()
    found = {language.get_factory_meta(name).factory for name in registered if language.has_factory(name)}
    return sorted(found | {entry.name for entry in announced_entries("spacy_factories")})


def factory_signature(factory: str, lang: str = "en") -> Signature:
    """What a component takes from its config: its factory's signature without `nlp` and `name`, corrected.

    lang: the language of the pipeline; a few languages have factories of their own.
    Raises UnknownBlockError for a factory that is not there, InvalidError where it cannot be imported.
    """
    language = _language_with(factory, lang)
    internal = language.get_factory_name(factory)
    registered = _spacy_registry().factories
    function = registered.get(internal if internal in registered else factory)
    read = _read(function)
    own = tuple(parameter for parameter in read.parameters if parameter.name not in ("nlp", "name"))
    return _corrected(replace(read, registry="factories", name=factory, parameters=own))


def factory_defaults(factory: str, lang: str = "en") -> dict[str, Any]:
    """The default config of a component factory; a copy."""
    defaults = _language_with(factory, lang).get_factory_meta(factory).default_config
    return deepcopy(dict(defaults))


# Finding functions.


def _spacy_registry() -> Any:
    from spacy.util import registry

    registry.ensure_populated()
    return registry


def _catalogue(registry: str) -> Any:
    from catalogue import Registry

    found = getattr(_spacy_registry(), registry, None)
    if registry.startswith("_") or not isinstance(found, Registry):
        hint = did_you_mean(registry, registries())
        raise UnknownBlockError(f"There is no registry {registry!r}.", hint)
    return found


def _registered(registry: str) -> set[str]:
    from catalogue import REGISTRY

    found = _catalogue(registry)
    namespace = tuple(found.namespace)
    names = {key[-1] for key in REGISTRY.copy() if key[:-1] == namespace}
    return names | {entry.name for entry in _announced(found)}


def _announced(found: Any) -> tuple[EntryPoint, ...]:
    """The entry points of a registry."""
    return announced_entries(found.entry_point_namespace) if found.entry_points else ()


def _typed(name: str) -> str:
    return f"spacy.{name.removeprefix(LEGACY)}" if name.startswith(LEGACY) else name


def _spellings(name: str) -> tuple[str, ...]:
    """The names under which spaCy looks for a block, in its order."""
    return (name, name.replace("spacy.", LEGACY)) if name.startswith("spacy.") else (name,)


def find_function(registry: str, name: str) -> Callable[..., Any]:
    """What spaCy's own `registry.get` gives, without its walk over all entry points at each call.

    Raises as `signature` does.
    """
    require_framework(name)
    for known_as in _spellings(name):
        function = _registered_function(registry, known_as)
        if function is not None:
            return function
    require_block(name)
    elsewhere = ", ".join(registries_with(name))
    near = did_you_mean(name, names(registry)) or IN_A_FILE
    hint = f"It is registered in {elsewhere}." if elsewhere else near
    raise UnknownBlockError(f"The registry {registry} has no {name!r}.", hint)


def _registered_function(registry: str, name: str) -> Callable[..., Any] | None:
    """The function of exactly this name, an announced one first; None where there is none."""
    from catalogue import REGISTRY

    found = _catalogue(registry)
    function: Callable[..., Any] | None = REGISTRY.get((*found.namespace, name))
    for entry in _announced(found):
        if entry.name == name:
            function = _loaded(entry, registry)
    return function


def _loaded(entry: EntryPoint, registry: str) -> Callable[..., Any]:
    """What an entry point announces. Raises InvalidError where it cannot be imported."""
    try:
        function: Callable[..., Any] = entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the import of somebody else's package raises
        raise InvalidError(
            f"{entry.name} is announced in the registry {registry} and cannot be imported: {explain(error)}",
            "Mend or uninstall the package that brings it.",
        ) from error
    return function


def _language_class(lang: str | None) -> Any:
    """spaCy's Language, or the class of one language, with all factories registered."""
    from spacy.language import Language
    from spacy.pipeline.factories import register_factories
    from spacy.util import get_lang_class

    register_factories()
    if lang is None:
        return Language
    try:
        return _registered_function("languages", lang) or get_lang_class(lang)
    except ImportError as error:
        raise InvalidError(f"spaCy has no language {lang!r}.", "Look at nlp.lang in the config.") from error


def _language_with(factory: str, lang: str) -> Any:
    """The language's class, once it has the factory."""
    language = _language_class(lang)
    if language.has_factory(factory):
        return language
    for entry in announced_entries("spacy_factories"):
        if entry.name == factory:
            _loaded(entry, "factories")
    if not language.has_factory(factory):
        require_factory(factory)
        raise UnknownBlockError(
            f"There is no component factory {factory!r}.", did_you_mean(factory, factory_names())
        )
    return language


# Reading functions.


def _corrected(read: Signature) -> Signature:
    name = _typed(read.name)
    parameters = tuple(
        replace(
            parameter,
            annotation=corrected(read.registry, name, parameter.name, parameter.annotation),
        )
        for parameter in read.parameters
    )
    return replace(
        read, parameters=parameters, returns=corrected(read.registry, name, "return", read.returns)
    )


@cache
def _read(function: Callable[..., Any]) -> Signature:
    """A function's signature as its source states it; (**kwargs) -> Any where Python cannot tell."""
    function = inspect.unwrap(function)
    summary = _first_sentence(inspect.getdoc(function) or "")
    try:
        stated = inspect.signature(function)
    except (TypeError, ValueError):  # compiled without a signature
        anything = Parameter("kwargs", Any, MISSING, Kind.VAR_KEYWORD)
        return Signature("", "", (anything,), Any, summary)
    hints = _hints(function)
    parameters = tuple(
        Parameter(
            name=parameter.name,
            annotation=hints.get(parameter.name, Any),
            default=MISSING if parameter.default is inspect.Parameter.empty else parameter.default,
            kind=parameter.kind,
        )
        for parameter in stated.parameters.values()
    )
    returns = function if inspect.isclass(function) else hints.get("return", Any)
    return Signature("", "", parameters, returns, summary)


def _hints(function: Any) -> dict[str, Any]:
    """Annotations with their names resolved, each on its own: one that cannot be read costs no other."""
    import sys

    import thinc.types

    annotated = getattr(function, "func", function)  # of a functools.partial
    if inspect.isclass(annotated):
        annotated = annotated.__init__
    elif not hasattr(annotated, "__annotations__"):
        annotated = type(annotated).__call__
    module = sys.modules.get(getattr(annotated, "__module__", None) or "")
    # a --code file is in no sys.modules: its functions know their own globals
    own = getattr(annotated, "__globals__", None) or (vars(module) if module else {})
    scope = {**vars(thinc.types), **own}
    return {name: _resolve(hint, scope) for name, hint in getattr(annotated, "__annotations__", {}).items()}


def _resolve(hint: Any, scope: dict[str, Any]) -> Any:
    holder = type("Holder", (), {"__annotations__": {"it": hint}})
    try:
        return get_type_hints(holder, globalns=scope, localns=scope, include_extras=True)["it"]
    except Exception:  # annotations are arbitrary expressions, and so are their errors
        return ForwardRef(hint) if isinstance(hint, str) and hint.isidentifier() else Any


def _first_sentence(docstring: str) -> str:
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    return paragraph.split(". ")[0].removesuffix(".") + "." if paragraph else ""
