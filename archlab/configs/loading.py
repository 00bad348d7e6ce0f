"""Read a config, fill it as spaCy would, and write it in an order people can read."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.errors import ConfigError, did_you_mean, explain

if TYPE_CHECKING:
    from confection import Config

LENDING = ("paths", "system", "vars")
"""Sections whose values matter only where something refers to them."""

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


@dataclass(frozen=True)
class Source:
    """The file a config came from, the line of each of its sections, and the settings that spaCy ignores."""

    path: str
    lines: Mapping[str, int]
    ignored: tuple[str, ...] = ()

    def line(self, section: str) -> int | None:
        """The line of a section's header, or of the nearest section around it; None where there is none."""
        parts = section.split(".")
        return next(
            (line for end in range(len(parts), 0, -1) if (line := self.lines.get(".".join(parts[:end])))),
            None,
        )


def load_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> "Config":
    """Load a training config, fill what it leaves out with spaCy's defaults, and apply overrides.

    Variables (`${paths.train}`) are kept; `config.interpolate()` resolves them. The file is not changed.
    overrides: dotted path -> value, `{"training.max_steps": 100}`.
    Raises ConfigError, with file and line where they are known.
    """
    config, _ = read_config(path, overrides)
    return config


def read_config(path: str | Path, overrides: Mapping[str, Any] | None = None) -> "tuple[Config, Source]":
    """What `load_config` does, together with the lines of the file's sections, for messages."""
    path = Path(path)
    if path.suffix in (".yml", ".yaml"):
        raise ConfigError(f"{path} is a sweep, not a config.", "Name a .cfg file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"There is no config {path}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from None
    parsed = parse_config(text, str(path))
    filled = fill_config(parsed, str(path))
    ignored = tuple(_missing_settings(parsed, filled))
    if overrides:  # set before filling: what is filled may depend on them
        known = {_known_path(filled, dotted): value for dotted, value in overrides.items()}
        filled = fill_config(override_config(parsed, known), str(path))
    return filled, Source(str(path), section_lines(text), ignored)


def section_lines(text: str) -> dict[str, int]:
    """Section name -> the line (from 1) of its header."""
    headers = ((n, re.match(r"\[([^\]]+)\]", line)) for n, line in enumerate(text.splitlines(), 1))
    return {match[1].strip(): n for n, match in headers if match}


def parse_config(text: str, name: str = "config") -> "Config":
    """Parse a config's text, keeping its variables. Raises ConfigError with the line of a slip."""
    from confection import Config

    _find_syntax_errors(text, name)
    try:
        return Config().from_str(text, interpolate=False)
    except Exception as error:  # confection and configparser raise a dozen kinds here
        raise ConfigError(f"{name} is not a valid config: {explain(error)}") from None


def fill_config(config: "Config", name: str = "config") -> "Config":
    """A copy with all that spaCy's `init fill-config` would add: defaults of the language, of each
    component's factory and of each registered function. Variables are kept; no model is built.

    Raises ConfigError where the config names no language, an unknown factory, or a variable that is
    not there.
    """
    from confection import Config

    try:
        # confection merges in place below the first level: never work on the caller's own dicts
        return _fill(Config(config, is_interpolated=False).copy(), name)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{name} cannot be filled: {explain(error)}") from None


def override_config(config: "Config", overrides: Mapping[str, Any]) -> "Config":
    """A copy with values set by dotted path; sections that are not there are made.

    Raises ConfigError where a path leads through a value.
    """
    changed = config.copy()
    for dotted, value in overrides.items():
        *parents, key = dotted.split(".")
        section: Any = changed
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ConfigError(f"The config has no setting {dotted}: {parent} is a value.")
        section[key] = value
    return changed


def _known_path(config: "Config", dotted: str) -> str:
    """The path of a setting that the filled config has, or that something in it refers to.

    As in spaCy, `-` may stand for `_`. Raises ConfigError, with the nearest name, for any other path.
    """
    for path in (dotted, dotted.replace("-", "_")):
        *parents, key = path.split(".")
        section: Any = config
        for parent in parents:
            section = section.get(parent) if isinstance(section, dict) else None
        if isinstance(section, dict) and isinstance(section.get(key), dict):
            raise ConfigError(f"{path} is a section: its settings are set one by one.")
        is_free = parents[:1] == ["initialize"] or _is_referred_to(config, path)
        if parents and (
            is_free or (isinstance(section, dict) and key in section and parents[0] not in LENDING)
        ):
            return path
    raise _unknown_setting(config, dotted)


def _is_referred_to(config: "Config", path: str) -> bool:
    text = config.to_str(interpolate=False)
    return f"${{{path}}}" in text or f"${{{':'.join(path.rsplit('.', 1))}}}" in text


def _unknown_setting(config: "Config", dotted: str) -> ConfigError:
    section: Any = config
    for part in dotted.split("."):
        if not isinstance(section, dict) or part not in section:
            known = [key for key in section if not key.startswith("@")] if isinstance(section, dict) else []
            message = f"The config has no setting {dotted} ({part!r} is not there)."
            return ConfigError(message, did_you_mean(part, known))
        section = section[part]
    return ConfigError(f"Nothing in the config uses {dotted}: setting it would change nothing.")


def _missing_settings(parsed: Mapping[str, Any], filled: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Settings that filling has dropped, because no schema knows them."""
    for key, value in parsed.items():
        here = f"{path}.{key}" if path else key
        if key not in filled:
            yield here
        elif isinstance(value, Mapping) and isinstance(filled[key], Mapping):
            yield from _missing_settings(value, filled[key], here)


def config_text(config: "Config") -> str:
    """The config as text, each section followed by its own subsections, as people write them.

    (Confection's own `to_str` writes all sections of the first depth, then of the second, and so on.)
    """
    blocks: dict[tuple[str, ...], list[str]] = {}
    for line in config.to_str(interpolate=False).splitlines():
        if line.startswith("["):
            blocks[tuple(line.strip()[1:-1].split("."))] = current = [line]
        elif line.strip():
            current.append(line)
    position = {path: n for n, path in enumerate(blocks)}

    def key(path: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
        top = SECTION_ORDER.index(path[0]) if path[0] in SECTION_ORDER else -1
        return tuple(
            (top if depth == 1 else 0, position.get(path[:depth], -1)) for depth in range(1, len(path) + 1)
        )

    return "\n\n".join("\n".join(blocks[path]) for path in sorted(blocks, key=key)) + "\n"


def as_config(config: Mapping[str, Any]) -> "Config":
    """A mapping as a config whose variables are not resolved yet."""
    from confection import Config

    return Config(dict(config), is_interpolated=False)


def interpolated(config: "Config", name: str = "config") -> "Config":
    """The config with all variables resolved. Raises ConfigError where one points nowhere."""
    try:
        return config.interpolate()
    except Exception as error:
        raise ConfigError(f"{name}: {explain(error)}") from None


def populate_factories() -> None:
    """Register spaCy's own component factories and those of installed packages, as `Language()` would."""
    from spacy.pipeline.factories import register_factories
    from spacy.util import registry

    register_factories()
    registry._entry_point_factories.get_all()


def _fill(config: "Config", name: str) -> "Config":
    from confection import Config
    from spacy.schemas import ConfigSchema
    from spacy.util import combine_score_weights, get_lang_class, registry

    lang = config.get("nlp", {}).get("lang")
    if not lang:
        raise ConfigError(f"{name} names no language.", 'Add [nlp] with lang = "en" and a pipeline.')
    populate_factories()
    language = get_lang_class(lang)
    config = Config(language.default_config).merge(config)
    components = config.pop("components", {})
    if not isinstance(config["nlp"].get("pipeline"), list):
        raise ConfigError(f"{name}: nlp.pipeline is no list of names.", 'For example ["tok2vec", "tagger"].')
    pretraining = config.pop("pretraining", {})
    filled = registry.fill(Config({**config, "components": {}}), validate=False, schema=ConfigSchema)
    filled["components"] = components
    filled["pretraining"] = pretraining
    values = filled.interpolate()["components"]
    weights = []
    for component in filled["nlp"]["pipeline"]:
        if component not in components:
            raise ConfigError(
                f"{name}: the pipeline names {component!r}, but there is no [components.{component}].",
                did_you_mean(component, components),
            )
        if "factory" in components[component]:
            meta = _factory_meta(language, components[component]["factory"], component, name)
            filled["components"][component] = _fill_component(
                language, values[component], Config(components[component], is_interpolated=False)
            )
            weights.append(dict(meta.default_score_weights))
        elif "source" in components[component]:
            weights.append(_sourced_weights(language, component, values[component]))
    own_weights = filled["training"].get("score_weights", {})
    filled["training"]["score_weights"] = combine_score_weights([w for w in weights if w], own_weights)
    ordered = sorted(
        filled, key=lambda section: SECTION_ORDER.index(section) if section in SECTION_ORDER else -1
    )
    return Config({section: filled[section] for section in ordered}, is_interpolated=False)


def _fill_component(language: Any, values: dict[str, Any], raw: "Config") -> dict[str, Any]:
    """One component's section as spaCy's `Language.create_pipe` would fill it."""
    from confection import Config
    from spacy.util import registry

    factory = values["factory"]
    arguments = {key: value for key, value in values.items() if key != "factory"}
    defaults = language.get_factory_meta(factory).default_config
    merged = Config(defaults).merge(arguments) if defaults else arguments
    internal = language.get_factory_name(factory)
    internal = internal if internal in registry.factories else factory
    section = {"nlp": None, "name": None, **merged, "@factories": internal}
    filled = registry.fill({"component": section}, validate=False)["component"]
    kept = {key: filled[key] for key in filled if key not in ("nlp", "name", "@factories")}
    return dict(Config({"factory": factory, **kept}).merge(raw))


def _sourced_weights(language: Any, component: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The score weights that a component brings from the pipeline it is sourced from; that is not loaded."""
    from spacy.util import get_package_path, is_package

    source = str(values["source"])
    folder = Path(source)
    if not folder.exists() and is_package(source):
        folder = next(iter(get_package_path(source).glob("*/config.cfg")), folder / "config.cfg").parent
    if not (folder / "config.cfg").is_file():
        return {}
    config = parse_config((folder / "config.cfg").read_text(encoding="utf8"), source)
    factory = config["components"].get(values.get("component", component), {}).get("factory")
    return dict(language.get_factory_meta(factory).default_score_weights) if factory else {}


def _factory_meta(language: Any, factory: str, component: str, name: str) -> Any:
    try:
        return language.get_factory_meta(factory)
    except ValueError:
        known = {key.rsplit(".", 1)[-1] for key in language._factory_meta}
        raise ConfigError(
            f"{name}: [components.{component}] has the factory {factory!r}, which no installed package "
            "and no --code file registers.",
            did_you_mean(factory, known),
        ) from None


def _find_syntax_errors(text: str, name: str) -> None:
    """Say the line of what configparser cannot read, which confection's own message loses."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keys keep their case
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise ConfigError(f"{name}:{error.lineno}: a value stands before the first [section].") from None
    except configparser.DuplicateSectionError as error:
        raise ConfigError(f"{name}:{error.lineno}: the section [{error.section}] is there twice.") from None
    except configparser.DuplicateOptionError as error:
        message = f"{error.option} is set twice in [{error.section}]."
        raise ConfigError(f"{name}:{error.lineno}: {message}") from None
    except configparser.ParsingError as error:
        line = error.errors[0][0]
        message = f"this is neither a [section] nor `key = value`: {text.splitlines()[line - 1].strip()}"
        raise ConfigError(f"{name}:{line}: {message}") from None
    seen: set[str] = set()
    for section, line in section_lines(text).items():
        parent = section.rpartition(".")[0]
        seen.add(section)
        if parent and parent not in seen and "*" not in parent.split("."):
            message = f"[{section}] stands there without a section [{parent}] above it."
            raise ConfigError(f"{name}:{line}: {message}", f"Put [{parent}] before it; it may be empty.")
