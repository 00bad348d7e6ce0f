"""Parsers and entity recognisers go back through the documents' transitions without moving all their weights.

At each step spaCy brings the weights of the lower layer into another order, multiplies them with gradients of
some few states, makes a gradient as large as the weights, and adds that, brought back, to the one before.
Here weights and gradient lie in that order; the states of many steps are multiplied with the weights at once,
since each row of a product is its own; and a product is added to the gradient as it is made. What is added up
comes in the same order, to the same numbers. The optimizer gets weights and gradient as it knows them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ROWS = 1024
"""So many states are multiplied at once: all of a step at least."""

TRIED = (1, 2, 7, 40)
"""Numbers of states for which it must be the same; those of more than the last are added as thinc does it."""


class ParserLayer:
    """The lower layer of one parser, whose weights have the shape (features, outputs, pieces, inputs).

    laid, gradient: (outputs x pieces, features x inputs), in the same memory.
    """

    def __init__(self, parser: Any) -> None:
        """parser: of spaCy's `TransitionModel`."""
        import numpy as np

        self.parser, self.layer = parser, parser.get_ref("lower")
        self.key = (self.layer.id, "W")
        self.shape = tuple(self.layer.get_param("W").transpose(1, 2, 0, 3).shape)
        outputs, pieces, features, inputs = self.shape
        self.laid: Array = np.empty((outputs * pieces, features * inputs), dtype=np.float32)
        self.gradient: Array = np.zeros_like(self.laid)
        self.weights = self._view(self.laid)
        self.weights[...] = self.layer.get_param("W")
        self.layer.set_param("W", self.weights)
        self.joins, self.adds = self._may_join(), self._may_add()
        self.parse, parser._func = parser._func, self._parse
        self.forward, self.layer._func = self.layer._func, self._forward

    def leave(self) -> None:
        self.parser._func, self.layer._func = self.parse, self.forward
        self.layer.set_param("W", self.layer.get_param("W").copy(order="C"))

    def synchronise(self) -> None:
        """Nothing is kept anywhere else."""

    def update(
        self, optimize: Callable[..., Any], weights: "Array", gradient: "Array", **settings: Any
    ) -> Any:
        """One step of the optimizer. optimize: its own `__call__`."""
        import numpy as np

        updated, _ = optimize(
            self.key, np.ascontiguousarray(weights), np.array(gradient, order="C"), **settings
        )
        weights[...] = updated
        gradient.fill(0)
        return weights, gradient

    def _parse(self, parser: Any, documents: Any, is_train: bool) -> Any:
        steps, _ = self.parse(parser, documents, is_train)
        return steps, lambda _: self._finish(steps)

    def _finish(self, steps: Any) -> "Array":
        """What spaCy's `finish_steps` gives: the gradient of the words' vectors, and a row for no word."""
        import numpy as np

        words, width = steps.tokvecs.shape
        total: Array = steps.ops.alloc((words + 1, width))
        ids, rows = [], []
        for step_ids, d_vectors, backprop in steps.backprops:
            rows.append(backprop((d_vectors, step_ids)))
            ids.append(step_ids.ravel())
        for some in _joined(rows, ROWS if self.joins else 1):
            d_features = steps.ops.gemm(np.concatenate(rows[some]), self.laid)
            steps.ops.scatter_add(total, np.concatenate(ids[some]), d_features.reshape(-1, width))
        steps.bp_tokvecs(total[:-1])
        return total

    def _forward(self, layer: Any, vectors: "Array", is_train: bool) -> Any:
        features, _ = self.forward(layer, vectors, is_train)
        return features, lambda d_and_ids: self._backprop(vectors, *d_and_ids)

    def _backprop(self, vectors: "Array", d_states: "Array", ids: "Array") -> "Array":
        """Add up the gradients of one step's states; gives these as rows, for `_finish`."""
        from spacy.ml._precomputable_affine import _backprop_precomputable_affine_padding

        layer, count = self.layer, len(d_states)
        d_pad: Array = _backprop_precomputable_affine_padding(layer, d_states, ids)  # type: ignore[no-untyped-call]
        layer.inc_grad("pad", d_pad)
        layer.inc_grad("b", d_states.sum(axis=0))
        if not layer.has_grad("W"):
            layer.set_grad("W", self._view(self.gradient))
        rows = d_states.reshape(count, -1)
        self._add(rows, vectors[ids].reshape(count, -1))
        return rows

    def _add(self, rows: "Array", features: "Array") -> None:
        if self.adds and len(rows) <= TRIED[-1]:
            _add_product(self.gradient, rows, features)
        else:
            self.gradient += self.layer.ops.gemm(rows, features, trans1=True)

    def _view(self, laid: "Array") -> "Array":
        """The same memory in the shape and order that spaCy knows."""
        return laid.reshape(self.shape).transpose(2, 0, 1, 3)

    def _may_join(self) -> bool:
        """Whether rows of a product are the same alone and with others, which no library promises."""
        import numpy as np

        rows, multiply = self._random_rows(), self.layer.ops.gemm
        joined: Array = multiply(np.concatenate(rows), self.laid)
        alone: Array = np.concatenate([multiply(some, self.laid) for some in rows])
        return joined.tobytes() == alone.tobytes()

    def _may_add(self) -> bool:
        """Whether a product can be added as it is made."""
        features = [rows @ self.laid for rows in self._random_rows()]
        slowly: Array = self.laid.copy()
        soon: Array = self.laid.copy()
        for rows, some in zip(self._random_rows(), features, strict=True):
            slowly += self.layer.ops.gemm(rows, some, trans1=True)
            _add_product(soon, rows, some)
        return slowly.tobytes() == soon.tobytes()

    def _random_rows(self) -> "list[Array]":
        import numpy as np

        random = np.random.default_rng(0)
        return [random.standard_normal((count, len(self.laid)), dtype=np.float32) for count in TRIED]


def _add_product(total: "Array", rows: "Array", features: "Array") -> None:
    """total += rows.T @ features"""
    import blis.py  # type: ignore[import-untyped]

    blis.py.gemm(rows, features, out=total, trans1=True, beta=1.0)


def _joined(rows: "list[Array]", at_least: int) -> "list[slice]":
    """Which steps go together, so that each lot has that many rows, but for the last."""
    lots, begin, count = [], 0, 0
    for number, step in enumerate(rows, 1):
        count += len(step)
        if count >= at_least or number == len(rows):
            lots.append(slice(begin, number))
            begin, count = number, 0
    return lots
