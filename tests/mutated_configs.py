"""Configs with something broken in them, as people and disks break them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


def _words(text: str) -> list[str]:
    return re.split(r" \| |\n", text.strip())


VALUES = (
    *_words(r"""
null | true | -1 | 0 | 1 | 64 | -0.5 | 1e300 | NaN | Infinity | 1e999 | 99999999999999999999 | ""
"x" | "\u0000" | [] | {} | [[[]]] | [1, null, {}] | {"a": {"b": [1]}} | ["textcat"] | bare words
'single' | "open | [1, | {,} | "tok2vec" | {"@architectures": "spacy.Tok2Vec.v2"} | "naïve ☃ 😀"
%(x)s | 0x1F | 1_000
"""),
    "",
    '"' + "long " * 500 + '"',
    "[" * 300 + "]" * 300,
)
NUMBERS = (
    *_words("""
-1 | 0 | 3 | 0.5 | -7.5 | 1e9 | 10000000 | 1000 | 1e-300 | true
"""),
)
REFERENCES = (
    *_words("""
${ | ${} | ${x} | ${vars} | ${nlp} | ${.} | ${a..b} | ${vars.nowhere} | $${x} | ${vars.x | ${ }
${components} | ${nlp.pipeline} | ${training.max_steps} | ${paths.train}/${paths.dev} | ${nlp:lang}
"${vars.nowhere}" | ["${nlp.lang}"] | ${vars.x${vars.y}} | ${training.optimizer} | __SECTION__:nlp
"""),
)
BLOCKS = (
    *_words("""
spacy.TextCatBOW.v3 | spacy.Tagger.v2 | spacy.Tok2Vec.v2 | spacy.Tok2VecListener.v1 | spacy.Nope.v1
spacy.HashEmbedCNN.v2 | spacy.MultiHashEmbed.v2 | spacy.CharacterEmbed.v2 | spacy.SpanFinder.v1
spacy.MaxoutWindowEncoder.v2 | spacy.TransitionBasedParser.v2 | spacy.TextCatReduce.v1 | Linear.v1
spacy.TorchBiLSTMEncoder.v1 | spacy.SpanCategorizer.v1 | spacy.ngram_suggester.v1 | chain.v1
Adam.v1 | spacy.StaticVectors.v2 | spacy.PretrainVectors.v1 | reduce_mean.v1 | spacy.Corpus.v1
ŝpacy.v1 | spacy.copy_from_base_model.v1 | spacy.batch_by_words.v1 | compounding.v1
spacy.ConsoleLogger.v1
"""),
    "",
)
REGISTRIES = (
    *_words("""
architectures | layers | misc | readers | optimizers | schedules | factories | nope
"""),
    "",
)
NAMES = (
    *_words("""
x | a.b | a b | * | @ | DEFAULT | é | model | tok2vec | nlp | __class__ | lambda | 0 | -
"""),
    "\t",
)
FACTORIES = ("textcat", "tagger", "tok2vec", "ner", "parser", "spancat", "sentencizer", "transformer", "nope")
BYTES = bytes((0, 9, 10, 13, 32, 34, 36, 61, 64, 91, 93, 123, 125, 127, 195, 255))

Section = tuple[str, list[str]]
"""A section's header, without its brackets, and the lines below it."""


@dataclass
class Draft:
    """A config's text in the making. sections: the first may have no header, ""."""

    random: Random
    sections: list[Section] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, random: Random) -> "Draft":
        draft = cls(random, [("", [])])
        for line in text.splitlines():
            if header := re.fullmatch(r"\[(.+)\]", line.strip()):
                draft.sections.append((header[1], []))
            elif line.strip() and not line.startswith("#"):
                draft.sections[-1][1].append(line)
        return draft

    def __str__(self) -> str:
        return "\n\n".join(
            "\n".join([*([f"[{name}]"] if name else []), *lines]) for name, lines in self.sections
        )

    def place(self) -> int:
        """Where some section stands."""
        return self.random.randrange(len(self.sections))

    def lines(self) -> list[str]:
        """The lines of some section that has any."""
        return self.random.choice([lines for _, lines in self.sections if lines] or [["x = 1"]])

    def change(self, key: str | None = None, value: str | None = None) -> None:
        """Give some setting another name, another value, or both."""
        lines = self.lines()
        at = self.random.randrange(len(lines))
        old_key, _, old_value = lines[at].partition("=")
        lines[at] = f"{key or old_key.strip()} = {old_value.strip() if value is None else value}"

    def rename(self, at: int, name: str) -> None:
        self.sections[at] = (name, self.sections[at][1])


def _value(draft: Draft) -> None:
    draft.change(value=draft.random.choice(VALUES))


def _number(draft: Draft) -> None:
    """Another number where one stands."""
    spots = [
        (lines, at)
        for _, lines in draft.sections
        for at, line in enumerate(lines)
        if re.search(r"= *-?[\d.]+$", line)
    ]
    if spots:
        lines, at = draft.random.choice(spots)
        number = draft.random.choice(
            ("-1", "0", "3", "0.5", "-7.5", "1e9", "10000000", "1000", "1e-300", "true")
        )
        lines[at] = f"{lines[at].partition('=')[0].strip()} = {number}"


def _reference(draft: Draft) -> None:
    draft.change(value=draft.random.choice(REFERENCES))


def _circle(draft: Draft) -> None:
    """A setting that is its own section, or itself, or one that refers back."""
    name, lines = draft.random.choice(draft.sections)
    if name and lines:
        at = draft.random.randrange(len(lines))
        key = lines[at].partition("=")[0].strip()
        target = draft.random.choice((name, f"{name}.{key}", name.rpartition(".")[0] or name))
        lines[at] = f"{key} = ${{{target}}}"


def _block(draft: Draft) -> None:
    """Another block where one is named, or two of them, or one where there was none."""
    random = draft.random
    named = f'@{random.choice(REGISTRIES)} = "{random.choice(BLOCKS)}"'
    spots = [
        (lines, at) for _, lines in draft.sections for at, line in enumerate(lines) if line.startswith("@")
    ]
    lines, at = random.choice(spots) if spots else (draft.lines(), 0)
    key = lines[at].partition("=")[0].strip()
    if random.random() < 0.6:
        lines[at] = f'{key} = "{random.choice(BLOCKS)}"'
    elif random.random() < 0.5:
        lines.append(named)
    else:
        draft.lines().insert(0, named)


def _drop_line(draft: Draft) -> None:
    lines = draft.lines()
    del lines[draft.random.randrange(len(lines))]


def _double_line(draft: Draft) -> None:
    draft.lines().append(draft.random.choice(draft.lines()))


def _rename_key(draft: Draft) -> None:
    draft.change(key=draft.random.choice(NAMES))


def _drop_section(draft: Draft) -> None:
    if len(draft.sections) > 1:
        del draft.sections[draft.place()]


def _double_section(draft: Draft) -> None:
    name, lines = draft.sections[draft.place()]
    draft.sections.insert(draft.place(), (name, [*lines]))


def _rename_section(draft: Draft) -> None:
    at = draft.place()
    name = draft.sections[at][0]
    parent, _, own = name.rpartition(".")
    other = draft.random.choice((draft.random.choice(NAMES), f"{own}{draft.random.choice('xé2')}", own[1:]))
    draft.rename(at, f"{parent}.{other}" if parent and draft.random.random() < 0.7 else other)


def _move_block(draft: Draft) -> None:
    """A section, with all below it, into another place."""
    here, there = draft.sections[draft.place()][0], draft.sections[draft.place()][0]
    draft.sections.sort(key=lambda section: section[0] != "")
    if here and there and not there.startswith(here):
        moved = [(n, lines) for n, lines in draft.sections if n == here or n.startswith(f"{here}.")]
        draft.sections = [section for section in draft.sections if section not in moved]
        kept = draft.random.random() < 0.5
        if kept:  # in the place of what is there
            draft.sections = [s for s in draft.sections if s[0] != there and not s[0].startswith(f"{there}.")]
        target = there if kept else f"{there}.{here.rpartition('.')[2]}"
        draft.sections += [(target + name.removeprefix(here), lines) for name, lines in moved]


def _scalar_for_section(draft: Draft) -> None:
    name = draft.sections[draft.place()][0]
    parent, _, own = name.rpartition(".")
    value = draft.random.choice((*VALUES[:8], '"x"', "[]", "${vars}"))
    draft.sections = [s for s in draft.sections if s[0] != name and not s[0].startswith(f"{name}.")]
    for section, lines in draft.sections:
        if section == parent and own:
            lines.append(f"{own} = {value}")


def _pipeline(draft: Draft) -> None:
    names = draft.random.choices((*FACTORIES, "", "é", "tok2vec"), k=draft.random.randrange(5))
    for name, lines in draft.sections:
        if name == "nlp":
            key = draft.random.choice(("pipeline", "pipeline", "disabled", "frozen_components"))
            lines[:] = [line for line in lines if not line.startswith(key)] + [
                f"{key} = {names}".replace("'", '"')
            ]


def _factory(draft: Draft) -> None:
    spots = [(lines, at) for _, lines in draft.sections for at, line in enumerate(lines) if "factory" in line]
    if spots:
        lines, at = draft.random.choice(spots)
        key = draft.random.choice(("factory", "factory", "source"))
        lines[at] = f'{key} = "{draft.random.choice(FACTORIES)}"'


def _null(draft: Draft) -> None:
    """Every setting of a section, or of all."""
    everywhere = draft.random.random() < 0.2
    chosen = draft.sections if everywhere else [draft.sections[draft.place()]]
    for _, lines in chosen:
        lines[:] = [
            line
            if line.startswith("@") and draft.random.random() < 0.8
            else f"{line.partition('=')[0]}= null"
            for line in lines
        ]


def _nest(draft: Draft) -> None:
    name = draft.sections[draft.place()][0] or "vars"
    depth = draft.random.choice((3, 30, 99, 150))
    draft.sections += [(".".join([name, *["x"] * deep]), []) for deep in range(1, depth)]


def _add_section(draft: Draft) -> None:
    random = draft.random
    name = random.choice((draft.sections[draft.place()][0], "vars", "pretraining", "initialize.components"))
    lines = [f"{random.choice(NAMES)} = {random.choice((*VALUES, *REFERENCES))}" for _ in range(2)]
    draft.sections.insert(draft.place(), (f"{name}.{random.choice(NAMES)}", lines))


STRUCTURAL: tuple[Callable[[Draft], None], ...] = (
    *(_value, _value, _number, _number, _reference, _circle, _block, _block, _drop_line, _double_line),
    *(_rename_key, _drop_section, _double_section, _rename_section, _move_block, _move_block, _null, _nest),
    *(_scalar_for_section, _pipeline, _factory, _add_section),
)


def _flip(content: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 1, 5))):
        content[random.randrange(len(content))] = random.choice((*BYTES, random.randrange(256)))


