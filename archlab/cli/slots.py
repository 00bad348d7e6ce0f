"""archlab slots: what can be swapped."""

import sys

import typer

from archlab.cli.options import DEFAULT_BASE, Base, Code, Format, FormatOption, print_json, read_overrides


def slots(
    ctx: typer.Context,
    base: Base = DEFAULT_BASE,
    code: Code = None,
    format: FormatOption = Format.text,
) -> None:
    """List what can be swapped: slots, blocks, expected types.

    \b
    archlab slots
    archlab slots --base my.cfg
    """
    import archlab
    from archlab.configs.code import import_code
    from archlab.reporting.terminal import make_console, show_slots

    import_code(code or ())
    found = archlab.slots(archlab.load_config(base, read_overrides(ctx)))
    if format is Format.json:
        print_json([vars(slot) for slot in found])
    else:
        show_slots(make_console(sys.stdout), found)
