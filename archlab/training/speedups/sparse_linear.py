"""The weights of linear text classifiers are updated where they have ever been touched.

spaCy's bags of words hold a weight per label for each of 2^18 hashed features, of which a corpus touches one
in a hundred. thinc's optimizer goes through all of them at every step. A weight that is 0 and has never had a
gradient stays 0 under Adam, RAdam, SGD and weight decay, and so do its moments and its average: so the
optimizer is given the columns that are not, in arrays of their own (`_Touched`), and comes to the same bytes.
Gradients are still added up by thinc's own code, and where they are clipped, the norm is that of the whole
gradient: its zeros change the order in which numpy adds up.

The layer's own weights, and the averages in the optimizer, have the columns that a batch needs before it is
scored, and all of them after `synchronise`.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

SURELY_SMALLER = 0.99
"""A norm below this share of the threshold is below it however its squares are added up."""


def decays_weights(optimizer: Any) -> bool:
    """Whether regularisation leaves the gradient alone: its norm is then that of what was touched last."""
    return bool(optimizer.L2_is_weight_decay) or ("L2" not in optimizer.schedules and optimizer.L2 == 0)


class SparseLayer:
    """One linear layer, its gradients and what the optimizer keeps for it.

    weights: those of the layer, (rows, columns) as thinc uses them; a column belongs to a feature. The first
    version of the layer writes all labels into one row. slots: column -> its place in `touched`, or -1.
    """

    def __init__(self, layer: Any, optimizer: Any) -> None:
        import numpy as np

        self.layer, self.optimizer, self.key = layer, optimizer, (layer.id, "W")
        self.labels, self.length = layer.get_dim("nO"), layer.get_dim("length")
        self.is_first_version = layer.attrs["v1_indexing"]
        self.weights: Array = layer.get_param("W")
        self.rows = 1 if self.is_first_version else self.labels
        self.gradient: Array = np.zeros_like(self.weights)  # all 0 but while it is used
        self.averages: Array | None = None
        self.columns: Array = np.zeros(0, dtype=np.int64)
        self.slots: Array = np.full(self.weights.size // self.rows, -1, dtype=np.int64)
        self.touched = _Touched(self.rows)
        self.pending: list[tuple[Array, Array]] = []
        self._touch(np.flatnonzero(self._table(self.weights).any(axis=0)))
        self.forward, layer._func = layer._func, self._forward

    def leave(self) -> None:
        self.synchronise()
        self.layer._func = self.forward

    def synchronise(self) -> None:
        """Write what was touched to where all weights and averages are."""
        self._write(self.weights, self.touched.weights, self.columns)
        if self.averages is not None:
            self._write(self.averages, self.touched.averages, self.columns)

    def update(
        self, optimize: Callable[..., Any], weights: "Array", gradient: "Array", **settings: Any
    ) -> Any:
        """One step of the optimizer. optimize: its own `__call__`; gradient: all 0, it is in `pending`."""
        import numpy as np

        if not len(self.columns):
            return optimize(self.key, weights, gradient, **settings)
        optimizer, touched, key = self.optimizer, self.touched, self.key
        columns, summed = self._summed_gradient()
        clipped = self._clipped(columns, summed, optimizer.grad_clip)
        touched.gradient[self.slots[columns]] = clipped.T
        clip, optimizer.grad_clip = optimizer.grad_clip, 0.0
        optimizer.mom1[key], optimizer.mom2[key] = touched.first.ravel(), touched.second.ravel()
        if optimizer.averages is not None:
            optimizer.averages[key] = touched.averages.ravel()
        try:
            optimize(key, touched.weights.ravel(), touched.gradient.ravel(), **settings)
        finally:
            optimizer.grad_clip = clip
            if optimizer.averages is not None:
                self.averages = np.zeros_like(weights) if self.averages is None else self.averages
                optimizer.averages[key] = self.averages
        return weights, gradient

    def _forward(self, layer: Any, features: Any, is_train: bool) -> Any:
        columns = self._columns_of(features)
        weights = layer.get_param("W")
        known = columns[self.slots[columns] >= 0]
        if weights is self.weights:
            self._write(weights, self.touched.weights, known)
        elif self.averages is not None and weights is self.averages:
            self._write(weights, self.touched.averages, known)
        scores, backprop = self.forward(layer, features, is_train)
        if weights is not self.weights:
            return scores, backprop
        return scores, lambda d_scores: self._backprop(features, columns, d_scores)

    def _backprop(self, features: Any, columns: "Array", d_scores: "Array") -> Any:
        """thinc's own sums, written into an array that is there already, and taken from it."""
        biases: list[Array] = []

        def keep(name: str, gradient: "Array") -> None:
            if name == "b":
                biases.append(gradient)

        self._add_up(features, d_scores, self.gradient, self.labels, self.length, keep)
        table = self._table(self.gradient)
        self.pending.append((columns, table[:, columns]))
        table[:, columns] = 0
        self.layer.inc_grad("b", biases[0])
        if not self.layer.has_grad("W"):
            self.layer.set_grad("W", self.gradient)
        self._touch(columns[self.slots[columns] < 0])
        return features

    def _add_up(
        self,
        features: Any,
        d_scores: "Array",
        total: "Array",
        labels: int,
        length: int,
        keep: Callable[[str, "Array"], None],
    ) -> None:
        """Let thinc add up the gradient of weights into an array of zeros."""
        from thinc.layers import sparselinear

        given = self.layer.ops.alloc
        sizes = {"nO": labels, "length": length}
        stand_in = SimpleNamespace(
            get_dim=sizes.__getitem__,
            attrs=self.layer.attrs,
            ops=SimpleNamespace(alloc=lambda shape: total if shape == total.shape else given(shape)),
            inc_grad=keep,
        )
        sparselinear._finish_linear_update(stand_in, *features)(d_scores)

    def _columns_of(self, features: Any) -> "Array":
        """The columns that these features touch, ascending: where thinc writes the gradient of one label."""
        import numpy as np

        marks = np.zeros((self.length,), dtype=np.float32)
        ones = np.ones((len(features[2]), 1), dtype=np.float32)
        self._add_up(features, ones, marks, 1, self.length, lambda *_: None)
        columns = np.flatnonzero(marks)
        if not self.is_first_version:
            return columns
        return np.unique(columns[:, None] + np.arange(self.labels))

    def _summed_gradient(self) -> tuple["Array", "Array"]:
        """(columns, gradient) of all batches since the last step."""
        import numpy as np

        pending, self.pending = self.pending, []
        if len(pending) == 1:
            return pending[0]
        columns = np.unique(np.concatenate([columns for columns, _ in pending] or [self.columns[:0]]))
        total = np.zeros((self.rows, len(columns)), dtype=np.float32)
        for some, gradient in pending:
            total[:, np.searchsorted(columns, some)] += gradient
        return columns, total

    def _clipped(self, columns: "Array", gradient: "Array", threshold: float) -> "Array":
        import numpy as np

        if not threshold or np.linalg.norm(gradient.astype(np.float64)) < SURELY_SMALLER * threshold:
            return gradient
        table = self._table(self.gradient)
        table[:, columns] = gradient
        norm = np.linalg.norm(self.gradient)
        table[:, columns] = 0
        return gradient * (threshold / norm) if norm >= threshold else gradient

    def _touch(self, new: "Array") -> None:
        import numpy as np

        if len(new):
            self.slots[new] = np.arange(len(self.columns), len(self.columns) + len(new))
            self.columns = np.concatenate([self.columns, new])
            self.touched.add(self._table(self.weights)[:, new].T)

    def _table(self, weights: "Array") -> "Array":
        return weights.reshape(self.rows, -1)

    def _write(self, whole: "Array", touched: "Array", columns: "Array") -> None:
        self._table(whole)[:, columns] = touched[self.slots[columns]].T


class _Touched:
    """What the optimizer needs of the touched columns: arrays of (columns, rows) with room to grow."""

    def __init__(self, rows: int) -> None:
        import numpy as np

        self.size = 0
        self._arrays: Array = np.zeros((5, 1024, rows), dtype=np.float32)

    def add(self, weights: "Array") -> None:
        """New columns, with their weights. They have no moments, and an average of 0."""
        import numpy as np

        end = self.size + len(weights)
        if end > self._arrays.shape[1]:
            larger = np.zeros((5, 2 * end, self._arrays.shape[2]), dtype=np.float32)
            larger[:, : self.size] = self._arrays[:, : self.size]
            self._arrays = larger
        self._arrays[0, self.size : end] = weights
        self.size = end

    def _array(self, number: int) -> "Array":
        found: Array = self._arrays[number, : self.size]
        return found

    @property
    def weights(self) -> "Array":
        return self._array(0)

    @property
    def gradient(self) -> "Array":
        return self._array(1)

    @property
    def first(self) -> "Array":
        """The moving average of gradients."""
        return self._array(2)

    @property
    def second(self) -> "Array":
        """That of their squares."""
        return self._array(3)

    @property
    def averages(self) -> "Array":
        return self._array(4)
