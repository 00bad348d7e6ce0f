"""Layers that do not fit: the complaints of Thinc's mypy plugin as one that names both layers."""

import re
from collections.abc import Sequence
from dataclasses import replace

from archlab.checking.code_reading import SourceCode
from archlab.checking.mypy_advice import readable
from archlab.checking.mypy_runs import Complaint

CODES = ("layer-mismatch-input", "layer-mismatch-output")

BRIDGES = {
    ("List[Floats2d]", "Floats2d"): (
        "a row per token stays one with with_array({layer}); "
        "a row per Doc comes of list2ragged() and reduce_mean() between the two"
    ),
    ("List[Floats2d]", "Ragged"): "put list2ragged() between the two",
    ("List[Floats2d]", "Padded"): "wrap the layer: with_padded({layer})",
    ("List[Ints2d]", "Ints2d"): "wrap the layer: with_array({layer})",
    ("Ragged", "Floats2d"): (
        "a row per token stays one with with_array({layer}); "
        "a row per Doc comes of reduce_mean() between the two"
    ),
    ("Ragged", "List[Floats2d]"): "put ragged2list() between the two",
    ("Padded", "List[Floats2d]"): "put padded2list() between the two",
    ("Floats2d", "List[Floats2d]"): "these rows have no Docs any more: put {layer} before what joined them",
    ("Floats2d", "Ragged"): "these rows have no Docs any more: put {layer} before what joined them",
    ("Padded", "Floats2d"): "wrap the layer: with_array2d({layer})",
}
"""(what a layer gives, what the next takes) -> what Thinc has for it."""

_GIVES = re.compile(r"Layer outputs type \((.*)\) but the next layer expects \((.*)\) as an input")
_TAKES = re.compile(r"Layer input type \((.*)\) is not compatible with output \((.*)\) from previous layer")
_BESIDE = re.compile(r"Layer (input|output) \((.*)\) not compatible with (next|previous) layer \1 \((.*)\)")
_NOT_INFERRED = re.compile(r'Cannot infer (?:value of type parameter "\w+"|type argument \d+) of "(\w+)"')
_FOLLOWS = ("misc", "arg-type")
"""What mypy itself says of a call in which layers do not fit."""


def merged(complaints: Sequence[Complaint], code: SourceCode) -> list[Complaint]:
    """The complaints, each pair of layers that do not fit as one, at the second layer.

    What mypy says of the call around such a pair goes.
    """
    left = list(complaints)
    mismatches = []
    while first := next((one for one in left if one.code in CODES), None):
        left.remove(first)
        second = next((other for other in left if _answers(first, other)), None)
        if second is None:  # a plugin that words it otherwise
            mismatches.append(first)
            continue
        left.remove(second)
        mismatches.append(_both(first, second, code))
    told = [one for one in left if not any(_is_about(one, mismatch, code) for mismatch in mismatches)]
    told = [_in_words(one, code) for one in told]
    return sorted([*told, *mismatches], key=lambda one: (one.line, one.column))


def _answers(first: Complaint, other: Complaint) -> bool:
    """Whether the second is about the layer after the first, and says the same the other way round."""
    if (other.line, other.column) <= (first.line, first.column):
        return False
    gives, takes = _GIVES.fullmatch(first.message), _TAKES.fullmatch(other.message)
    if gives and takes:
        return gives.groups() == takes.groups()[::-1]
    one, two = _BESIDE.fullmatch(first.message), _BESIDE.fullmatch(other.message)
    return bool(one and two and one[1] == two[1] and (one[2], one[4]) == (two[4], two[2]))


def _both(first: Complaint, second: Complaint, code: SourceCode) -> Complaint:
    one = code.expression(first.line, first.column) or "the layer"
    other = code.expression(second.line, second.column)
    named = other or "this layer"
    if found := _GIVES.fullmatch(first.message):
        given, taken = readable(found[1]), readable(found[2])
        bridge = BRIDGES.get((given, taken), f"put a layer between them that takes {given}")
        message = f"{named} takes {taken}, and {one} before it gives {given}"
        return replace(second, message=message, hint=bridge.format(layer=other or "..."))
    beside = _BESIDE.fullmatch(first.message)
    assert beside is not None  # it has an answer
    verb = {"input": "takes", "output": "gives"}[beside[1]]
    message = f"{named} {verb} {readable(beside[4])}, and {one} beside it {verb} {readable(beside[2])}"
    return replace(second, message=message, hint=f"let both {verb[:-1]} the same")


def _is_about(complaint: Complaint, mismatch: Complaint, code: SourceCode) -> bool:
    """Whether mypy says of the call that its layers do not fit, which has been said better."""
    place = (mismatch.line, mismatch.column)
    begin, end = (complaint.line, complaint.column), code.end(complaint.line, complaint.column)
    names_call = _NOT_INFERRED.match(complaint.message) or complaint.message.startswith("Argument ")
    return complaint.code in _FOLLOWS and bool(names_call) and begin <= place <= end


def _in_words(complaint: Complaint, code: SourceCode) -> Complaint:
    """What mypy says of a call that Thinc's plugin leaves alone: `thinc.api.chain(...)` is no name."""
    found = _NOT_INFERRED.match(complaint.message)
    if found is None:
        return complaint
    layers = code.arguments(complaint.line, complaint.column)[:2]
    named = " and ".join(layers) if len(layers) == 2 else f"layers of this {found[1]}"
    fix = f"import {found[1]} and call it by that name: then it is told what they take and give"
    return replace(complaint, message=f"{named} do not fit together", hint=fix)
