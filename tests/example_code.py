"""The code files of examples/, imported by tests that call their functions."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import catalogue  # type: ignore[import-untyped]
from conftest import ROOT


def import_example(name: str, *, keep: bool = False) -> ModuleType:
    """The module examples/NAME/NAME.py.

    What it registers is taken out again, unless it is to keep: other tests list what is registered.
    """
    file = ROOT / "examples" / name / f"{name}.py"
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not keep:
        forget(module)
    return module


def forget(module: ModuleType) -> None:
    """Take out again what the file registers."""
    for key, block in list(catalogue.REGISTRY.items()):
        if getattr(block, "__module__", None) == module.__name__:
            del catalogue.REGISTRY[key]
