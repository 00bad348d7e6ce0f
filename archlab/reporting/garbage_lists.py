"""What has gone from the store, for a terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from archlab.results.garbage import Collected


def show_collected(console: "Console", collected: "Collected") -> None:
    """A line per file or folder: its size, where it was, and why it went."""
    from rich.filesize import decimal
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    for item in collected.garbage:
        grid.add_row(decimal(item.size), str(item.path), item.why)
    console.print(grid)


def summarize(size: int, *, dry_run: bool) -> str:
    """How much was freed, or would be. size: in bytes."""
    from rich.filesize import decimal

    return f"{decimal(size)} {'would be freed' if dry_run else 'freed'}"
