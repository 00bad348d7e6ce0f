"""Level types: do the signatures of all nested blocks agree, and does each block get its arguments?

Nothing is built. What cannot be known from annotations is a note, never an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from archlab.catalog.defaults import documented
from archlab.catalog.origins import is_own
from archlab.catalog.registered import Signature, factory_defaults, factory_signature, names, signature
from archlab.catalog.signatures import accepts, describe, gloss, model_of, model_types
from archlab.catalog.values import type_error
from archlab.checking.combinators import Mismatch, is_combinator, output_type
from archlab.checking.origins import code_file
from archlab.checking.pipelines import LABEL_TOKENS
from archlab.checking.transformers import returned
from archlab.configs.slotting import (
    block_reference,
    component_factory,
    expected_type,
    get_section,
    leads_somewhere,
    walk_blocks,
)
from archlab.configs.widths import LISTENERS, gives_vectors
from archlab.errors import ArchlabError, did_you_mean
from archlab.memory import Memory
from archlab.records import Finding

MAX_NAMED = 5
SHOWN_WHEN_RUN = "whether it fits shows only when it runs"
"""The end of a note on a block whose types are not known."""


def check_types(config: Mapping[str, Any], memory: Memory | None = None) -> list[Finding]:
    """All findings of this level, in the order of the config.

    config: filled and interpolated. memory: of other configs that have been checked; what they share with
    this one is not checked again.
    """
    memory = memory or Memory()
    lang = config["nlp"]["lang"]
    findings = []
    for name in config["nlp"]["pipeline"]:
        component = config["components"].get(name, {})
        if "factory" in component:
            findings += memory.recall(_check_component, f"components.{name}", component, lang)
    for part in _parts(config):
        findings += memory.recall(_check_blocks, part)
    findings += memory.recall(_check_training, config["training"])
    return [*findings, *_check_corpora(config)]


def doubtful_misfits(config: Mapping[str, Any]) -> set[Finding]:
    """The misfits that rest on what blocks say of themselves which neither spaCy nor Thinc brings.

    Such an annotation may be wrong where its block is right: a probe decides.
    """
    return {
        finding
        for path, block in walk_blocks(config)
        if _is_foreign(get_section(config, path.rpartition(".")[0].removesuffix(".*")))
        or _is_foreign(block)
        or (is_combinator(block) and any(_is_foreign(inner) for _, inner in walk_blocks(block)))
        for finding in _check_fit_of(config, path, block)
        if finding.severity == "error"
    }


def _is_foreign(section: Any) -> bool:
    reference = block_reference(section) if isinstance(section, Mapping) else None
    return reference is not None and not is_own(*reference)


def _check_fit_of(config: Mapping[str, Any], path: str, block: Mapping[str, Any]) -> Iterator[Finding]:
    reference = block_reference(block)
    assert reference is not None
    with suppress(ArchlabError):  # an unknown block is another finding
        yield from _check_fit(config, path, signature(*reference))


def _parts(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Configs of one section or component each, beyond which no block in it is looked at."""
    for name, section in config.items():
        if name != "components":
            yield {"nlp": {"lang": config["nlp"]["lang"]}, name: section}
            continue
        for component in section:
            if component in config["nlp"]["pipeline"]:
                yield {"nlp": {"lang": config["nlp"]["lang"]}, "components": {component: section[component]}}


def _check_blocks(config: Mapping[str, Any]) -> list[Finding]:
    return [finding for path, block in walk_blocks(config) for finding in _check_block(config, path, block)]


def _check_component(path: str, component: Mapping[str, Any], lang: str) -> list[Finding]:
    arguments = {key: value for key, value in component.items() if key != "factory"}
    return list(_check_arguments(path, arguments, factory_signature(component["factory"], lang)))


def _check_block(config: Mapping[str, Any], path: str, block: Mapping[str, Any]) -> list[Finding]:
    reference = block_reference(block)
    assert reference is not None
    try:
        taken = signature(*reference)
    except ArchlabError as error:
        return [Finding(severity="error", slot=path, message=error.message, fix=error.hint)]
    arguments = {key: value for key, value in block.items() if not key.startswith("@")}
    return [*_check_arguments(path, arguments, taken), *_check_fit(config, path, taken)]


