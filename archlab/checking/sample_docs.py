"""Documents made to fit a pipeline, where its own corpus is not there: a dozen, each with every annotation.

Their labels are those that [initialize] names or a sourced component has, as many as a literal nO asks
for, or a few of their own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example

# One sentence a line; of each word: form, part of speech, tag, morphology, lemma, dependency, head, entity.
SENTENCES = """
Anna PROPN NNP Number=Sing Anna nsubj 1 PERSON|sees VERB VBZ Number=Sing see ROOT 1 -|dogs NOUN NNS Number=Plur dog dobj 1 -
The DET DT Definite=Def the det 2 -|old ADJ JJ Degree=Pos old amod 2 -|dogs NOUN NNS Number=Plur dog nsubj 3 -|bark VERB VBP Number=Plur bark ROOT 3 -|in ADP IN _ in prep 3 -|Berlin PROPN NNP Number=Sing Berlin pobj 4 PLACE|. PUNCT . _ . punct 3 -
Berlin PROPN NNP Number=Sing Berlin nsubj 1 PLACE|likes VERB VBZ Number=Sing like ROOT 1 -|Anna PROPN NNP Number=Sing Anna dobj 1 PERSON|. PUNCT . _ . punct 1 -
Stop VERB VB _ stop ROOT 0 -
Old ADJ JJ Degree=Pos old amod 1 -|friends NOUN NNS Number=Plur friend nsubj 2 -|see VERB VBP Number=Plur see ROOT 2 -|Anna PROPN NNP Number=Sing Anna dobj 2 PERSON|in ADP IN _ in prep 2 -|the DET DT Definite=Def the det 6 -|streets NOUN NNS Number=Plur street pobj 4 -|of ADP IN _ of prep 6 -|Berlin PROPN NNP Number=Sing Berlin pobj 7 PLACE|. PUNCT . _ . punct 2 -
"""  # noqa: E501

# Which sentences make up each document: from one word to three sentences.
DOCUMENTS = ((0,), (1,), (3,), (2,), (4,), (0, 1), (2, 4), (1, 2, 0), (4, 0), (1, 4), (2, 1, 0), (0, 2))

_LEFT, _RIGHT = 2, 3
"""Actions of spaCy's arc-eager transition system."""

Word = tuple[str, str, str, str, str, str, int, str]


@dataclass(frozen=True)
class Labels:
    """What the made documents are labelled with; an empty tuple stands for labels of their own.

    links: (alias, entity of the knowledge base), for an entity linker.
    """

    cats: tuple[str, ...] = ("FIRST", "SECOND")
    are_exclusive: bool = True
    tags: tuple[str, ...] = ()
    morphs: tuple[str, ...] = ()
    left_arcs: tuple[str, ...] = ()
    right_arcs: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    spans: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()


def make_examples(nlp: "Language", config: Mapping[str, Any]) -> "list[Example]":
    """A dozen examples or more, from one token to twenty, in the vocabulary of the pipeline.

    config: filled and interpolated. The predicted side has words alone, as a corpus gives them.
    """
    from spacy.tokens import Doc
    from spacy.training import Example

    labels = choose_labels(nlp, config)
    found = []
    for reference in _documents(nlp, labels):
        words = [token.text for token in reference]
        spaces = [bool(token.whitespace_) for token in reference]
        found.append(Example(Doc(nlp.vocab, words=words, spaces=spaces), reference))
    return found


def fixed_outputs(component: Mapping[str, Any]) -> int | None:
    """The literal nO of a component's model, which then must agree with the number of its labels."""
    model = component.get("model")
    outputs = model.get("nO") if isinstance(model, Mapping) else None
    return outputs if isinstance(outputs, int) else None


def choose_labels(nlp: "Language", config: Mapping[str, Any]) -> Labels:
    """The labels that the pipeline's components expect of their documents."""
    chosen: dict[str, Any] = {"spans": {}}
    for name in config["nlp"]["pipeline"]:
        component = config["components"][name]
        factory, settings = component.get("factory"), _settings(config, name)
        given = settings.get("labels") or getattr(nlp.get_pipe(name), "label_data", None)
        count = fixed_outputs(component)
        if factory in ("textcat", "textcat_multilabel"):
            cats = _names(given) or _numbered("LABEL", count) or Labels.cats
            positive = settings.get("positive_label")
            if positive and positive not in cats:
                cats = (positive, *cats[1:])
            chosen |= {"cats": cats}
            chosen["are_exclusive"] = chosen.get("are_exclusive", False) or factory == "textcat"
        elif factory == "tagger":
            chosen["tags"] = _names(given) or _numbered("T", count)
        elif factory == "morphologizer":
            morphs = given.get("morph") if isinstance(given, dict) else given
            chosen["morphs"] = _names(morphs) or _numbered("POS=X|Feature=V", count)
        elif factory in ("parser", "beam_parser"):
            chosen["left_arcs"] = _action_labels(given, _LEFT)
            chosen["right_arcs"] = _action_labels(given, _RIGHT)
        elif factory in ("ner", "beam_ner"):
            chosen["entities"] = _action_labels(given)
        elif factory in ("spancat", "spancat_singlelabel", "span_finder"):
            negative = factory == "spancat_singlelabel"
            key = component.get("spans_key", "sc")
            numbered = _numbered("SPAN", None if count is None else max(1, count - negative))
            chosen["spans"][key] = _names(given) or numbered or chosen["spans"].get(key, ())
        elif factory == "entity_linker":
            chosen["links"] = _links(nlp, settings)
    return Labels(**chosen)


