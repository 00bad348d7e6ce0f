"""Fill a config with all that it leaves out, as spaCy would, without building a model."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.catalog.extras import require_factory
from archlab.catalog.factories import import_factories, require_importable
from archlab.catalog.registered import entry_of
from archlab.catalog.retired import require_framework
from archlab.configs.copying import copy_config
from archlab.configs.shapes import refuse_wrong_shapes
from archlab.configs.variables import resolve
from archlab.errors import ConfigError, ExtraError, did_you_mean, explain
from archlab.memory import Memory

if TYPE_CHECKING:
    from confection import Config

SECTION_ORDER = [
    "vars",
    "paths",
    "system",
    "nlp",
    "components",
    "corpora",
    "training",
    "pretraining",
    "initialize",
]


def fill_config(config: "Config", name: str = "config", memory: Memory | None = None) -> "Config":
    """A copy with all that spaCy's `init fill-config` would add: defaults of the language, of each
    component's factory and of each registered function. Variables are kept; no model is built.

    memory: of other configs that have been filled; what they share with this one is not filled again.
    Raises ConfigError where the config names no language, an unknown factory, or a variable that is
    not there or leads back to itself; ExtraError where it names what a package that is not there brings.
    """
    refuse_wrong_shapes(config, name)
    for path, _, block in _blocks(config, ""):
        require_framework(block, f"{name}: in [{path}], ")
    try:
        return _fill(config, name, memory or Memory())
    except (ConfigError, ExtraError, KeyboardInterrupt):
        raise
    except BaseException as error:  # packages are imported, which may raise anything
        for path, registry, block in _blocks(config, ""):
            if (entry := entry_of(registry, block)) is not None:
                require_importable(entry, f"{name}: {block} in [{path}]")
        raise ConfigError(f"{name} cannot be filled: {explain(error)}") from None


def _blocks(section: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    """(path, registry, name) of each block that is named."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _blocks(value, f"{path}.{key}" if path else key)
        elif key.startswith("@") and isinstance(value, str):
            yield path, key[1:], value


def _fill(config: "Config", name: str, memory: Memory) -> "Config":
    from confection import Config
    from spacy.util import combine_score_weights, get_lang_class

    lang = config.get("nlp", {}).get("lang")
    if not lang:
        raise ConfigError(f"{name} names no language.", 'Add [nlp] with lang = "en" and a pipeline.')
    import_factories(config)
    try:
        language = memory.recall(get_lang_class, lang)
    except ImportError:
        raise ConfigError(
            f"{name}: nlp.lang = {lang!r} is no language that spaCy or an installed package has.",
            'A code such as "en"; "xx" is for many languages at once.',
        ) from None
    if not isinstance(config["nlp"].get("pipeline", []), list):
        raise ConfigError(f"{name}: nlp.pipeline is no list of names.", 'For example ["tok2vec", "tagger"].')
    frame = memory.recall(_fill_frame, lang, {key: config[key] for key in config if key != "components"})
    components = dict(config.get("components", {}))
    values = resolve(Config({**frame, "components": components}, is_interpolated=False), name)["components"]
    weights = []
    for component in frame["nlp"]["pipeline"]:
        if component not in components:
            raise ConfigError(
                f"{name}: the pipeline names {component!r}, but there is no [components.{component}].",
                did_you_mean(component, components),
            )
        raw = components[component]
        if "factory" in raw:
            meta = _factory_meta(language, raw["factory"], component, name)
            components[component] = memory.recall(fill_component, lang, values[component], raw)
            weights.append(dict(meta.default_score_weights))
        elif "source" in raw:
            weights.append(_sourced_weights(language, component, values[component]))
    own_weights = frame["training"].get("score_weights", {})
    training = {
        **frame["training"],
        "score_weights": combine_score_weights([w for w in weights if w], own_weights),
    }
    filled = {**frame, "components": components, "training": training}
    ordered = sorted(
        filled, key=lambda section: SECTION_ORDER.index(section) if section in SECTION_ORDER else -1
    )
    # a copy: memory keeps the parts
    return copy_config(Config({section: filled[section] for section in ordered}, is_interpolated=False))


def _fill_frame(lang: str, given: dict[str, Any]) -> "Config":
    """All but the components."""
    from confection import Config
    from spacy.schemas import ConfigSchema
    from spacy.util import get_lang_class, registry

    config = Config(get_lang_class(lang).default_config).merge(Config(given, is_interpolated=False))
    pretraining = config.pop("pretraining", {})
    filled = registry.fill(Config({**config, "components": {}}), validate=False, schema=ConfigSchema)
    filled["pretraining"] = pretraining
    return filled


def fill_component(lang: str, values: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """One component's section as spaCy's `Language.create_pipe` would fill it.

    values: the section with its variables resolved. given: with its variables, which are kept.
    """
    from confection import Config
    from spacy.util import get_lang_class, registry

    language = get_lang_class(lang)
    factory = values["factory"]
    arguments = {key: value for key, value in values.items() if key != "factory"}
    defaults = language.get_factory_meta(factory).default_config
    merged = Config(defaults).merge(arguments) if defaults else arguments
    internal = language.get_factory_name(factory)
    internal = internal if internal in registry.factories else factory
    section = {"nlp": None, "name": None, **merged, "@factories": internal}
    filled = registry.fill({"component": section}, validate=False)["component"]
    kept = {key: filled[key] for key in filled if key not in ("nlp", "name", "@factories")}
    return dict(Config({"factory": factory, **kept}).merge(Config(given, is_interpolated=False)))


def _sourced_weights(language: Any, component: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The score weights that a component brings from the pipeline it is sourced from; that is not loaded."""
    from spacy.util import get_package_path, is_package, load_config

    source = str(values["source"])
    folder = Path(source)
    if not folder.exists() and is_package(source):
        folder = next(iter(get_package_path(source).glob("*/config.cfg")), folder / "config.cfg").parent
    if not (folder / "config.cfg").is_file():
        return {}
    config = load_config(folder / "config.cfg")
    factory = config["components"].get(values.get("component", component), {}).get("factory")
    return dict(language.get_factory_meta(factory).default_score_weights) if factory else {}


def _factory_meta(language: Any, factory: str, component: str, name: str) -> Any:
    try:
        return language.get_factory_meta(factory)
    except ValueError:
        require_factory(factory, f"{name}: in [components.{component}], ")
        known = {key.rsplit(".", 1)[-1] for key in language._factory_meta}
        raise ConfigError(
            f"{name}: [components.{component}] has the factory {factory!r}, which no installed package "
            "and no --code file registers.",
            did_you_mean(factory, known),
        ) from None
