"""Level types, second half: do the parts of a config agree with one another, beyond the types of its blocks?

Nothing is built. What would make training fail is an error; what trains and learns something else than it
looks like is a warning. Each rule has been tried with spaCy, and a slow test tries it again.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archlab.checking import (
    allocators,
    legacy,
    listeners,
    output_numbers,
    outputs,
    pretraining,
    scorers,
    settings,
    transformers,
    widths,
)
from archlab.checking.pipelines import Pipeline, read_pipeline
from archlab.records import Finding

Rule = Callable[[Pipeline], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    *listeners.RULES,
    *widths.RULES,
    *transformers.RULES,
    *outputs.RULES,
    *scorers.RULES,
    *output_numbers.RULES,
    *settings.RULES,
    *pretraining.RULES,
    *legacy.RULES,
    *allocators.RULES,
)


def check_structure(config: Mapping[str, Any]) -> list[Finding]:
    """All findings of the rules, rule by rule.

    config: filled and interpolated. It may be wrong in any way that the level types tells: a rule passes
    over what it cannot read.
    """
    pipeline = read_pipeline(config)
    return [finding for rule in RULES for finding in rule(pipeline)]