def _settings(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The component's part of [initialize], resolved; nothing where that fails: initializing will say so."""
    from spacy.util import registry

    try:
        section = config["initialize"]["components"][name]
        return dict(registry.resolve({"settings": section}, validate=False)["settings"])
    except Exception:  # readers of files that may not be there, and user code
        return {}


def _names(given: Any) -> tuple[str, ...]:
    return tuple(map(str, given)) if isinstance(given, (list, tuple, dict)) else ()


def _numbered(stem: str, count: int | None) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(count or 0))


def _action_labels(given: Any, action: int | None = None) -> tuple[str, ...]:
    """The labels among a transition system's actions, or of one of them: {"2": {"nsubj": 12, ...}, ...}."""
    actions = given.items() if isinstance(given, dict) else ()
    groups = (group for number, group in actions if action is None or str(number) == str(action))
    found = (label for group in groups if isinstance(group, dict) for label in group)
    return tuple(dict.fromkeys(label for label in found if label and "||" not in label))


def _links(nlp: "Language", settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Two aliases of the knowledge base that [initialize] loads; none where it is of another kind."""
    try:
        base = settings["kb_loader"](nlp.vocab)
        aliases = islice(base.get_alias_strings(), 2)
        return tuple((alias, base.get_alias_candidates(alias)[0].entity_) for alias in aliases)
    except Exception:  # a knowledge base is user code: whatever it raises, initializing will say it
        return ()


def _documents(nlp: "Language", labels: Labels) -> "Iterator[Doc]":
    """The dozen, and again until every label has come."""
    sentences = [list(_words(line)) for line in SENTENCES.strip().splitlines()]
    runs = {
        name: cycle(values)
        for name, values in vars(labels).items()
        if isinstance(values, tuple) and values and name != "cats"
    }
    runs |= {f"spans.{key}": cycle(values or ("PERSON", "PLACE")) for key, values in labels.spans.items()}
    wanted = max((len(value) for value in (labels.cats, *labels.spans.values())), default=0)
    needed = max(len(DOCUMENTS), wanted, -(-max(len(labels.tags), len(labels.morphs)) // 4))
    for number, chosen in enumerate(islice(cycle(DOCUMENTS), needed)):
        doc = _document(nlp, [sentences[index] for index in chosen], labels, runs)
        positive = {labels.cats[number % len(labels.cats)]}
        if not labels.are_exclusive and number % 3 == 0:
            positive = set(labels.cats) if number % 2 else set()
        doc.cats = {label: float(label in positive) for label in labels.cats}
        yield doc


def _words(line: str) -> Iterator[Word]:
    for word in line.split("|"):
        form, pos, tag, morph, lemma, dependency, head, entity = word.split()
        yield form, pos, tag, "" if morph == "_" else morph, lemma, dependency, int(head), entity


def _document(
    nlp: "Language", sentences: list[list[Word]], labels: Labels, runs: Mapping[str, Iterator[Any]]
) -> "Doc":
    from spacy.tokens import Doc, Span

    words = [word for sentence in sentences for word in sentence]
    starts = [sum(map(len, sentences[:number])) for number in range(len(sentences))]
    heads = [start + word[6] for start, sentence in zip(starts, sentences, strict=True) for word in sentence]
    links = [next(runs["links"]) if word[7] != "-" and labels.links else None for word in words]
    morphs = [_split_morph(next(runs["morphs"])) if labels.morphs else (word[1], word[3]) for word in words]
    doc = Doc(
        nlp.vocab,
        words=[link[0] if link else word[0] for word, link in zip(words, links, strict=True)],
        pos=[pos for pos, _ in morphs],
        morphs=[morph for _, morph in morphs],
        tags=[next(runs["tags"]) if labels.tags else word[2] for word in words],
        lemmas=[word[4] for word in words],
        heads=heads,
        deps=[
            _arc_label(word[5], head - position, labels, runs)
            for position, (word, head) in enumerate(zip(words, heads, strict=True))
        ],
    )
    entities = []
    for position, (word, link) in enumerate(zip(words, links, strict=True)):
        if word[7] != "-":
            label = next(runs["entities"]) if labels.entities else word[7]
            kb_id = link[1] if link else ""
            entities.append(Span(doc, position, position + 1, label=label, kb_id=kb_id))
    doc.set_ents(entities, default="outside")
    for key in labels.spans:
        doc.spans[key] = list(_spans(doc, runs[f"spans.{key}"]))
    return doc


def _arc_label(own: str, offset: int, labels: Labels, runs: Mapping[str, Iterator[Any]]) -> str:
    """A label that the parser knows for arcs of this direction; offset: from the word to its head."""
    name = "left_arcs" if offset > 0 else "right_arcs"
    return next(runs[name]) if offset and getattr(labels, name) else own


def _split_morph(label: str) -> tuple[str, str]:
    """(part of speech, the rest) of a morphologizer's label, `Number=Sing|POS=NOUN`."""
    features = [feature for feature in label.split("|") if feature and feature != "_"]
    pos = next((feature.removeprefix("POS=") for feature in features if feature.startswith("POS=")), "")
    return pos, "|".join(feature for feature in features if not feature.startswith("POS="))


def _spans(doc: "Doc", labels: Iterator[str]) -> Iterable[Any]:
    """Every entity, and the first two words: they may overlap, as spans do."""
    from spacy.tokens import Span

    for entity in doc.ents:
        yield Span(doc, entity.start, entity.end, label=next(labels))
    yield Span(doc, 0, min(2, len(doc)), label=next(labels))
