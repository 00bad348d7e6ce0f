"""Many numbers as one line of text: what each document adds to a score, rounded finer than it varies."""

import base64
import binascii
import zlib
from math import floor, log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

STEPS_PER_SD = 32
"""Rounding adds to the variance of a difference less than a thousandth of what is there."""

MAX_EXPONENT = 64
"""Above and below 0. Scores that vary less do so by rounding alone; none varies more."""

WIDTHS = (1, 2, 4)
"""Bytes that a multiple may take; the fewest that all of them fit in."""


def pack(values: "ArrayLike") -> str:
    """Numbers, (n,), as `EXPONENT:TEXT`: whole multiples of 2^EXPONENT from their mean, packed in base 64."""
    import numpy as np

    known = np.asarray(values, dtype=np.float64)
    shifted = known - known.mean()
    sd = float(shifted.std())
    exponent = max(floor(log2(sd / STEPS_PER_SD)), -MAX_EXPONENT) if sd > 0 else 0
    multiples = np.rint(shifted * 2.0**-exponent)
    width = next(
        width for width in WIDTHS if width == WIDTHS[-1] or abs(multiples).max() < 2.0 ** (8 * width - 1)
    )
    multiples = multiples.astype(f"<i{width}")
    return f"{exponent}:{base64.b64encode(zlib.compress(multiples.tobytes(), 9)).decode('ascii')}"


def unpack(text: str, mean: float, count: int) -> "Floats":
    """Those numbers again, (count,), with just this mean. Raises ValueError for what `pack` did not write."""
    import numpy as np

    exponent, _, packed = text.partition(":")
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(packed, validate=True), WIDTHS[-1] * count + 1)
        width, rest = divmod(len(content), count)
        if rest or width not in WIDTHS:
            raise ValueError(f"it does not hold {count} numbers")
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from None
    if abs(int(exponent)) > MAX_EXPONENT:
        raise ValueError(f"its exponent is {exponent}")
    values = np.frombuffer(content, f"<i{width}") * 2.0 ** int(exponent)
    unpacked: Floats = values - values.mean() + mean
    return unpacked
