"""Where did it arise? From the frames of a program to a component of a pipeline, and a layer of its model."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language

# How spaCy's own functions call the component they are busy with, and the name of one they make.
_COMPONENTS = ("proc", "component", "pipe", "self")
_NAMES = ("pipe_name",)
_MODELS = ("model", "self", "layer")


@dataclass(frozen=True)
class Place:
    """component: its name in the pipeline, or None. layer: the innermost layer, as words, or None."""

    component: str | None = None
    layer: str | None = None


def locate(frames: Iterable[FrameType], pipelines: "Iterable[Language]", names: Iterable[str]) -> Place:
    """The innermost component and layer that the frames, outermost first, are busy with.

    pipelines: those that have been built so far. names: of all components, built or not.
    A layer tells more than the component at work: the tagger's update runs the layers of the tok2vec that
    it listens to.
    """
    from thinc.api import Model

    known = list(names)
    owners = {id(node): (name, path) for nlp in pipelines for name, node, path in walk_layers(nlp)}
    component: str | None = None
    layer: tuple[str, str] | None = None
    for frame in frames:
        values = frame.f_locals
        for key in _COMPONENTS:
            name = None if isinstance(values.get(key), Model) else getattr(values.get(key), "name", None)
            if isinstance(name, str) and name in known:
                component = name
        component = next((values[key] for key in _NAMES if values.get(key) in known), component)
        for key in _MODELS:
            node = values.get(key)
            if isinstance(node, Model) and id(node) in owners:
                name, path = owners[id(node)]
                layer = (name, f"{short_name(node)} ({path})")
    return Place(*layer) if layer else Place(component)


def walk_layers(nlp: "Language") -> "Iterator[tuple[str, Any, str]]":
    """(component, layer, path) of every layer, each once; a path as Python has it: `model.layers[0]`."""
    from thinc.api import Model

    for name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        if not isinstance(model, Model):
            continue
        seen: set[int] = set()
        waiting = [(model, "model")]
        while waiting:
            node, path = waiting.pop(0)
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield name, node, path
            waiting += [(child, f"{path}.layers[{index}]") for index, child in enumerate(node.layers)]


def short_name(node: Any) -> str:
    """A layer's name; of a combinator, whose name is that of all its layers, the beginning."""
    name = str(node.name)
    return name if len(name) <= 30 else f"{name[:27]}..."


def frames_of(trace: TracebackType | None) -> Iterator[FrameType]:
    """The frames of a traceback, outermost first."""
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def frames_below(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of a thread, outermost first; frame: its innermost."""
    stack = []
    while frame is not None:
        stack.append(frame)
        frame = frame.f_back
    return reversed(stack)


def slot_of(component: str | None, config: Mapping[str, Any]) -> str:
    """The slot of a component's model; of the component itself where it has none in the config."""
    section = config["components"].get(component)
    if component is None or section is None:
        return "nlp.pipeline"
    return f"components.{component}.model" if "model" in section else f"components.{component}"
