"""Names beside the points of a chart that is written to a file, where Vega's own placing needs a browser."""

from collections.abc import Iterator
from typing import Any

from archlab.records import Json

NAMES = "names"
"""The mark that holds them."""

CHARACTER, HEIGHT, GAP = 6.6, 14.0, 9.0
"""Pixels: the width of a character, the height of a line, from a point to its name."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def place_names(spec: Json) -> Json:
    """A Vega spec whose names stand to the right or left of their points; those without room are left out.

    A spec without such names comes back as it is.
    """
    import vl_convert

    names = [mark for mark in spec["marks"] if mark.get("name") == NAMES]
    if not names:
        return spec
    others = [mark for mark in spec["marks"] if mark.get("name") != NAMES]
    at_points = {key: value for key, value in names[0].items() if key != "transform"}
    at_points["encode"] = {"enter": {**names[0]["encode"]["enter"], "x": {"field": "x"}, "y": {"field": "y"}}}
    scene = vl_convert.vega_to_scenegraph({**spec, "marks": [*others, at_points]})["scenegraph"]
    placed = list(_placed(list(_items(scene)), float(spec["width"])))
    return {
        **spec,
        "data": [*spec["data"], {"name": NAMES, "values": placed}],
        "marks": [*others, _mark()],
    }


def _items(scene: Any) -> Iterator[Json]:
    """The names as they would stand on their points."""
    for item in scene.get("items", ()):
        if scene.get("name") == NAMES:
            yield item
        yield from _items(item)


def _placed(items: list[Json], width: float) -> Iterator[Json]:
    """Those that have room, where they have it."""
    taken: list[Box] = [
        (item["x"] - GAP, item["y"] - GAP, item["x"] + GAP, item["y"] + GAP) for item in items
    ]
    for item in items:
        x, y, text = item["x"], item["y"], str(item.get("text") or "")
        long = len(text) * CHARACTER
        for align, left in (("left", x + GAP), ("right", x - GAP - long)):
            box = (left, y - HEIGHT / 2, left + long, y + HEIGHT / 2)
            if text and left >= 0 and box[2] <= width and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield {"x": x + GAP if align == "left" else x - GAP, "y": y, "text": text, "align": align}
                break


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _mark() -> Json:
    fields = {key: {"field": key} for key in ("x", "y", "text", "align")}
    return {
        "type": "text",
        "style": ["guide-label"],
        "from": {"data": NAMES},
        "encode": {"enter": {**fields, "baseline": {"value": "middle"}, "fontSize": {"value": 12}}},
    }
