"""Level build: construct every component and what [training] names; nothing is initialised or trained."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from archlab.records import Finding


def check_builds(config: Mapping[str, Any]) -> list[Finding]:
    """An error for each component that cannot be constructed from its section.

    config: filled and interpolated, and free of errors at level types.
    Sections that are equal are built once in a process, however many configs hold them.
    """
    findings = []
    lang = config["nlp"]["lang"]
    for name in config["nlp"]["pipeline"]:
        component = config["components"][name]
        if "factory" not in component:  # sourced from a trained pipeline: nothing of ours to build
            continue
        problem = _build_component(lang, name, json.dumps(component, sort_keys=True))
        if problem is not None:
            slot = f"components.{name}.model" if "model" in component else f"components.{name}"
            findings.append(Finding(severity="error", slot=slot, message=f"it cannot be built: {problem}"))
    training = {key: value for key, value in config["training"].items() if key not in ("seed", "logger")}
    problem = _resolve_blocks(json.dumps(training, sort_keys=True))
    if problem is not None:
        findings.append(
            Finding(severity="error", slot="training", message=f"it cannot be resolved: {problem}")
        )
    return findings


@lru_cache(maxsize=4096)
def _build_component(lang: str, name: str, section: str) -> str | None:
    """What goes wrong when the component is built; None where nothing does."""
    component = json.loads(section)
    factory = component.pop("factory")
    try:
        _blank(lang).create_pipe(factory, name, config=component)
    except Exception as error:  # user code may raise anything: all of it is a finding
        return explain(error)
    return None


@lru_cache(maxsize=4096)
def _resolve_blocks(section: str) -> str | None:
    from spacy.util import registry

    blocks = {key: value for key, value in json.loads(section).items() if isinstance(value, dict)}
    try:
        registry.resolve({"training": blocks})
    except Exception as error:
        return explain(error)
    return None


@lru_cache(maxsize=8)
def _blank(lang: str) -> Any:
    from spacy import blank

    return blank(lang)


def explain(error: Exception) -> str:
    """What an exception says, in one paragraph, with its kind."""
    from confection import ConfigValidationError

    if isinstance(error, ConfigValidationError):
        parts = [f"{'.'.join(map(str, e.get('loc', [])))}: {e.get('msg', '')}" for e in error.errors or []]
        return "; ".join(parts) or str(error.title)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
