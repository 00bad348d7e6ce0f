"""archlab diff: two configs compared block by block."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archlab.cli.options import Code, Format, FormatOption, print_json, split_extra
from archlab.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from confection import Config


def diff(
    ctx: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="A", help="A config.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The config to compare it with.")],
    code: Code = None,
    format: FormatOption = Format.text,
) -> None:
    """Compare two configs block by block.

    First what was renamed, moved, swapped, added and removed, then which settings differ. Both are filled
    first, so that a config equals its filled self. Overrides such as --training.max_steps 100 apply to both.

    \b
    archlab diff base.cfg new.cfg
    archlab diff base.cfg new.cfg --format json
    """
    import archlab
    from archlab.configs.code import import_code
    from archlab.reporting.compared import show_comparison
    from archlab.reporting.terminal import make_console

    overrides, others = split_extra(ctx)
    if others:
        raise UsageError(f"Unexpected argument {others[0]}.", "Two configs are compared at a time.")
    import_code(code or ())
    comparison = archlab.diff(_load(a, overrides), _load(b, overrides))
    if format is Format.json:
        print_json({"a": str(a), "b": str(b), **comparison.to_dict()})
    else:
        show_comparison(make_console(sys.stdout), comparison, str(a), str(b))


def _load(path: Path, overrides: dict[str, Any]) -> "Config":
    """Load a config. Raises ConfigError that says which of the two is meant."""
    import archlab

    try:
        return archlab.load_config(path, overrides)
    except ConfigError as error:
        if str(path) in error.message:
            raise
        raise ConfigError(f"{path}: {error.message}", error.hint) from None
