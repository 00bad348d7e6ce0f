"""The weights of parsers and entity recognisers lie in memory as their gradients are worked out.

spaCy's parser goes back through each step of the documents' transitions, and every time brings all weights of
its lower layer into another order, and their gradient back into the first. Here both lie in that order from
the beginning; only the optimizer gets them as it knows them. The same numbers are added up in the same order.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class ParserLayer:
    """One lower layer. Its weights have the shape (features, outputs, pieces, inputs) wherever they lie."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.key = layer, (layer.id, "W")
        self.weights = _laid(layer.get_param("W"))
        layer.set_param("W", self.weights)

    def update(
        self, optimize: Callable[..., Any], weights: "Array", gradient: "Array", **settings: Any
    ) -> Any:
        """One step of the optimizer. optimize: its own `__call__`."""
        import numpy as np

        updated, _ = optimize(
            self.key, np.ascontiguousarray(weights), np.array(gradient, order="C"), **settings
        )
        weights[...] = updated
        if gradient.flags.c_contiguous:  # the first one, as thinc has made it
            gradient = _laid(gradient)
            self.layer.set_grad("W", gradient)
        gradient.fill(0)
        return weights, gradient

    def synchronise(self) -> None:
        """Nothing is kept anywhere else."""

    def leave(self) -> None:
        self.layer.set_param("W", self.layer.get_param("W").copy(order="C"))


def _laid(weights: "Array") -> "Array":
    """A copy that lies in memory as (outputs, pieces, features, inputs), and looks as before."""
    import numpy as np

    return np.ascontiguousarray(weights.transpose(1, 2, 0, 3)).transpose(2, 0, 1, 3)
