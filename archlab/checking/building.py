"""Level build: construct every component and what [training] names; nothing is initialised or trained."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from archlab.errors import explain
from archlab.records import Finding


def check_builds(config: Mapping[str, Any]) -> list[Finding]:
    """An error for each component that cannot be constructed, each in the pipeline it belongs to.

    config: filled and interpolated, and free of errors at level types.
    Pipelines that are equal are built once in a process, however many configs hold them.
    """
    components = {name: config["components"][name] for name in config["nlp"]["pipeline"]}
    problems = _build_components(_canonical(config["nlp"]), json.dumps(components))
    findings = [
        Finding(severity="error", slot=slot, message=f"it cannot be built: {problem}")
        for slot, problem in problems
    ]
    training = {key: value for key, value in config["training"].items() if key not in ("seed", "logger")}
    problem = _resolve_blocks(_canonical(training))
    if problem is not None:
        message = f"it cannot be resolved: {problem}"
        findings.append(Finding(severity="error", slot="training", message=message))
    return findings


def bare_pipeline(nlp_section: Mapping[str, Any]) -> Any:
    """A Language as a config's [nlp] makes it, with its tokenizer and without components.

    The callback after_pipeline_creation is left out: it is for a pipeline that is whole.
    """
    from spacy.util import load_model_from_config

    section = {**nlp_section, "pipeline": [], "disabled": [], "after_pipeline_creation": None}
    return load_model_from_config({"nlp": section, "components": {}}, auto_fill=True)


@lru_cache(maxsize=4096)
def _build_components(nlp_section: str, sections: str) -> tuple[tuple[str, str], ...]:
    """(slot, what goes wrong) of each component that cannot be built, in the order of the pipeline."""
    components: dict[str, dict[str, Any]] = json.loads(sections)
    problems = []
    try:
        nlp = bare_pipeline(json.loads(nlp_section))
    except Exception as error:  # tokenizers and callbacks are user code: all of it is a finding
        return (("nlp", explain(error)),)
    for name, component in components.items():
        slot = f"components.{name}.model" if "model" in component else f"components.{name}"
        try:
            if "source" in component:
                _add_sourced(nlp, name, component)
            else:
                settings = {key: value for key, value in component.items() if key != "factory"}
                nlp.add_pipe(component["factory"], name=name, config=settings)
        except Exception as error:
            problems.append((slot, explain(error)))
    return tuple(problems)


def _add_sourced(nlp: Any, name: str, component: Mapping[str, Any]) -> None:
    """Add a component from a trained pipeline, as spaCy does."""
    from spacy.util import load_model

    source = load_model(component["source"], vocab=nlp.vocab, exclude=["lookups"])
    nlp.add_pipe(component.get("component", name), source=source, name=name)


@lru_cache(maxsize=4096)
def _resolve_blocks(section: str) -> str | None:
    from spacy.util import registry

    blocks = {key: value for key, value in json.loads(section).items() if isinstance(value, dict)}
    try:
        registry.resolve({"training": blocks})
    except Exception as error:
        return explain(error)
    return None


def _canonical(section: Mapping[str, Any]) -> str:
    return json.dumps(section, sort_keys=True)
