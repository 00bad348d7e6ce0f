"""Which packages' blocks are known: spaCy's, what it brings along, and Thinc's."""

import inspect
from functools import cache

OWN = (
    "spacy",
    "spacy_legacy",
    "spacy_loggers",
    "spacy_transformers",
    "spacy_curated_transformers",
    "thinc",
)
"""The packages whose blocks are known: spaCy, what it brings along, its transformer packages, and Thinc."""


@cache
def is_own(registry: str, name: str) -> bool:
    """Whether one of the packages in OWN brings the block: where it was written, not what it is called."""
    from spacy.util import registry as registries

    try:
        function = inspect.unwrap(registries.get(registry, name))
    except Exception:  # not registered, or its package cannot be imported: told at level types
        return False
    return getattr(function, "__module__", "").partition(".")[0] in OWN
