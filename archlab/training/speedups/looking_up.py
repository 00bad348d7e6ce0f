"""What is registered is looked up in less time, to the same functions.

A registry goes through the entry points of all installed packages and all that anything has registered
whenever all of it is asked for, and it is for each array that a model loads or saves: some hundred times in a
short run, a millisecond each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def looking_up_sooner() -> Iterator[None]:
    """Within this, entry points are sorted by their group, and registered names compared as whole keys."""
    import catalogue  # type: ignore[import-untyped]

    found, get_all = catalogue.AVAILABLE_ENTRY_POINTS, catalogue.Registry.get_all

    def get_all_sooner(registry: Any) -> dict[str, Any]:
        functions = registry.get_entry_points() if registry.entry_points else {}
        namespace = tuple(registry.namespace)
        for key, function in list(catalogue.REGISTRY.items()):
            if key[:-1] == namespace:
                functions[key[-1]] = function
        return functions

    groups = {group: list(found.select(group=group)) for group in found.groups}
    catalogue.AVAILABLE_ENTRY_POINTS = groups  # the form that older Pythons give, which catalogue knows
    catalogue.Registry.get_all = get_all_sooner
    try:
        yield
    finally:
        catalogue.AVAILABLE_ENTRY_POINTS, catalogue.Registry.get_all = found, get_all
