"""Labels of text classifiers are added once each, not once for each document; nothing is copied for them.

spaCy calls `add_label` for each label of each training document, and for each new one makes its linear layer
anew and copies the weights, which are all 0 until the component is initialised: with 77 labels, 3 GB.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


@contextmanager
def adding_labels_once() -> Iterator[None]:
    """Within this, an initialisation, no label is added again, and no weights of 0 are copied."""
    from spacy.pipeline.textcat import TextCategorizer
    from thinc.layers import sparselinear

    resizable: Any = import_module("thinc.layers.resizable")  # thinc.layers has a function of that name
    add_label, resize = TextCategorizer.add_label, resizable._resize_parameter
    known: dict[TextCategorizer, set[str]] = {}
    empty: list[Any] = []  # the weights of 0 that were made last

    def add_once(component: TextCategorizer, label: str) -> int:
        if isinstance(label, str) and label in known.get(component, ()):
            return 0
        added = add_label(component, label)
        known.setdefault(component, set()).add(label)
        return added

    def resize_unless_empty(name: str, layer: Any, new_layer: Any, filler: float = 0) -> None:
        smaller = layer.get_param(name)
        is_linear = new_layer._func is sparselinear.forward  # which begins with weights of 0
        if is_linear and filler == 0 and (any(smaller is one for one in empty) or not smaller.any()):
            empty[:] = [new_layer.get_param(name)]
        else:
            resize(name, layer, new_layer, filler)

    TextCategorizer.add_label = add_once  # type: ignore[method-assign, assignment]
    resizable._resize_parameter = resize_unless_empty
    try:
        yield
    finally:
        TextCategorizer.add_label = add_label  # type: ignore[method-assign]
        resizable._resize_parameter = resize
