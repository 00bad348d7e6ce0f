"""Numbers as people read them in a table."""

from collections.abc import Sequence, Sized

from archlab.results.statistics import Spread

SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def score(value: float, digits: int = 3) -> str:
    """A score without its leading zero: `.983`, `1.000`, `-.042`."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 and not text.lstrip("-").startswith("1") else text


def score_text(found: Spread, digits: int = 3) -> str:
    """`.983 ± .004`; the mean alone for one seed."""
    mean = score(found.mean, digits)
    return mean if found.sd is None else f"{mean} ± {score(found.sd, digits)}"


def p_text(p: float | None) -> str:
    """`.012`, `<.001`; empty where it is not known."""
    if p is None:
        return ""
    return "<.001" if p < 0.001 else score(p)


def amount_text(found: Spread, digits: int = 3) -> str:
    """A score of any size, `.983 ± .004`; from 10 on as a whole number, `1,173 ± 12`: it counts something."""
    if abs(found.mean) < 10:
        return score_text(found, digits)
    return f"{found.mean:,.0f}" if not found.sd else f"{found.mean:,.0f} ± {found.sd:,.0f}"


def speed_text(words_per_second: float | None, sd: float | None = None) -> str:
    """`72,600 ±3%`: three digits, which is what a measurement is good for; empty where it is not known."""
    if words_per_second is None:
        return ""
    rounded = float(f"{words_per_second:.3g}")
    spread = f" ±{sd / words_per_second:.0%}" if sd is not None and words_per_second else ""
    return f"{rounded:,.{0 if rounded >= 10 else 1}f}{spread}"


def difference(value: float, digits: int = 3) -> str:
    """A difference with its sign: `+.012`, `-.470`."""
    text = score(abs(value), digits)
    return f"{'-' if value < 0 else '+'}{text}"


def counted(things: Sized, word: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def some(labels: Sequence[str], shown: int = 4) -> str:
    """The first few of many names, and how many more there are."""
    more = f" and {len(labels) - shown} more" if len(labels) > shown else ""
    return ", ".join(labels[:shown]) + more


def compact(value: float | None) -> str:
    """A count in two or three digits: `1.3 M`, `980 k`; empty where it is not known."""
    if value is None:
        return ""
    for scale, unit in SCALES:
        if value >= scale:
            scaled = value / scale
            return f"{scaled:.1f} {unit}" if scaled < 100 else f"{scaled:.0f} {unit}"
    return str(value)
