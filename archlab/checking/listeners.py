"""Structure, listeners: each listener hears the tok2vec or transformer that it means to hear.

In an update a listener is handed what the last matching upstream before it gave. In prediction it reads
doc.tensor (doc._.trf_data), which holds what the last tok2vec (transformer) before it wrote, whatever that
one is called. Without either an update raises E203, or a transformer listener fails before that.
"""

import json
from collections.abc import Iterator

from archlab.checking.pipelines import FACTORIES, Block, Component, Pipeline
from archlab.configs.slotting import get_section
from archlab.configs.widths import LISTENER, LISTENERS, as_section, width_of, width_setting
from archlab.errors import did_you_mean
from archlab.records import Finding


def no_upstream(pipeline: Pipeline) -> Iterator[Finding]:
    """A listener in a trained component, and nothing before it that it could hear."""
    for component, listener in _trained_listeners(pipeline):
        if _candidates(pipeline, component, listener):
            continue
        message, fix = _why_not(pipeline, component, listener)
        yield Finding(severity=listener.severity, slot=listener.path, message=message, fix=fix)


def other_width(pipeline: Pipeline) -> Iterator[Finding]:
    """A listener whose width is not the width of what its upstream gives."""
    for component, listener in _trained_listeners(pipeline):
        upstream = _upstream(pipeline, component, listener)
        model = as_section(upstream.section.get("model")) if upstream else {}
        given, taken = width_of(model), width_of(listener.section)
        if upstream is None or given is None or taken is None or given == taken:
            continue
        setting = width_setting(f"{upstream.path}.model", model)
        says_so = get_section(pipeline.config, setting) == given  # an odd BiLSTM gives one less than it says
        yield Finding(
            severity=listener.severity,
            slot=listener.path,
            message=f"width {taken}, its upstream {upstream.name} gives {given}",
            expected=str(given),
            given=str(taken),
            fix=f"set width = ${{{setting}}}" if says_so else f"set width = {given}",
        )


def drowned_upstream(pipeline: Pipeline) -> Iterator[Finding]:
    """A listener that learns from one tok2vec and predicts from another that stands between them."""
    for component, listener in _trained_listeners(pipeline):
        upstream = _upstream(pipeline, component, listener)
        writers = [other for other in pipeline.before(component) if _may_be_heard(other, listener)]
        if upstream is None or writers[-1] is upstream or writers[-1].factory != upstream.factory:
            continue
        last, taken = writers[-1], width_of(listener.section)
        given = width_of(last.section.get("model"))
        fails = given is not None and taken is not None and given != taken
        yield Finding(
            severity=listener.severity if fails else "warning",
            slot=listener.path,
            message=(
                f"it learns from {upstream.name} and predicts from {last.name}, "
                f"the last {last.factory} before it"
                + (f", which gives {given} where it takes {taken}" if fails else "")
            ),
            expected=upstream.name,
            given=last.name,
            fix=f"put {component.name} before {last.name} in nlp.pipeline",
        )


def frozen_upstream(pipeline: Pipeline) -> Iterator[Finding]:
    """A frozen tok2vec is not run in an update, unless it is an annotating component."""
    for component, listener in _trained_listeners(pipeline):
        candidates = _candidates(pipeline, component, listener)
        if not candidates or not all(other.is_frozen and not other.is_annotating for other in candidates):
            continue
        name = candidates[-1].name
        annotating = [*pipeline.names("training.annotating_components"), name]
        yield Finding(
            severity=listener.severity,
            slot=listener.path,
            message=f"its upstream {name} is frozen: it gives nothing to learn from unless it annotates",
            fix=f"set training.annotating_components = {json.dumps(annotating)}",
        )


def unheard(pipeline: Pipeline) -> Iterator[Finding]:
    """A tok2vec or transformer that no listener hears: it is run for nothing, and is not even trained."""
    if any(not _candidates(pipeline, *who) for who in _trained_listeners(pipeline)):
        return  # that one was meant to hear it, and `no_upstream` says so
    heard = {
        upstream.name
        for component in pipeline.components
        for listener in component.listeners
        if (upstream := _upstream(pipeline, component, listener)) is not None
    }
    for component in pipeline.components:
        later = pipeline.after(component)
        if component.factory not in LISTENERS.values() or component.name in heard:
            continue
        if not all(other.is_known for other in later):  # it may hold a listener, or read doc.tensor
            continue
        yield Finding(
            severity="warning",
            slot=component.path,
            message="nobody listens to it: it costs time and gives nothing",
            fix=_how_to_be_heard(component, later),
        )


