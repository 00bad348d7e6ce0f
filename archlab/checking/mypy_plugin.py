"""Thinc's mypy plugin, for layers whose type has a name of its own, too. mypy imports this, nobody else.

Thinc's gives up at `Tokens = Model[List[Doc], List[Floats2d]]` and `def build(tokens: Tokens)`: it compares
layers only where their type is written out.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy.plugin import FunctionContext, Plugin
    from mypy.types import Type


def plugin(version: str) -> "type[Plugin]":
    """What mypy asks a plugin for."""
    from thinc.mypy import ThincPlugin

    class AliasPlugin(ThincPlugin):
        def get_function_hook(self, fullname: str) -> "Callable[[FunctionContext], Type]":
            return _compare

    return AliasPlugin


def _compare(context: "FunctionContext") -> "Type":
    from mypy.types import get_proper_type
    from thinc.mypy import function_hook

    plain = [[get_proper_type(type) for type in types] for types in context.arg_types]
    return function_hook(context._replace(arg_types=plain))  # type: ignore[arg-type]  # lists are invariant