def _check_arguments(path: str, given: Mapping[str, Any], taken: Signature) -> Iterator[Finding]:
    """Missing, surplus and mistyped arguments of one block or component."""
    parameters = {parameter.name: parameter for parameter in taken.parameters if not parameter.is_variadic}
    if missing := [p for p in parameters.values() if p.name not in given and not p.has_default]:
        yield _missing(path, [parameter.name for parameter in missing], taken)
    for name, value in given.items():
        if name == "*":
            continue
        if name not in parameters:
            if not taken.accepts_any_keyword:
                fix = did_you_mean(name, parameters) or f"remove {name}"
                if taken.registry == "factories" and name == "labels":
                    fix = f"remove labels: spaCy takes them from the corpus, or from [initialize.{path}]"
                message = f"{taken.name} has no argument {name}"
                yield Finding(severity="error", slot=path, message=message, fix=fix)
            continue
        annotation = parameters[name].annotation
        is_block = isinstance(value, Mapping) and block_reference(value) is not None
        if is_block or type_error(value, annotation) is None:
            continue
        fix = f"set {name} to a value of type {describe(annotation)}"
        if value is None and parameters[name].default is None:  # its default contradicts its annotation
            fix = (
                f"annotate it where {taken.name} is written: {name}: Optional[{describe(annotation)}] = None"
            )
        yield Finding(
            severity="error",
            slot=path,
            message=f"{name} = {value!r} is not {describe(annotation)}",
            expected=describe(annotation),
            given=type(value).__name__,
            fix=fix,
        )


def _missing(path: str, names: Sequence[str], taken: Signature) -> Finding:
    """What a block or component needs and is not given; a swap for itself completes what is documented."""
    named = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    fix = f"add {named} = ... under [{path}]"
    if taken.registry != "factories" and all(documented(taken.registry, taken.name, name) for name in names):
        fix = f"complete it: archlab swap {path.removeprefix('components.')} {taken.name}"
    return Finding(severity="error", slot=path, message=f"{taken.name} needs {named}", fix=fix)


def _check_fit(config: Mapping[str, Any], path: str, given: Signature) -> Iterator[Finding]:
    """Does what the block returns fit what its parent or component asks for?"""
    expected = expected_type(config, path)
    if expected is None:
        return
    wanted, block = model_types(expected), get_section(config, path)
    given = replace(given, returns=returned(block, given))
    if wanted is not None and is_combinator(block):
        try:
            given = replace(given, returns=model_of(wanted[0], output_type(block, wanted[0])))
        except Mismatch as mismatch:
            yield _mismatch_inside(path, mismatch)
            return
    verdict = accepts(expected, given.returns)
    if verdict == "unknown" and wanted is not None and model_types(given.returns) is None:
        yield Finding(
            severity="note",
            slot=path,
            message=f"{given.name} states no types: {SHOWN_WHEN_RUN}",
            expected=describe(expected),
            fix=f"annotate what it returns: -> {describe(expected)}{_lint_hint(given)}",
        )
    if verdict != "misfit":
        return
    yield Finding(
        severity="error",
        slot=path,
        message=_misfit_message(config, path, expected, given),
        expected=describe(expected),
        given=describe(given.returns),
        fix=_what_fits(config, path, expected, given.registry),
    )


def _lint_hint(given: Signature) -> str:
    """How to have the annotation of a --code block checked; "" for blocks of others."""
    file = code_file(given.registry, given.name)
    return f", and check it: archlab lint-types {file}" if file else ""


def _mismatch_inside(path: str, mismatch: Mismatch) -> Finding:
    return Finding(
        severity="error",
        slot=f"{path}.{mismatch.path}" if mismatch.path else path,
        message=f"{mismatch.name} takes {describe(mismatch.takes)}, and gets {describe(mismatch.given)}",
        expected=describe(mismatch.takes),
        given=describe(mismatch.given),
        fix=f"put a layer there that takes {describe(mismatch.given)}",
    )


