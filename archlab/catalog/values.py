"""Whether a plain value of a config may be passed where an annotation stands."""

from typing import Any


def type_error(value: Any, annotation: Any) -> str | None:
    """What is wrong with passing a value, in confection's words; None where nothing is.

    A block is not a plain value: compare what it returns with `signatures.accepts`.
    """
    from confection import validation

    check: Any = validation.validate_type  # not annotated
    found: str | None = check(value, annotation)
    return found
