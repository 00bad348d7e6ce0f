"""What Thinc and PyTorch come to in a process. Run with `late` or `plain`, it tells of each case in JSON.

Each group of cases begins in a fork that has imported spaCy and, where it is late, not yet PyTorch.
"""

import hashlib
import inspect
import json
import os
import random
import sys
import traceback
from collections import ChainMap
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any


def seeded_then_imported() -> Any:
    from thinc.api import fix_random_seed

    fix_random_seed(4)
    fix_random_seed(5)
    import torch

    return torch.initial_seed(), torch.rand(3).tolist(), *drawn()


def seeded_once_it_is_there() -> Any:
    from thinc.api import fix_random_seed

    fix_random_seed(5)
    import torch
    from thinc import compat

    fix_random_seed(6)
    of_thinc = torch.rand(3).tolist()
    compat.torch.manual_seed(7)
    return of_thinc, torch.rand(3).tolist()


def used_through_thinc() -> Any:
    from thinc.api import fix_random_seed
    from thinc.compat import torch

    fix_random_seed(5)
    return torch.rand(3).tolist(), *drawn()


def imported_by_thinc() -> Any:
    import numpy
    from spacy.ml.models.tok2vec import BiLSTMEncoder
    from thinc.api import fix_random_seed

    fix_random_seed(5)
    encoder: Any = BiLSTMEncoder(width=4, depth=2, dropout=0.2)
    encoder.initialize()
    outputs, backprop = encoder.begin_update([numpy.ones((3, 4), dtype="f")])
    backprop(outputs)
    return digest_of(encoder), outputs[0].tolist(), *drawn()


def wrapped() -> Any:
    from thinc.api import Linear, PyTorchWrapper, chain, fix_random_seed

    fix_random_seed(5)
    from torch import nn

    network: Any = chain(Linear(3, 4), PyTorchWrapper(nn.Sequential(nn.Linear(3, 2), nn.Dropout())))
    return digest_of(network.initialize()), *drawn()


def asked_for_tensors() -> Any:
    import numpy
    from thinc import compat
    from thinc.util import get_torch_default_device, is_torch_array, is_torch_gpu_array, torch2xp, xp2torch

    array: Any = numpy.ones((2, 3), dtype="f")
    tensor = xp2torch(array)
    things = (tensor, compat.torch.nn.Parameter(tensor), array, [1.0], None)
    return (
        [(is_torch_array(thing), is_torch_gpu_array(thing)) for thing in things],
        isinstance(tensor, compat.torch.Tensor),
        torch2xp(tensor).tolist(),
        str(get_torch_default_device()),
        [compat.torch.__version__, compat.torch.backends.__name__, compat.torch.cuda.is_available()],
    )


def looked_at() -> Any:
    import torch

    spec: Any = torch.__spec__
    source = hashlib.sha256(inspect.getsource(torch).encode()).hexdigest()
    return source, torch.__file__, spec.origin, spec.loader.name, torch.utils.dlpack.__file__, repr(torch)


GROUPS = (
    (seeded_then_imported, seeded_once_it_is_there, looked_at),
    (used_through_thinc, asked_for_tensors),
    (imported_by_thinc,),
    (wrapped,),
)


def drawn() -> tuple[float, float]:
    """What comes next, of Python's numbers and of NumPy's."""
    import numpy

    return random.random(), float(numpy.random.random())


def digest_of(model: Any) -> str:
    return hashlib.sha256(model.to_bytes()).hexdigest()


def answers_of_compat() -> dict[str, str]:
    """What Thinc has found in PyTorch, and in whatever else it knows."""
    from thinc import compat

    return {
        name: repr(value)
        for name, value in vars(compat).items()
        if not (name.startswith("__") or name == "torch" or isinstance(value, ModuleType) or callable(value))
    }


def told_in_a_fork(cases: Sequence[Callable[[], Any]]) -> Any:
    """What each of them gives; a copy of this process takes them. Raises ValueError where one fails."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, json.dumps({case.__name__: case() for case in cases}).encode())
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        answer = told.read()
    os.wait()
    return json.loads(answer)


def main() -> None:
    if sys.argv[1] == "late":
        from archlab.late_pytorch import import_pytorch_late

        import_pytorch_late()
    import spacy  # noqa: F401

    told = {"pytorch": sorted(name for name in sys.modules if name.partition(".")[0] == "torch")}
    cases = [told_in_a_fork(group) for group in GROUPS]
    json.dump({**told, "compat": answers_of_compat(), "cases": dict(ChainMap(*cases))}, sys.stdout)


if __name__ == "__main__":
    main()
