"""What a probe does with a config: initialize, update, predict, evaluate, save, load. As spaCy trains."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol

from archlab.checking.locating import short_name, walk_layers
from archlab.checking.observing import Observed, annotate_alike, contradictions, differing, observe
from archlab.checking.pipelines import FACTORIES
from archlab.checking.pretraining import build_pretraining, pretrain_shortly, raw_docs
from archlab.checking.sample_docs import make_examples
from archlab.checking.sampling import Sample, take_sample
from archlab.configs.slotting import get_section
from archlab.configs.widths import as_section
from archlab.errors import explain
from archlab.records import Severity

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example

UPDATES = 3
MAX_UPDATES = 10
"""How many updates there are, and how many more where a layer has not learned by then."""

NOISE = 1e-9
"""The share of its component's largest gradient up to which a layer's is taken for rounding.

Of 19 components and schedules, the smallest gradient of a layer that learns was 3e-7 of the largest (early in
a warm-up), and the largest of one in which gradients cancel out 7e-11.
"""

MAX_NAMED = 4


class Journal(Protocol):
    """Who is told what happens: `probe_child.Journal`."""

    def during(self, phase: str, doubtful: Collection[str] = ()) -> Any: ...
    def follow(self, nlp: "Language") -> None: ...
    def find(
        self,
        severity: Severity,
        component: str | None,
        message: str,
        fix: str | None = None,
        slot: str | None = None,
    ) -> None: ...


class Recording:
    """An optimizer that notes the largest gradient that it was given for each of the weights."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.largest: dict[tuple[int, str], float] = {}

    def __call__(self, key: tuple[int, str], weights: Any, gradient: Any, **settings: Any) -> Any:
        size = float(max(gradient.max(), -gradient.min())) if gradient.size else 0.0
        self.largest[key] = max(size, self.largest.get(key, 0.0))
        return self.optimizer(key, weights, gradient, **settings)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.optimizer, name)


def run_probe(journal: Journal, config: "Config") -> None:
    """Find all that a short training tells. Raises whatever stops it, inside a phase of the journal.

    config: filled and interpolated.
    """
    if config["pretraining"]:
        _pretrain(journal, config)
    with journal.during("it is built"):
        nlp, settings = _build(config)
    journal.follow(nlp)
    whole = nlp.config.interpolate()  # tells of sourced components, too, what they are
    with journal.during("its documents are read"):
        sample = take_sample(nlp, whole)
    if sample.reason is not None:
        message = f"probed on documents made to fit, for {sample.reason}"
        journal.find("note", None, message, slot=config["training"]["train_corpus"])
    doubtful = _of_unknown_needs(config) if sample.reason is not None else ()
    with journal.during("it is initialized", doubtful):
        _initialize(nlp, config, settings, sample)
    optimizer = Recording(settings["optimizer"])
    with journal.during("it is updated", doubtful):
        losses = _update(nlp, settings, optimizer, sample.examples, journal)
    for name, message in _unreached(nlp, settings, optimizer):
        _tell_unreached(journal, nlp, name, message, losses)
    with _averaged(nlp, optimizer):
        _use(journal, nlp, whole, settings, sample.examples)


def _of_unknown_needs(config: Mapping[str, Any]) -> list[str]:
    """The components of which nobody knows what documents must hold for them to learn."""
    components = config["components"]
    return [name for name in config["nlp"]["pipeline"] if components[name].get("factory") not in FACTORIES]


def _pretrain(journal: Journal, config: "Config") -> None:
    """As `spacy pretrain` does it, on a few of its raw texts, or on texts made to fit."""
    place = config["pretraining"]["corpus"]
    with journal.during("its pretraining is built"):
        nlp, settings, model = build_pretraining(config)
    with journal.during("its raw texts are read"):
        docs, reason = _raw_docs(nlp, config)
    if reason is not None:
        journal.find("note", None, f"pretraining was probed on texts made to fit, for {reason}", slot=place)
    with journal.during("it is pretrained"):
        pretrain_shortly(nlp, settings, model, docs)


