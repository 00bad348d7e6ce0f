"""What to do about what mypy says, where that can be told."""

import re

from archlab.checking.mypy_runs import Complaint

UNSTATED = ("no-untyped-def", "type-arg")
"""What mypy calls a function that does not state all its types, and a `Model` that stands alone."""

_DEFAULT = re.compile(
    r'Incompatible default for parameter "(\w+)" \(default has type "None", .* type "(.+)"\)'
)
_UNDEFINED = re.compile(r'Name "(\w+)" is not defined')
_THINC_TYPE = re.compile(r"(Floats|Ints|Array|List)(\dd|Xd)|Ragged|Padded")
_SPACY_TYPES = ("Doc", "Span", "Token")


def readable(text: str) -> str:
    """Types as people write them: `list[thinc.types.Floats2d]` is `List[Floats2d]`."""
    text = re.sub(r"\b(?:[a-z_]\w*\.)+([A-Z]\w*)", r"\1", text)
    return re.sub(
        r"\b(?:builtins\.)?(list|tuple|dict|set)\[", lambda match: f"{match[1].capitalize()}[", text
    )


def fix_of(complaint: Complaint) -> str | None:
    """What to write instead; mypy's own hint where it has one; None where nothing can be told."""
    if complaint.code == "no-untyped-def":
        return "state what it takes and returns: -> Model[List[Doc], List[Floats2d]]"
    if complaint.code == "type-arg" and '"Model"' in complaint.message:
        return "state what goes in and what comes out: Model[List[Doc], List[Floats2d]]"
    if found := _DEFAULT.match(complaint.message):
        return f"write {found[1]}: Optional[{readable(found[2])}] = None"
    if found := _UNDEFINED.match(complaint.message):
        return _import_of(found[1]) or complaint.hint
    return complaint.hint


def _import_of(name: str) -> str | None:
    if name in _SPACY_TYPES:
        return f"from spacy.tokens import {name}"
    return f"from thinc.types import {name}" if _THINC_TYPE.fullmatch(name) else None
