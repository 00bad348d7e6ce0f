"""Read a config with its overrides."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archlab.configs.circles import refuse_circles
from archlab.configs.copying import copy_config
from archlab.configs.filling import SECTION_ORDER, fill_config
from archlab.configs.variables import resolve
from archlab.errors import ConfigError, did_you_mean, explain

if TYPE_CHECKING:
    from confection import Config

LENDING = ("paths", "system", "vars")
"""Sections whose values matter only where something refers to them."""


MAX_DEPTH = 100
"""How many names a section's path may have: what reads configs calls itself for each."""

SECTION_MARK = "__SECTION__:"
"""What confection makes of a variable that names a section, and takes for one wherever it stands."""

MAX_BYTES = 10_000_000

MAX_SHOWN = 80
"""How many characters of a line are quoted."""


@dataclass(frozen=True)
class Source:
    """The file a config came from: each section's line, the settings that spaCy ignores, and its text."""

    path: str
    lines: Mapping[str, int]
    ignored: tuple[str, ...] = ()
    text: str = ""

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
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES:,} bytes: that is no config.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no config {path}.", "Name another; where a base is meant, by --base FILE."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from None
    parsed = parse_config(text, str(path))
    filled = fill_config(parsed, str(path))
    ignored = (*_missing_settings(parsed, filled), *_unread_sections(parsed))
    if overrides:  # set before filling: what is filled may depend on them
        known = {known_path(filled, dotted): value for dotted, value in overrides.items()}
        filled = fill_config(override_config(parsed, known), str(path))
    return filled, Source(str(path), section_lines(text), ignored, text)


def section_lines(text: str) -> dict[str, int]:
    """Section name -> the line (from 1) of its header."""
    headers = ((n, re.match(r"\[([^\]]+)\]", line)) for n, line in enumerate(text.split("\n"), 1))
    return {match[1].strip(): n for n, match in headers if match}


def parse_config(text: str, name: str = "config") -> "Config":
    """Parse a config's text, keeping its variables. Raises ConfigError with the line of a slip."""
    from confection import Config

    _find_syntax_errors(text, name)
    try:
        config = Config().from_str(text, interpolate=False)
    except Exception as error:  # confection and configparser raise a dozen kinds here
        raise ConfigError(f"{name} is not a valid config: {explain(error)}") from None
    refuse_circles(config, name, section_lines(text))
    return config


def override_config(config: "Config", overrides: Mapping[str, Any]) -> "Config":
    """A copy with values set by dotted path; sections that are not there are made.

    Raises ConfigError where a path leads through a value.
    """
    changed = copy_config(config)
    for dotted, value in overrides.items():
        *parents, key = dotted.split(".")
        section: Any = changed
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ConfigError(f"The config has no setting {dotted}: {parent} is a value.")
        section[key] = value
    return changed


def known_path(config: "Config", dotted: str) -> str:
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


def _unread_sections(parsed: "Config") -> Iterator[str]:
    """Sections that spaCy does not know and nothing refers to."""
    text = parsed.to_str(interpolate=False)
    for name in parsed:
        if name not in SECTION_ORDER and not re.search(rf"\$\{{{re.escape(name)}[.:]", text):
            yield name


def as_config(config: Mapping[str, Any]) -> "Config":
    """A mapping as a config whose variables are not resolved yet."""
    from confection import Config

    return Config(dict(config), is_interpolated=False)


def interpolated(config: "Config", name: str = "config") -> "Config":
    """The config with all variables resolved. Raises ConfigError where one points nowhere, or to itself."""
    try:
        return resolve(config, name)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{name}: {explain(error)}") from None


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
        found = text.split("\n")[line - 1].strip()
        message = f"this is neither a [section] nor `key = value`: {found[:MAX_SHOWN]}"
        raise ConfigError(f"{name}:{line}: {message}") from None
    if SECTION_MARK in text:
        line = text[: text.index(SECTION_MARK)].count("\n") + 1
        message = f"{SECTION_MARK} is confection's own mark, and no value."
        raise ConfigError(f"{name}:{line}: {message}", "A whole section is named by ${its.path}.")
    seen: set[str] = set()
    lines = section_lines(text)
    if parser.defaults():
        raise ConfigError(f"{name}:{lines['DEFAULT']}: [DEFAULT] is no section of a config.", "Remove it.")
    for section, line in lines.items():
        if section.count(".") >= MAX_DEPTH:
            raise ConfigError(f"{name}:{line}: sections are nested deeper than {MAX_DEPTH} levels.")
        parent = section.rpartition(".")[0]
        seen.add(section)
        if parent and parent not in seen and "*" not in parent.split("."):
            message = f"[{section}] stands there without a section [{parent}] above it."
            raise ConfigError(f"{name}:{line}: {message}", f"Put [{parent}] before it; it may be empty.")
