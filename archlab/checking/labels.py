"""Level build, labels: a literal nO against the labels of the corpus, which decide it where nO is null.

The corpus is read only where a config has such a number, and where it is there to be read.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from archlab.checking.building import bare_pipeline
from archlab.checking.corpora import MAX_DOCUMENTS, need_of
from archlab.checking.outputs import compare_outputs
from archlab.checking.pipelines import Component, as_width, read_pipeline
from archlab.configs.slotting import get_section
from archlab.records import Finding

_COUNTED = ("textcat", "textcat_multilabel", "tagger", "spancat", "spancat_singlelabel")


def check_labels(config: Mapping[str, Any]) -> list[Finding]:
    """An error for each literal nO that is not the number of labels in the training corpus.

    config: filled and interpolated, and free of errors at level types. Corpora are read once in a process.
    """
    pipeline = read_pipeline(config)
    place = config["training"]["train_corpus"]
    findings: list[Finding] = []
    for component in pipeline.trained:
        given = pipeline.section(f"initialize.components.{component.name}").get("labels")
        if component.factory not in _COUNTED or given or not _has_literal_outputs(component):
            continue
        reader = get_section(config, place)
        plain = {"factory": component.factory, "spans_key": component.section.get("spans_key", "sc")}
        number, is_all = _count_labels(*map(_canonical, (config["nlp"], reader, plain)))
        negative = component.factory == "spancat_singlelabel"
        if number:
            source = f"{place} has {number} label{'s' * (number != 1)}"
            source += ", and one more stands for no label" * negative
            findings += compare_outputs(component, number + negative, source, or_more=not is_all)
    return findings


def _has_literal_outputs(component: Component) -> bool:
    return any(as_width(block.section.get("nO")) is not None for block in component.blocks)


@lru_cache(maxsize=64)
def _count_labels(nlp_section: str, reader: str, component: str) -> tuple[int, bool]:
    """(how many labels a corpus has for a component, whether all of it was read); (0, False): unknown."""
    from spacy.util import registry

    need = need_of(json.loads(component))
    labels: set[str] = set()
    read = 0
    try:
        examples = registry.resolve({"corpus": json.loads(reader)})["corpus"]
        for example in islice(examples(bare_pipeline(json.loads(nlp_section))), MAX_DOCUMENTS):
            labels |= need.labels(example.reference) if need else set()
            read += 1
    except Exception:  # corpora that are not there, file formats and user code: told where they are needed
        return 0, False
    return len(labels), read < MAX_DOCUMENTS


def _canonical(section: Any) -> str:
    return json.dumps(section, sort_keys=True)
