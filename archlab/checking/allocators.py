"""Structure, memory of a GPU: whether training.gpu_allocator is one that Thinc can use.

None is no finding. Where a block in PyTorch is built on a GPU, Thinc itself lets PyTorch allocate for both
(PyTorchShim.__init__ in thinc/shims/pytorch.py); and without a GPU, spaCy does not read the setting.
"""

from collections.abc import Iterator
from importlib.metadata import version

from archlab.checking.pipelines import Pipeline
from archlab.configs.allocator_changes import ALLOCATORS
from archlab.errors import did_you_mean
from archlab.records import Finding


def unusable_allocator(pipeline: Pipeline) -> Iterator[Finding]:
    """What is passed over on a CPU, and stops training on a GPU before it begins."""
    named = pipeline.section("training").get("gpu_allocator")
    if not isinstance(named, str):
        return
    if named not in ALLOCATORS:
        why = f"Thinc knows {' and '.join(ALLOCATORS)} alone"
        fix = did_you_mean(named, ALLOCATORS) or "archlab swap gpu-allocator pytorch"
    elif named == "tensorflow" and not _can_use_tensorflow():
        why = f"Thinc {version('thinc')} can use no TensorFlow from 2.6 on"
        fix = "set gpu_allocator = null, and TF_FORCE_GPU_ALLOW_GROWTH=true in the environment"
    else:
        return
    yield Finding(
        severity="warning",
        slot="training.gpu_allocator",
        message=f"gpu_allocator = {named}: on a GPU, training stops before it begins, for {why}",
        fix=fix,
    )


def _can_use_tensorflow() -> bool:
    from thinc.util import assert_tensorflow_installed

    try:
        assert_tensorflow_installed()
    except ImportError:
        return False
    return True


RULES = (unusable_allocator,)
