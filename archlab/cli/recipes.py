"""archlab recipes: named changes that touch several slots at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from archlab.cli.options import Code, Format, FormatOption, print_json, read_overrides


def recipes(
    ctx: typer.Context,
    base: Annotated[
        Path | None,
        typer.Option("--base", "-b", metavar="FILE", help="A config: what each would change in it."),
    ] = None,
    code: Code = None,
    format: FormatOption = Format.text,
) -> None:
    """List the recipes: named changes that touch several slots at once.

    With --base: the swaps and settings that each stands for in that config, or why it cannot be applied.

    \b
    archlab recipes
    archlab recipes --base my.cfg
    archlab swap own-tok2vec --base my.cfg
    """
    import archlab
    from archlab.configs.code import import_code
    from archlab.configs.recipes import effects
    from archlab.reporting.recipes import effects_json, recipes_json, show_effects, show_recipes
    from archlab.reporting.terminal import make_console

    overrides = read_overrides(ctx)
    console = make_console(sys.stdout)
    if base is None:
        found = archlab.recipes()
        print_json(recipes_json(found)) if format is Format.json else show_recipes(console, found)
        return
    import_code(code or ())
    would = effects(archlab.load_config(base, overrides))
    print_json(effects_json(would)) if format is Format.json else show_effects(console, would)
