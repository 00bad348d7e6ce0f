"""archlab: which architecture should a spaCy pipeline use, and how sure can one be?

The public API. `import archlab` loads neither spaCy nor torch; each name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archlab.catalog.data_types import types as types
    from archlab.checking.checks import check as check
    from archlab.checking.compatibility import matrix as matrix
    from archlab.checking.fitting import fits as fits
    from archlab.checking.linting import lint_types as lint_types
    from archlab.configs.comparing import diff as diff
    from archlab.configs.loading import load_config as load_config
    from archlab.configs.recipes import apply_recipe as apply_recipe
    from archlab.configs.recipes import recipe_changes as recipe_changes
    from archlab.configs.recipes import recipes as recipes
    from archlab.configs.slotting import slots as slots
    from archlab.configs.swapping import swap as swap
    from archlab.configs.swapping import swap_all as swap_all
    from archlab.engines.driving import grid as grid
    from archlab.engines.driving import train as train
    from archlab.engines.regressing import regress as regress
    from archlab.planning.plans import plan as plan
    from archlab.planning.sweeps import load_sweep as load_sweep
    from archlab.records import Setting as Setting
    from archlab.records import Swap as Swap
    from archlab.results.collection import stored_results as stored_results
    from archlab.results.garbage import collect_garbage as collect_garbage
    from archlab.results.run_states import runs as runs

__version__ = "0.1.0"

_MODULES = {
    "Setting": "archlab.records",
    "Swap": "archlab.records",
    "apply_recipe": "archlab.configs.recipes",
    "check": "archlab.checking.checks",
    "collect_garbage": "archlab.results.garbage",
    "diff": "archlab.configs.comparing",
    "fits": "archlab.checking.fitting",
    "grid": "archlab.engines.driving",
    "lint_types": "archlab.checking.linting",
    "load_config": "archlab.configs.loading",
    "load_sweep": "archlab.planning.sweeps",
    "matrix": "archlab.checking.compatibility",
    "plan": "archlab.planning.plans",
    "recipe_changes": "archlab.configs.recipes",
    "recipes": "archlab.configs.recipes",
    "regress": "archlab.engines.regressing",
    "runs": "archlab.results.run_states",
    "slots": "archlab.configs.slotting",
    "stored_results": "archlab.results.collection",
    "swap": "archlab.configs.swapping",
    "swap_all": "archlab.configs.swapping",
    "train": "archlab.engines.driving",
    "types": "archlab.catalog.data_types",
}

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'archlab' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
