"""Read a config, fill it as spaCy would, and write it in an order people can read."""

import configparser
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from confection import Config

OPEN_SECTIONS = ("paths", "system", "vars", "initialize")
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
    """The file a config came from, and the line of each of its sections."""

    path: str
    lines: Mapping[str, int]

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
    try:
        text = path.read_text(encoding="utf8")
    except FileNotFoundError:
        raise ConfigError(f"There is no config {path}.", "Name one with -b/--base FILE.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    source = Source(str(path), section_lines(text))
    config = fill_config(parse_config(text, str(path)), str(path))
    if overrides:
        config = fill_config(override_config(config, overrides), str(path))
    return config, source


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
        raise ConfigError(f"{name} is not a valid config: {_plain(error)}") from None


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
        raise ConfigError(f"{name} cannot be filled: {_plain(error)}") from None


def override_config(config: "Config", overrides: Mapping[str, Any]) -> "Config":
    """A copy with values set by dotted path. Raises ConfigError for a path the filled config has not,
    except in [paths], [system], [vars] and [initialize], which may take new keys."""
    changed = config.copy()
    for dotted, value in overrides.items():
        *parents, key = dotted.split(".")
        section: Any = changed
        for depth, parent in enumerate(parents):
            if not isinstance(section, dict) or parent not in section:
                if depth == 0 and parent == "vars":
                    section = section.setdefault(parent, {})
                    continue
                raise _unknown_setting(dotted, parent, section)
            section = section[parent]
        if not parents or not isinstance(section, dict):
            raise _unknown_setting(dotted, key, {})
        if key not in section and parents[0] not in OPEN_SECTIONS:
            raise _unknown_setting(dotted, key, section)
        section[key] = value
    return changed


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
        raise ConfigError(f"{name}: {_plain(error)}") from None


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
    lines = section_lines(text)
    for section, line in lines.items():
        parent = section.rpartition(".")[0]
        if parent and parent not in lines and "*" not in parent.split("."):
            message = f"[{section}] stands there without a section [{parent}]."
            raise ConfigError(f"{name}:{line}: {message}", f"Put [{parent}] before it; it may be empty.")


def _unknown_setting(dotted: str, part: str, section: Any) -> ConfigError:
    known = [key for key in section if not key.startswith("@")] if isinstance(section, dict) else []
    guess = did_you_mean(part, known)
    return ConfigError(f"The config has no setting {dotted} ({part!r} is not there).", guess)


def _plain(error: Exception) -> str:
    """An error's text in one paragraph, without the config that confection prints along."""
    from confection import ConfigValidationError

    if isinstance(error, ConfigValidationError):
        details = [
            f"{'.'.join(map(str, e.get('loc', [])))} {e.get('msg', '')}".strip() for e in error.errors or []
        ]
        parts = [error.title, error.desc.splitlines()[0] if error.desc else "", "; ".join(details)]
        return " ".join(part for part in parts if part) or "it cannot be read"
    return " ".join(str(error).split()) or type(error).__name__
