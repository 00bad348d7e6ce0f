"""Dotted paths into a config, compared and as people write them."""


def is_within(path: str, outer: str) -> bool:
    """Whether a path is another one, or lies below it."""
    return path == outer or path.startswith(f"{outer}.")


def short(path: str) -> str:
    """The path without its leading `components.`."""
    return path.removeprefix("components.")
