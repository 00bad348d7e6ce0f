"""Which packages' blocks are known: spaCy's, what it brings along, and Thinc's."""

import inspect
from functools import cache

from archlab.catalog.registered import find_function
from archlab.errors import ArchlabError

OWN = (
    "spacy",
    "spacy_legacy",
    "spacy_loggers",
    "spacy_transformers",
    "spacy_curated_transformers",
    "thinc",
)
"""The packages whose blocks are known: spaCy, what it brings along, its transformer packages, and Thinc."""


def is_own(registry: str, name: str) -> bool:
    """Whether one of the packages in OWN brings the block: where it was written, not what it is called."""
    return package_of(registry, name) in OWN


def package_of(registry: str, name: str) -> str:
    """The package in which a block was written, by the name under which it is imported; "" for none known."""
    try:
        return _package(registry, name)
    except ArchlabError:  # not registered, or its package cannot be imported: told at level types
        return ""


@cache
def _package(registry: str, name: str) -> str:
    module = getattr(inspect.unwrap(find_function(registry, name)), "__module__", None) or ""
    return str(module.partition(".")[0])
