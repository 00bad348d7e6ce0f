"""Lines that a command prints itself. All go through here: they may hold what others wrote."""

import sys

import typer

from archlab.plain import printable


def say(text: str, *, err: bool = False) -> None:
    """Print a text, without its control characters; err: to stderr, where the conversation is."""
    typer.echo(printable(text), err=err)


def hand_over(text: str) -> None:
    """Print the text of a file: as it is, for another program; without control characters in a terminal."""
    typer.echo(printable(text) if sys.stdout.isatty() else text, nl=False)
