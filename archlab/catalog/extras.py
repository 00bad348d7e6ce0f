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

_OF_MODULES = {
    "spacy_transformers": "transformers",
    "spacy_curated_transformers": "curated-transformers",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
}
"""The extra that brings a module which code of one's own may import."""


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


def install_hint(error: BaseException) -> str | None:
    """The command that brings the module for want of which code failed; None where no extra would."""
    module = (getattr(error, "name", None) or "") if isinstance(error, ModuleNotFoundError) else ""
    extra = _OF_MODULES.get(module.partition(".")[0])
    return extra and f"Install it: pip install 'archlab[{extra}]'"
