"""Imports code files, and prints what each registers as archlab's catalog reads it, as JSON.

python example_blocks.py FILE ...  Run by test_examples.py in a process of its own.
"""

import inspect
import json
import sys
from typing import Any, ForwardRef, TypeVar, get_args

from catalogue import REGISTRY  # type: ignore[import-untyped]

from archlab.catalog.corrections import CORRECTIONS
from archlab.catalog.registered import factory_names, factory_signature, find_function, signature
from archlab.catalog.signatures import describe, is_model
from archlab.configs.code import import_code
from archlab.errors import CodeError

FACTORIES = "internal_factories"
"""Where spaCy keeps component factories."""


def main(files: list[str]) -> None:
    factory_names()  # all of spaCy's own are registered from here on
    print(json.dumps({file: blocks_of(file) for file in files}))  # noqa: T201


def blocks_of(file: str) -> list[dict[str, Any]] | str:
    """What a file registers, also under a name that was there before; or why it cannot be imported."""
    before = dict(REGISTRY)
    try:
        import_code([file])
    except CodeError as error:
        return error.message
    return [told(*key[-2:]) for key, function in sorted(REGISTRY.items()) if before.get(key) is not function]


def told(registry: str, name: str) -> dict[str, Any]:
    """What the catalog knows of a block. open: arguments, and `return`, whose types are not stated."""
    is_factory = registry == FACTORIES
    taken = factory_signature(name) if is_factory else signature(registry, name)
    docstring = taken.summary if is_factory else inspect.getdoc(inspect.unwrap(find_function(registry, name)))
    stated = {one.name: one.annotation for one in taken.parameters} | {"return": taken.returns}
    kind = "factories" if is_factory else registry
    return {
        "name": name,
        "is_model": is_model(taken.returns),
        "stated": {argument: describe(annotation) for argument, annotation in stated.items()},
        "open": [argument for argument, annotation in stated.items() if is_open(annotation)],
        "corrected": [row.parameter for row in CORRECTIONS if (row.registry, row.name) == (kind, name)],
        "docstring": docstring or "",
    }


def is_open(annotation: Any, *, in_model: bool = True) -> bool:
    """Any, a bare Model, a name that cannot be resolved: alone, or as what goes in or out of a model."""
    inner = [
        one
        for arguments in get_args(annotation)
        for one in (arguments if isinstance(arguments, list) else [arguments])
    ]
    if isinstance(annotation, ForwardRef | TypeVar) or (annotation is Any and in_model):
        return True
    if is_model(annotation) and not inner:
        return describe(annotation) == "Model"
    return any(is_open(one, in_model=is_model(annotation)) for one in inner)


if __name__ == "__main__":
    main(sys.argv[1:])