def _raw_docs(nlp: "Language", config: "Config") -> "tuple[list[Doc], str | None]":
    """(documents to pretrain on, why they are made up or None)."""
    place = config["pretraining"]["corpus"]
    section = as_section(get_section(config, place))
    reason = f"{place} holds no texts"
    try:
        docs = raw_docs(nlp, config)
    except Exception as error:  # readers are user code and file formats: anything can be raised
        docs, reason = [], f"{place} cannot be read: {explain(error)}"
        if "path" in section and not section["path"]:
            reason = f"{place} has no path"
    if docs:
        return docs, None
    return [example.reference for example in make_examples(nlp, config)], reason


def _build(config: "Config") -> "tuple[Language, dict[str, Any]]":
    """The pipeline and what [training] resolves to, as spacy.training.initialize.init_nlp does it."""
    from spacy.schemas import ConfigSchemaTraining
    from spacy.util import load_model_from_config, registry
    from thinc.api import fix_random_seed

    fix_random_seed(config["training"]["seed"] or 0)
    nlp = load_model_from_config(config, auto_fill=True)
    training = nlp.config.interpolate()["training"]
    return nlp, registry.resolve(training, schema=ConfigSchemaTraining)


def _initialize(nlp: "Language", config: "Config", settings: Mapping[str, Any], sample: Sample) -> None:
    """As init_nlp does it: sourced components go on from where they are, frozen ones stay."""
    from spacy.util import get_sourced_components

    frozen = settings["frozen_components"]
    resumed = [name for name in get_sourced_components(config) if name not in frozen]
    if resumed:
        with nlp.select_pipes(enable=resumed):
            nlp.resume_training(sgd=settings["optimizer"])
    nlp._link_components()
    with nlp.select_pipes(disable=[*frozen, *resumed]):
        nlp.initialize(lambda: sample.all_examples, sgd=settings["optimizer"])


def _update(
    nlp: "Language",
    settings: Mapping[str, Any],
    optimizer: Recording,
    examples: "list[Example]",
    journal: Journal,
) -> dict[str, float]:
    """Three updates on all examples, by spaCy's own loop; a few more while a layer has no gradient."""
    from spacy.training.loop import train_while_improving

    steps = train_while_improving(
        nlp,
        optimizer,  # type: ignore[arg-type]  # it is called like one
        repeat((0, list(examples))),
        lambda: (0.0, {}),
        dropout=settings["dropout"],
        accumulate_gradient=settings["accumulate_gradient"],
        patience=0,
        max_steps=0,
        eval_frequency=MAX_UPDATES,
        exclude=settings["frozen_components"],
        annotating_components=settings["annotating_components"],
        before_update=settings["before_update"],
    )
    losses: dict[str, float] = {}
    for number, (_, info, _) in enumerate(steps, 1):
        losses = {name: losses.get(name, 0.0) + float(loss) for name, loss in info["losses"].items()}
        wrong = {name: loss for name, loss in losses.items() if not isfinite(loss)}
        for name, loss in wrong.items():
            component = name if name in nlp.pipe_names else None
            journal.find("error", component, f"its loss is {loss} in update {number} of {UPDATES}")
        is_enough = number >= UPDATES and not list(_unreached(nlp, settings, optimizer))
        if wrong or is_enough or number >= MAX_UPDATES:
            break
    return losses


def _unreached(
    nlp: "Language", settings: Mapping[str, Any], optimizer: Recording
) -> Iterator[tuple[str, str]]:
    """(component, layers in words) of each trained component with a layer whose weights had no gradient."""
    layers: dict[str, list[tuple[str, float]]] = {}
    for name, node, path in walk_layers(nlp):
        is_frozen = name in settings["frozen_components"]
        if is_frozen or not getattr(nlp.get_pipe(name), "is_trainable", False):
            continue
        for layer, keys in _weights(node):
            largest = max(optimizer.largest.get(key, 0.0) for key in keys)
            layers.setdefault(name, []).append((f"{layer} ({path})", largest))
    for name, found in layers.items():
        noise = NOISE * max(largest for _, largest in found)
        dead = [layer for layer, largest in found if largest <= noise]
        if dead:
            more = f" and {len(dead) - MAX_NAMED} more" if len(dead) > MAX_NAMED else ""
            which = (
                "any of its layers" if len(dead) == len(found) else f"{len(dead)} of its {len(found)} layers"
            )
            yield name, f"{which}: {', '.join(dead[:MAX_NAMED])}{more}"