def _insert(content: bytearray, random: Random) -> None:
    at = random.randrange(len(content))
    content[at:at] = random.choice((b"\xff\xfe", b"\0", b"[", b"]", b"\r", b"${", "é".encode(), b"=", b"  "))


def _truncate(content: bytearray, random: Random) -> None:
    del content[random.randrange(1, len(content)) :]


def _swap_lines(content: bytearray, random: Random) -> None:
    lines = bytes(content).split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    content[:] = b"\n".join(lines)


def _delete_lines(content: bytearray, random: Random) -> None:
    lines = bytes(content).split(b"\n")
    at = random.randrange(len(lines))
    del lines[at : at + random.choice((1, 1, 3, 20))]
    content[:] = b"\n".join(lines) or b"\n"


def _indent(content: bytearray, random: Random) -> None:
    lines = bytes(content).split(b"\n")
    at = random.randrange(len(lines))
    lines[at] = random.choice((b" ", b"\t", b"    ", b"#", b";")) + lines[at]
    content[:] = b"\n".join(lines)


TEXTUAL: tuple[Callable[[bytearray, Random], None], ...] = (
    *(_flip, _flip, _insert, _truncate, _swap_lines, _delete_lines, _indent),
)


def mutated(text: str, random: Random) -> bytes:
    """A config's text with one to three things broken: mostly its settings and sections, else its letters."""
    draft = Draft.of(text, random)
    times = random.choice((1, 1, 2, 3))
    if random.random() < 0.75:
        for _ in range(times):
            random.choice(STRUCTURAL)(draft)
        return str(draft).encode("utf8")
    content = bytearray(str(draft).encode("utf8"))
    for _ in range(times):
        random.choice(TEXTUAL)(content, random)
    return bytes(content)
