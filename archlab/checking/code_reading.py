"""What stands where in a Python file: expressions, registered functions, operators that join layers."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

MAX_SHOWN = 60
"""How many characters of an expression are quoted."""

REGISTERING = ("registry", "Language")
"""What a decorator that registers names: `@spacy.registry.layers("x")`, `@Language.factory("x")`."""


@dataclass(frozen=True)
class SourceCode:
    """A file that has been parsed."""

    text: str
    tree: ast.Module

    def expression(self, line: int, column: int) -> str | None:
        """The expression that begins there, both from 1, in one line and shortened; None where none does."""
        found = self._at(line, column)
        # the longest: `Softmax` and `Softmax(nO)` begin at one place
        return max(map(self._shown, found), key=len) if found else None

    def end(self, line: int, column: int) -> tuple[int, int]:
        """(line, column) where the expression ends that begins there; the next line where none does."""
        ends = [(e.end_lineno or line, e.end_col_offset or 0) for e in self._at(line, column)]
        return max(ends, default=(line + 1, 0))

    def arguments(self, line: int, column: int) -> list[str]:
        """The positional arguments of the call that begins there, as `expression` gives them."""
        calls = [node for node in self._at(line, column) if isinstance(node, ast.Call)]
        outermost = max(calls, key=lambda call: len(self._shown(call)), default=None)
        return [] if outermost is None else [self._shown(argument) for argument in outermost.args]

    def is_registered(self, line: int) -> bool:
        """Whether a line is in the head of a function that is registered: what it takes and returns."""
        return any(head.start <= line < head.stop for head in self._registered_heads)

    def joined_by_operators(self) -> Iterator[tuple[int, int]]:
        """(line, column), from 1, of each `with Model.define_operators(...)`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.With):
                for item in node.items:
                    if ".define_operators(" in ast.unparse(item.context_expr):
                        yield item.context_expr.lineno, item.context_expr.col_offset + 1

    def _at(self, line: int, column: int) -> list[ast.expr]:
        return [e for e in self._expressions if (e.lineno, e.col_offset + 1) == (line, column)]

    def _shown(self, node: ast.expr) -> str:
        shown = " ".join((ast.get_source_segment(self.text, node) or "").split())
        return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]} ..."

    @cached_property
    def _expressions(self) -> list[ast.expr]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.expr)]

    @cached_property
    def _registered_heads(self) -> list[range]:
        return [
            range(node.lineno, node.body[0].lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef) and any(map(_registers, node.decorator_list))
        ]


def read_code(content: bytes) -> SourceCode:
    """Parse a file's content. Raises SyntaxError, with the line, where it is no Python."""
    try:
        tree = ast.parse(content)
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nested too deep
        raise SyntaxError(str(error) or "it is nested too deep") from None
    return SourceCode(_decoded(content), tree)


def _decoded(content: bytes) -> str:
    import io
    import tokenize

    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def _registers(decorator: ast.expr) -> bool:
    names = {node.id for node in ast.walk(decorator) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(decorator) if isinstance(node, ast.Attribute)}
    return bool((names | attributes) & set(REGISTERING))
