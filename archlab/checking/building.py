"""Level build: construct every component and what [training] names; nothing is initialised or trained."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

from archlab.catalog.extras import install_hint
from archlab.catalog.factories import import_factories, only_needed_factories
from archlab.catalog.retired import told_of_mxnet
from archlab.checking.building_apart import call_apart
from archlab.checking.isolating import SECONDS, Step, Steps, run_apart
from archlab.checking.origins import has_foreign_blocks
from archlab.checking.pretraining import build_pretraining
from archlab.configs.code import place_in_code
from archlab.errors import explain
from archlab.late_pytorch import import_pytorch, mentions_pytorch
from archlab.memory import Memory
from archlab.records import Finding


def check_builds(
    config: Mapping[str, Any], seconds: float = SECONDS, memory: Memory | None = None
) -> list[Finding]:
    """An error for each component that cannot be constructed, each in the pipeline it belongs to.

    config: filled and interpolated, and free of errors at level types. Pipelines with blocks that neither
    spaCy nor Thinc brings, and vast ones, are built in a fork of this process, where one may hang or end it.
    seconds: of wall time that those may take. memory: of other configs; equal pipelines are built once.
    """
    memory = memory or Memory()
    import_factories(config)
    components = {name: config["components"][name] for name in config["nlp"]["pipeline"]}
    training = {key: value for key, value in config["training"].items() if key not in ("seed", "logger")}
    problems = [
        *memory.recall(_components_problems, config["nlp"], components, seconds),
        *memory.recall(_training_problems, training, seconds),
    ]
    if config["pretraining"] and not problems:
        whole = {**config, "components": components}
        problems += memory.recall(_pretraining_problems, whole, seconds)
    return [Finding(severity="error", slot=slot, message=message) for slot, message in problems]


def bare_pipeline(nlp_section: Mapping[str, Any]) -> Any:
    """A Language as a config's [nlp] makes it, with its tokenizer and without components.

    The callback after_pipeline_creation is left out: it is for a pipeline that is whole.
    """
    from spacy.util import load_model_from_config

    section = {**nlp_section, "pipeline": [], "disabled": [], "after_pipeline_creation": None}
    config = {"nlp": section, "components": {}}
    with only_needed_factories(config):
        return load_model_from_config(config, auto_fill=True)


def _pipeline_to_build_in(nlp_section: Mapping[str, Any]) -> Any:
    """A bare pipeline; where its tokenizer is spaCy's usual one, without the rules and exceptions of it.

    No model is built from them, and reading them takes longer than to build most models.
    """
    from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]  # Cython
    from spacy.util import get_lang_class

    usual = {"@tokenizers": "spacy.Tokenizer.v1"}
    own = [nlp_section.get(key) for key in ("before_creation", "after_creation")]
    vectors = nlp_section.get("vectors", _USUAL_VECTORS)
    if nlp_section.get("tokenizer") != usual or any(own) or vectors != _USUAL_VECTORS:
        return bare_pipeline(nlp_section)
    with only_needed_factories({"nlp": nlp_section, "components": {}}):
        return get_lang_class(nlp_section["lang"])(create_tokenizer=lambda nlp: Tokenizer(nlp.vocab))


_USUAL_VECTORS = {"@vectors": "spacy.Vectors.v1"}

Problems = tuple[tuple[str, str], ...]
"""(slot, what goes wrong) of each that cannot be built, in the order of the config."""


def _components_problems(nlp_section: Any, components: Any, seconds: float) -> Problems:
    parts = {"nlp": nlp_section, "components": components}
    limit = _limit(parts, seconds)
    if not mentions_pytorch(repr(parts).encode()):
        return _problems(partial(_build_components, nlp_section, deepcopy(components)), limit)
    built: Problems = call_apart(2 * seconds + 60, _problems_with_pytorch, nlp_section, components, limit)
    return built


def _problems_with_pytorch(nlp_section: Any, components: Any, limit: float | None) -> Problems:
    """In this process, or in a copy that was made for an earlier config."""
    import_factories({"nlp": nlp_section, "components": components})
    if limit is not None:
        import_pytorch()  # once, and not in each fork
    return _problems(partial(_build_components, nlp_section, deepcopy(components)), limit)


def _training_problems(training: Any, seconds: float) -> Problems:
    return _problems(partial(_resolve_blocks, deepcopy(training)), _limit(training, seconds))


def _pretraining_problems(config: Any, seconds: float) -> Problems:
    return _problems(partial(_build_pretraining, deepcopy(config)), _limit(config, seconds))


def _limit(section: Mapping[str, Any], seconds: float) -> float | None:
    """The time limit of what is built in a fork; None for what is built in this process."""
    return seconds if has_foreign_blocks(section) or _is_vast(section) else None


MAX_WIDTH = 10_000
"""Layers of a network, and units of a layer, beyond which it may take minutes or all memory to build it."""

_LENGTHS = ("length", "rows", "embed_size", "size")
"""Of tables and batches, which are made when training starts."""


def _is_vast(section: Mapping[str, Any]) -> bool:
    return any(
        _is_vast(value)
        if isinstance(value, Mapping)
        else isinstance(value, int | float) and value > MAX_WIDTH and key not in _LENGTHS
        for key, value in section.items()
    )


def _problems(steps: Steps, limit: float | None) -> Problems:
    taken = steps() if limit is None else run_apart(steps, limit)
    return tuple((slot, message) for slot, message in taken if message is not None)


def _build_components(nlp_section: dict[str, Any], components: dict[str, dict[str, Any]]) -> Iterator[Step]:
    yield "nlp", None
    try:
        nlp = _pipeline_to_build_in(nlp_section)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # tokenizers and callbacks are user code: all of it is a finding
        yield "nlp", f"it cannot be built: {explain(error)}"
        return
    for name, component in components.items():
        slot = f"components.{name}.model" if "model" in component else f"components.{name}"
        add = _add_sourced if "source" in component else _add_made
        yield from _step(slot, "it cannot be built", partial(add, nlp, name, component))


def _add_made(nlp: Any, name: str, component: Mapping[str, Any]) -> None:
    settings = {key: value for key, value in component.items() if key != "factory"}
    nlp.add_pipe(component["factory"], name=name, config=settings)


def _add_sourced(nlp: Any, name: str, component: Mapping[str, Any]) -> None:
    """Add a component from a trained pipeline, as spaCy does."""
    from spacy.util import load_model

    source = load_model(component["source"], vocab=nlp.vocab, exclude=["lookups"])
    nlp.add_pipe(component.get("component", name), source=source, name=name)


def _resolve_blocks(training: dict[str, Any]) -> Iterator[Step]:
    from spacy.util import registry

    blocks = {key: value for key, value in training.items() if isinstance(value, dict)}
    yield from _step("training", "it cannot be resolved", partial(registry.resolve, {"training": blocks}))


def _build_pretraining(config: dict[str, Any]) -> Iterator[Step]:
    yield from _step("pretraining", "its model cannot be built", partial(build_pretraining, config))


def _step(slot: str, what: str, work: Callable[[], Any]) -> Iterator[Step]:
    """Some work on a slot, and what goes wrong with it: it runs user code, and all of that is a finding."""
    yield slot, None
    try:
        work()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        hint = install_hint(error) or told_of_mxnet(error)
        yield slot, f"{what}: {explain(error)}{place_in_code(error)}{f'. {hint}' if hint else ''}"
