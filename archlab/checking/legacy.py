"""Structure, legacy: blocks that train and are known to do something else than they look like."""

from collections.abc import Iterator

from archlab.catalog.defects import defect
from archlab.checking.pipelines import Pipeline
from archlab.records import Finding


def known_defects(pipeline: Pipeline) -> Iterator[Finding]:
    """A block of spaCy's with a known defect, and the version without it."""
    for component in pipeline.components:
        for block in component.blocks:
            found = defect(block.registry, block.name, block.section, component.factory)
            if found is None or not block.is_own:
                continue
            slot = block.path.removeprefix("components.")
            yield Finding(
                severity="note",
                slot=block.path,
                message=f"{block.name} {found.what}; {_told_apart(block.name, found.instead)} does not",
                fix=f"archlab swap {slot} {found.instead}",
            )


RULES = (known_defects,)


def _told_apart(name: str, instead: str) -> str:
    """The other block as one says it beside this one: by its version alone where the rest is the same."""
    family, _, version = instead.rpartition(".")
    return version if name.startswith(f"{family}.") else instead
