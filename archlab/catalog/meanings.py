"""What an argument means, and what a block is: where one name says two things, and where two say one."""

from collections.abc import Mapping

from archlab.catalog.versions import family

KIN: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "depth": (("HashEmbedCNN", "MaxoutWindowEncoder", "MishWindowEncoder"), ("TorchBiLSTMEncoder",)),
    "size": (("batch_by_words", "batch_by_padded"), ("batch_by_sequence",)),
    "nM": (("CharacterEmbed",), ("StaticVectors",)),
}
"""Arguments that mean one thing in one kind of block, and another in others."""


def means_the_same(argument: str, old: tuple[str, str], new: tuple[str, str]) -> bool:
    """Whether an argument of that name says the same in two blocks."""
    if argument in ("nO", "nI"):
        # TextCatEnsemble takes its nO for the width of what comes in as well.
        return old[0] == new[0] == "architectures" and new[1] != "spacy.TextCatEnsemble.v2"
    kinds = KIN.get(argument, ())
    return [family(old[1]).removeprefix("spacy.") in kind for kind in kinds] == [
        family(new[1]).removeprefix("spacy.") in kind for kind in kinds
    ]


def kind(name: str) -> str:
    """What takes the place of what: any embedding of another, any version of a block of another."""
    return "embedding" if family(name) in ("spacy.MultiHashEmbed", "spacy.CharacterEmbed") else family(name)