def _misfit_message(config: Mapping[str, Any], path: str, expected: Any, given: Signature) -> str:
    parent = path.rpartition(".")[0]
    reference = block_reference(get_section(config, parent) or {})
    needer = reference[1] if reference else f"the {component_factory(config, path)}"
    asked, offered = model_types(expected), model_types(given.returns)
    if asked is None or offered is None:
        return f"{given.name} returns {describe(given.returns)}, {needer} needs {describe(expected)}"
    if accepts(asked[1], offered[1]) == "misfit":
        return (
            f"{given.name} returns {_glossed(offered, given.returns)}, "
            f"{needer} needs {_glossed(asked, expected)}"
        )
    return f"{given.name} takes {describe(offered[0])}, {needer} gives it {describe(asked[0])}"


def _glossed(types: tuple[Any, Any], model: Any) -> str:
    meaning = gloss(model)
    return f"{describe(types[1])} ({meaning})" if meaning else describe(types[1])


def _what_fits(config: Mapping[str, Any], path: str, expected: Any, registry: str) -> str | None:
    """A few of the registry's blocks whose types fit, the relatives of the usual one first."""
    fitting = []
    for name in names(registry):
        if name in LISTENERS and not path.endswith(".tok2vec"):
            continue
        try:
            if accepts(expected, signature(registry, name).returns) == "fits":
                fitting.append(name)
        except ArchlabError:  # a block that cannot be imported fits nowhere
            continue
    if component_factory(config, path) in LABEL_TOKENS and path.count(".") == 2:
        fitting = [name for name in fitting if not gives_vectors(name)]
    if not fitting:
        return None
    newest = {name.rpartition(".v")[0]: name for name in fitting}  # names() is sorted: the last is the newest
    usual = _usual_block(config, path)
    near = sorted(newest.values(), key=lambda name: -SequenceMatcher(None, name, usual).ratio())
    more = f" and {len(near) - MAX_NAMED} more" if len(near) > MAX_NAMED else ""
    return f"What fits by type: {', '.join(near[:MAX_NAMED])}{more}"


def _usual_block(config: Mapping[str, Any], path: str) -> str:
    """The name of the block that the component's default config has there; "" where it has none."""
    factory = component_factory(config, path)
    inner = ".".join(path.split(".")[2:])
    default = get_section(factory_defaults(factory), inner) if factory and inner else None
    reference = block_reference(default) if isinstance(default, Mapping) else None
    return reference[1] if reference else ""


def _check_training(training: Mapping[str, Any]) -> list[Finding]:
    """Plain settings of [training] against spaCy's own schema."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError
    from spacy.schemas import ConfigSchemaTraining

    findings = []
    fields: dict[str, Any] = ConfigSchemaTraining.model_fields
    for name, value in training.items():
        if name not in fields:
            fix = did_you_mean(name, fields) or f"remove {name}"
            message = f"there is no setting {name}"
            findings.append(Finding(severity="error", slot="training", message=message, fix=fix))
        elif not isinstance(value, Mapping) and isinstance(value, (int, float, str, list)):
            try:
                adapter: TypeAdapter[Any] = TypeAdapter(
                    fields[name].annotation, config=ConfigDict(arbitrary_types_allowed=True)
                )
                adapter.validate_python(value)
            except ValidationError as error:
                message = f"{name} = {value!r}: {error.errors()[0]['msg'].lower()}"
                findings.append(Finding(severity="error", slot="training", message=message))
    return findings


def _check_corpora(config: Mapping[str, Any]) -> Iterator[Finding]:
    """The corpora that [training] names."""
    for name in ("train_corpus", "dev_corpus"):
        target = config["training"].get(name)
        if isinstance(target, str) and not leads_somewhere(config, target):
            message = f"{name} names {target}, which is not in the config"
            corpora = [f"corpora.{corpus}" for corpus in config.get("corpora", {})]
            yield Finding(
                severity="error", slot="training", message=message, fix=did_you_mean(target, corpora)
            )
