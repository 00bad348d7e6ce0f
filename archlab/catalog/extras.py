"""Packages that archlab knows and does not bring: which extra brings the blocks of which."""

from dataclasses import dataclass
from importlib.util import find_spec

from archlab.errors import ExtraError


@dataclass(frozen=True)
class Extra:
    """An extra of archlab. package: what it brings; its blocks are named after it. factory: its component."""

    name: str
    package: str
    factory: str

    @property
    def is_installed(self) -> bool:
        return find_spec(self.package.replace("-", "_")) is not None


EXTRAS = (
    Extra("transformers", "spacy-transformers", "transformer"),
    Extra("curated-transformers", "spacy-curated-transformers", "curated_transformer"),
)


def require_block(name: str) -> None:
    """Raise ExtraError where a block's name is of a known package that is not installed."""
    for extra in EXTRAS:
        if name.startswith(f"{extra.package}."):
            _require(extra, name)


def require_factory(name: str, place: str = "") -> None:
    """Raise ExtraError where a component factory is of a known package that is not installed.

    place: where it is named, to begin the message with.
    """
    for extra in EXTRAS:
        if name == extra.factory:
            _require(extra, f"{place}the component factory {name}")


def _require(extra: Extra, what: str) -> None:
    if not extra.is_installed:
        raise ExtraError(
            f"{what} comes with {extra.package}, which is not installed.",
            f"Install it: pip install 'archlab[{extra.name}]'",
        )
