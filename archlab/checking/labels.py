"""Level build, labels: a literal nO against the labels of the corpus, which decide it where nO is null.

The corpus is read only where a config has such a number, and where it is there to be read.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from archlab.checking.building import bare_pipeline
from archlab.checking.corpora import MAX_DOCUMENTS, need_of
from archlab.checking.output_numbers import compare_outputs, says_outputs
from archlab.checking.pipelines import read_pipeline
from archlab.configs.slotting import block_reference, get_section
from archlab.configs.widths import as_section
from archlab.memory import Memory
from archlab.records import Finding

STREAMED_DOCUMENTS = 100
"""Of a corpus that is streamed (max_epochs = -1), spaCy takes the labels of so many documents."""

_COUNTED = ("textcat", "textcat_multilabel", "tagger", "spancat", "spancat_singlelabel")


def check_labels(config: Mapping[str, Any], memory: Memory | None = None) -> list[Finding]:
    """An error for each literal nO that is not the number of labels in the training corpus.

    config: filled and interpolated, and free of errors at level types. memory: of other configs; a corpus is
    read once. Where code of the user's own may read the corpus or add labels, nothing is known.
    """
    pipeline = read_pipeline(config)
    place = config["training"]["train_corpus"]
    reader = get_section(config, place)
    if pipeline.has_callbacks or not _is_plain_reader(reader):
        return []
    findings: list[Finding] = []
    for component in pipeline.trained:
        given = pipeline.section(f"initialize.components.{component.name}").get("labels")
        if component.factory not in _COUNTED or given or not says_outputs(component):
            continue
        plain = {"factory": component.factory, "spans_key": component.section.get("spans_key", "sc")}
        at_most = STREAMED_DOCUMENTS if config["training"]["max_epochs"] == -1 else MAX_DOCUMENTS
        number, read = (memory or Memory()).recall(_count_labels, config["nlp"], reader, plain, at_most)
        negative = component.factory == "spancat_singlelabel"
        if number:
            source = f"{place} has {number} label{'s' * (number != 1)}"
            source += ", and one more stands for no label" * negative
            findings += compare_outputs(component, number + negative, source, or_more=read == MAX_DOCUMENTS)
    return findings


def _is_plain_reader(section: Any) -> bool:
    """Whether spaCy or archlab brings the reader: others may do anything."""
    from spacy.util import registry

    reference = block_reference(as_section(section))
    if reference is None or reference[0] != "readers" or reference[1] not in registry.readers:
        return False
    function = registry.readers.get(reference[1])
    return function.__module__.partition(".")[0] in ("spacy", "archlab")


def _count_labels(
    nlp_section: Mapping[str, Any], reader: Mapping[str, Any], component: Mapping[str, Any], at_most: int
) -> tuple[int, int]:
    """(how many labels a corpus has for a component, in how many documents); (0, 0): unknown."""
    from spacy.util import registry

    need = need_of(component)
    labels: set[str] = set()
    read = 0
    try:
        examples = registry.resolve({"corpus": dict(reader)})["corpus"]
        for example in islice(examples(bare_pipeline(nlp_section)), at_most):
            labels |= need.labels(example.reference) if need else set()
            read += 1
    except Exception:  # corpora that are not there, and file formats: told where they are needed
        return 0, 0
    return len(labels), read