def heard_by(pipeline: Pipeline, *listeners: str) -> Iterator[tuple[Component, Block]]:
    """(upstream, listener) of each trained listener of these names of which it is certain whom it hears."""
    for component, listener in _trained_listeners(pipeline):
        upstream = _upstream(pipeline, component, listener)
        if listener.name in listeners and upstream is not None:
            yield upstream, listener


RULES = (no_upstream, other_width, drowned_upstream, frozen_upstream, unheard)


# Who is heard.


def _trained_listeners(pipeline: Pipeline) -> Iterator[tuple[Component, Block]]:
    for component in pipeline.trained:
        for listener in component.listeners:
            yield component, listener


def _may_be_heard(component: Component, listener: Block) -> bool:
    """It is what the listener can hear, or it is not known what it is."""
    return component.factory == LISTENERS[listener.name] or component.factory not in FACTORIES


def _candidates(pipeline: Pipeline, component: Component, listener: Block) -> list[Component]:
    """What the listener may hear: upstreams of that name, and whatever may annotate Docs in an update."""
    name = listener.section.get("upstream", "*")
    return [
        other
        for other in pipeline.before(component)
        if _may_be_heard(other, listener)
        and (name in ("*", other.name) or (other.factory not in FACTORIES and other.is_annotating))
    ]


def _upstream(pipeline: Pipeline, component: Component, listener: Block) -> Component | None:
    """The component that it hears; None where there is none, or where that is not certain."""
    candidates = _candidates(pipeline, component, listener)
    return candidates[-1] if candidates and candidates[-1].factory in FACTORIES else None


# What to say.


def _why_not(pipeline: Pipeline, component: Component, listener: Block) -> tuple[str, str]:
    """Why a listener hears nothing, and what to do about it."""
    name, order = str(listener.section.get("upstream", "*")), pipeline.names("nlp.pipeline")
    kind = LISTENERS[listener.name]
    own = f"archlab swap {listener.path.removeprefix('components.')} spacy.HashEmbedCNN.v2"
    earlier = [other.name for other in pipeline.before(component) if other.factory == kind]
    later = [
        other.name
        for other in pipeline.after(component)
        if other.factory == kind and name in ("*", other.name)
    ]
    if name in pipeline.names("nlp.disabled"):
        return f"its upstream {name} is disabled", f"take {name} out of nlp.disabled"
    if later:
        order.remove(later[0])
        order.insert(order.index(component.name), later[0])
        return f"its upstream {later[0]} stands after it", f"set nlp.pipeline = {json.dumps(order)}"
    if earlier:  # and it does not have the right name
        others = {other.name: other.factory for other in pipeline.components}
        what = f"is no {kind} but a {others[name]}" if name in others else "is not in the pipeline"
        near = did_you_mean(name, earlier)
        fix = f'set upstream = "{earlier[-1]}"'
        return f"its upstream {name} {what}", f"{near} {fix}" if near and near != name else fix
    for other in pipeline.before(component):
        if other.factory in LISTENERS.values():
            listeners = " or ".join(name for name, heard in LISTENERS.items() if heard == other.factory)
            return f"it hears a {kind}, and {other.name} is a {other.factory}", f"Its listeners: {listeners}"
    return f"there is no {kind} before it in the pipeline that it could hear", f"its own tok2vec: {own}"


def _how_to_be_heard(component: Component, later: tuple[Component, ...]) -> str:
    width = width_of(component.section.get("model"))
    slots = (
        block.path.removeprefix("components.")
        for other in later
        for block in other.blocks
        if block.path.endswith(".tok2vec") and block.is_certain
    )
    slot = next(slots, None)
    remove = f"remove {component.name} from nlp.pipeline"
    if slot is None or width is None or component.factory != "tok2vec":
        return remove
    return f"{remove}, or let others listen: archlab swap {slot} {LISTENER} width={width}"
