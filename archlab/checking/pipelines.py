"""The pipeline as the rules of structure see it: what runs, what blocks it holds, what is known of them.

Only what is certain counts as known: a component that is sourced from a trained pipeline, or a block that
neither spaCy nor Thinc brings, may do anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from archlab.catalog.origins import is_own
from archlab.configs.slotting import block_reference, get_section
from archlab.configs.widths import LISTENERS, as_section

LABEL_TOKENS = ("tagger", "morphologizer", "senter", "trainable_lemmatizer")
"""The factories of components whose models give a score for each label of a token."""

_CLASSIFIERS = ("textcat", "textcat_multilabel", "spancat", "spancat_singlelabel", "span_finder")
_PARSERS = ("ner", "beam_ner", "parser", "beam_parser", "entity_linker")
_RULERS = (
    "entity_ruler",
    "future_entity_ruler",
    "span_ruler",
    "attribute_ruler",
    "lemmatizer",
    "sentencizer",
)
_FUNCTIONS = ("doc_cleaner", "merge_entities", "merge_noun_chunks", "merge_subtokens", "token_splitter")

MODEL_FACTORIES = frozenset({"tok2vec", *LABEL_TOKENS, *_CLASSIFIERS, *_PARSERS})
"""The factories of spaCy whose components hold a model."""

FACTORIES = MODEL_FACTORIES | {*_RULERS, *_FUNCTIONS, "transformer", "curated_transformer"}
"""The factories of spaCy and its transformer packages. A component of another one may do anything."""


@dataclass(frozen=True)
class Block:
    """A block inside a component. path: its slot. section: its arguments, with its `@registry`.

    is_own: spaCy, one of its transformer packages or Thinc brings it.
    is_certain: they bring every block around it, too: what is known of the block holds in this place.
    """

    path: str
    registry: str
    name: str
    section: Mapping[str, Any]
    is_own: bool
    is_certain: bool

    @property
    def severity(self) -> Literal["error", "warning"]:
        """How bad a fault is that stops the block where nothing around it can prevent it."""
        return "error" if self.is_certain else "warning"

    def is_one_of(self, *names: str) -> bool:
        """Whether it is spaCy's own block of one of these names."""
        return self.is_own and self.name in names


@dataclass(frozen=True)
class Component:
    """A component that runs: it stands in nlp.pipeline and is not disabled.

    factory: None where the component is sourced. is_frozen, is_annotating: as [training] says.
    """

    name: str
    section: Mapping[str, Any]
    factory: str | None
    blocks: tuple[Block, ...]
    is_frozen: bool
    is_annotating: bool

    @property
    def path(self) -> str:
        return f"components.{self.name}"

    @property
    def is_known(self) -> bool:
        """A factory of spaCy's, and no block of anybody else's."""
        return self.factory in FACTORIES and all(block.is_own for block in self.blocks)

    @property
    def listeners(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.is_one_of(*LISTENERS))


@dataclass(frozen=True)
class Pipeline:
    """config: filled and interpolated. components: those that run, in their order."""

    config: Mapping[str, Any]
    components: tuple[Component, ...]

    @property
    def trained(self) -> tuple[Component, ...]:
        """The components with a known factory that are initialised and updated."""
        return tuple(c for c in self.components if c.factory is not None and not c.is_frozen)

    @property
    def has_callbacks(self) -> bool:
        """Code of the user's own may change the pipeline before it is trained: load weights, add vectors."""
        keys = ("nlp.before_creation", "nlp.after_creation", "nlp.after_pipeline_creation")
        return any(get_section(self.config, key) for key in (*keys, "initialize.before_init"))

    @property
    def may_have_vectors(self) -> bool:
        """Word vectors are loaded, or may be, by what is not known."""
        own = block_reference(self.section("nlp.vectors")) in (None, ("vectors", "spacy.Vectors.v1"))
        is_sourced = any(component.factory is None for component in self.components)
        return bool(self.section("initialize").get("vectors")) or not own or self.has_callbacks or is_sourced

    def section(self, path: str) -> Mapping[str, Any]:
        """The section at a path; empty where there is none, or something else."""
        return as_section(get_section(self.config, path))

    def names(self, path: str) -> list[str]:
        """The names listed at a path; empty where there are none, or something else."""
        return _as_names(get_section(self.config, path))

    def before(self, component: Component) -> tuple[Component, ...]:
        """What runs before a component."""
        return self.components[: self.components.index(component)]

    def after(self, component: Component) -> tuple[Component, ...]:
        """What runs after a component."""
        return self.components[self.components.index(component) + 1 :]


def read_pipeline(config: Mapping[str, Any]) -> Pipeline:
    """Read the pipeline of a filled and interpolated config. Nothing is built."""
    names, disabled, frozen, annotating = (
        _as_names(get_section(config, path))
        for path in (
            "nlp.pipeline",
            "nlp.disabled",
            "training.frozen_components",
            "training.annotating_components",
        )
    )
    components = []
    for name in names:
        section = get_section(config, f"components.{name}")
        if not isinstance(section, Mapping) or name in disabled:
            continue
        factory = section.get("factory") if isinstance(section.get("factory"), str) else None
        blocks: list[Block] = []
        _collect_blocks(section, f"components.{name}", factory in FACTORIES, blocks)
        components.append(
            Component(
                name=name,
                section=section,
                factory=factory,
                blocks=tuple(blocks),
                is_frozen=name in frozen,
                is_annotating=name in annotating,
            )
        )
    return Pipeline(config, tuple(components))


def _as_names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _collect_blocks(section: Mapping[str, Any], path: str, is_certain: bool, found: list[Block]) -> None:
    reference = block_reference(section)
    if reference is not None:
        own = is_own(*reference)
        is_certain = is_certain and own
        found.append(Block(path, *reference, section, own, is_certain))
    for key, value in section.items():
        if isinstance(value, Mapping):
            _collect_blocks(value, f"{path}.{key}", is_certain, found)
