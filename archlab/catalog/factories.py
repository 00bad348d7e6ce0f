"""Component factories and legacy blocks: what a config needs of installed packages is imported, and no more.

spaCy imports every announced factory whenever a Language is made, and every announced block when it looks for
a legacy one. That takes seconds where spacy-transformers is installed, and fails where one of them is broken.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

from archlab.catalog.registered import announced_entries, find_function, is_registered
from archlab.errors import ConfigError, explain

ANNOUNCED = "spacy_factories"


def import_factories(config: Mapping[str, Any]) -> None:
    """Register spaCy's own component factories and, of those that packages announce, what the config needs.

    That is those it names; and where something it names is not to be found then, all of them, as in spaCy.
    Legacy blocks that it names are registered under the names that it uses.
    config: as written or filled. Raises ConfigError for a factory that cannot be imported.
    """
    _import(frozenset(_factories(config)), frozenset(_blocks(config)), _has_sources(config))


@cache
def _import(factories: frozenset[str], blocks: frozenset[tuple[str, str]], has_sources: bool) -> None:
    from spacy.pipeline.factories import register_factories

    register_factories()
    _register_legacy_blocks(blocks)
    for entry in announced_entries(ANNOUNCED):
        if entry.name in factories:
            require_importable(entry, f"The component factory {entry.name}")
    if has_sources or not _all_known(factories, blocks):
        _import_announced()


def _import_announced() -> None:
    for entry in announced_entries(ANNOUNCED):
        require_importable(entry, f"The component factory {entry.name}")


@contextmanager
def only_needed_factories(config: Mapping[str, Any]) -> Iterator[None]:
    """Within this, making a Language imports what `import_factories` does, and not every announced factory.

    They are imported as soon as one is looked for that is not known: a source, a callback or somebody's code
    may load other pipelines. config: interpolated.
    """
    from spacy.language import Language
    from spacy.util import registry

    import_factories(config)
    announced = registry._entry_point_factories
    before, looks_up = announced.entry_points, Language.__dict__["has_factory"]

    def has_factory(language: type[Language], name: str) -> bool:
        look_up = looks_up.__get__(None, language)
        if not look_up(name):
            _import_announced()
        return bool(look_up(name))

    announced.entry_points = False
    Language.has_factory = classmethod(has_factory)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        announced.entry_points = before
        Language.has_factory = looks_up  # type: ignore[method-assign]


def require_importable(entry: EntryPoint, what: str) -> None:
    """Import what a package announces. Raises ConfigError where that fails; what: it, in words."""
    try:
        entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the import of somebody else's package raises
        package = entry.dist.name if entry.dist else entry.module
        raise ConfigError(
            f"{what}, which the package {package} announces, cannot be imported: {explain(error)}",
            f"Mend or uninstall {package}.",
        ) from None


def _register_legacy_blocks(blocks: Iterable[tuple[str, str]]) -> None:
    from catalogue import REGISTRY  # type: ignore[import-untyped]
    from spacy.util import registry as registries

    for registry, name in blocks:
        if name.startswith("spacy.") and is_registered(registry, name):
            found = getattr(registries, registry)
            if (*found.namespace, name) not in REGISTRY:
                found.register(name, func=find_function(registry, name))


def _components(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    sections = config.get("components")
    sections = sections.values() if isinstance(sections, Mapping) else ()
    return [section for section in sections if isinstance(section, Mapping)]


def _factories(config: Mapping[str, Any]) -> set[str]:
    return {str(component["factory"]) for component in _components(config) if "factory" in component}


def _has_sources(config: Mapping[str, Any]) -> bool:
    return any("source" in component for component in _components(config))


def _all_known(factories: Set[str], blocks: Iterable[tuple[str, str]]) -> bool:
    from spacy.util import registry

    known = {name.rpartition(".")[2] for name in registry.factories.get_all()}  # "de.ner" of German
    return factories <= known and all(is_registered(*block) for block in blocks)


def _blocks(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(registry, name) of each block, at or below."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _blocks(value)
        elif key.startswith("@") and isinstance(value, str):
            yield key[1:], value