def _weights(node: Any) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """(layer, keys of its weights) of a Thinc layer, and of each layer of a PyTorch module that it wraps.

    A Hugging Face model is one layer: what it has for other tasks is not used.
    """
    own = [(node.id, name) for name in node.param_names if node.has_param(name)]
    if own:
        yield short_name(node), own
    for shim in node.shims:
        parameters = getattr(shim._model, "named_parameters", None)
        is_whole = type(shim).__module__.startswith("spacy_transformers.")  # no listener hears its pooler
        modules: dict[str, list[tuple[int, str]]] = {}
        for name, tensor in parameters() if callable(parameters) else ():
            if tensor.requires_grad:  # a block may freeze what it wraps
                module = "" if is_whole else name.rpartition(".")[0]
                modules.setdefault(module, []).append((shim.id, name))
        for module, keys in modules.items():
            yield f"{short_name(node)}{f' {module}' if module else ''}", keys


def _tell_unreached(
    journal: Journal, nlp: "Language", name: str, message: str, losses: Mapping[str, float]
) -> None:
    if losses.get(name) == 0 and not hasattr(nlp.get_pipe(name), "listeners"):
        journal.find(
            "note", name, "its loss on the documents is 0: whether all its layers learn is not known"
        )
        return
    journal.find(
        "warning",
        name,
        f"in {MAX_UPDATES} updates no gradient reached {message}",
        "look for a layer that is not called, a backprop that returns zeros, or weights that start equal "
        "and so cancel out",
    )


@contextmanager
def _averaged(nlp: "Language", optimizer: Recording) -> Iterator[None]:
    """The weights with which spaCy evaluates and saves."""
    if not optimizer.averages:
        yield
        return
    with nlp.use_params(optimizer.averages):
        yield


def _use(
    journal: Journal,
    nlp: "Language",
    config: "Config",
    settings: Mapping[str, Any],
    examples: "list[Example]",
) -> None:
    from spacy.training.loop import create_before_to_disk_callback, create_evaluation_callback
    from spacy.util import load_model

    docs = [example.predicted for example in examples]
    with journal.during("it predicts"):
        observed = observe(nlp, config, docs)
        for name in observed.outputs:
            for message in contradictions(observed, config, name):
                journal.find("warning", name, message)
    with journal.during("it is evaluated"):
        create_evaluation_callback(nlp, lambda _: examples, settings["score_weights"])()
    with tempfile.TemporaryDirectory() as folder:
        with journal.during("it is saved"):
            create_before_to_disk_callback(settings["before_to_disk"])(nlp).to_disk(folder)
        with journal.during("it is loaded"):
            loaded = load_model(folder)
        journal.follow(loaded)
        with journal.during("it predicts, saved and loaded"):
            other = observe(loaded, config, docs)
            if differing(observed, other) or not annotate_alike(observed, other):
                _compare(journal, observed, observe(nlp, config, docs), other)


def _compare(journal: Journal, first: Observed, again: Observed, loaded: Observed) -> None:
    """What is saved and loaded must predict the same, where two predictions are the same without that."""
    unsteady = differing(first, again)
    others = [name for name in differing(first, loaded) if name not in unsteady]
    for name in others:
        journal.find(
            "warning",
            name,
            "saved and loaded, it predicts something else",
            "look for state that the model does not keep in its params, dims, attrs or shims",
        )
    if not others and not unsteady and annotate_alike(first, again) and not annotate_alike(first, loaded):
        journal.find("warning", None, "saved and loaded, the pipeline sets other annotations")
