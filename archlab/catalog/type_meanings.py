"""What the types of layers stand for, from spaCy's guide to layers and architectures and thinc/types.py.

In shapes, n_docs is the number of documents in a batch, n_tokens that of the tokens of one document or, where
documents are joined, of all; width is what a layer's nO says.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What a type is, and its shapes."""

    text: str
    shape: str


MEANINGS: Mapping[str, Meaning] = {
    "List[Doc]": Meaning("a batch of Docs: what most components hand to their model", "n_docs Docs"),
    "Floats2d": Meaning("an array of floats, usually 32-bit, of numpy or cupy", "(rows, width)"),
    "Ints2d": Meaning("an array of integers: uint64, int32, int8 ...", "(rows, columns)"),
    "List[Floats2d]": Meaning("one array per Doc, one row per token", "n_docs arrays of (n_tokens, width)"),
    "Ragged": Meaning(
        "sequences of any length, joined without padding", "data (n_tokens, width), lengths (n_docs,)"
    ),
    "Padded": Meaning(
        "sequences padded to the longest, the longest first",
        "data (longest, n_docs, width), lengths (n_docs,)",
    ),
    "List[Ints2d]": Meaning(
        "one array per Doc: the hashes of its tokens", "n_docs arrays of (n_tokens, n_attributes)"
    ),
    "List[List[Floats2d]]": Meaning("one list per Doc, with several arrays", "n_docs lists of (rows, width)"),
    "Floats1d": Meaning("an array of floats", "(n,)"),
    "Ints1d": Meaning("an array of integers", "(n,)"),
    "Floats4d": Meaning("an array of floats", "(a, b, c, d)"),
    "Array2d": Meaning("Floats2d or Ints2d", "(rows, columns)"),
    "Array3d": Meaning("Floats3d or Ints3d", "(a, b, c)"),
    "ArrayXd": Meaning("an array of floats or integers, of one to four dimensions", "any"),
    "FloatsXd": Meaning("an array of floats, of one to four dimensions", "any"),
    "List2d": Meaning("List[Floats2d] or List[Ints2d]", "n_docs arrays of (n_tokens, columns)"),
    "ListXd": Meaning("a list of arrays, of one to four dimensions", "n_docs arrays"),
    "ParserStepModel": Meaning(
        "what scores the states of a transition system", "scores (n_states, n_actions)"
    ),
    "Sequence[Hashable]": Meaning("words, or other keys of a table", "n_tokens keys"),
    "Sequence[Sequence[str]]": Meaning("strings, one sequence per document", "n_docs sequences"),
    "Tuple[ArrayXd, ArrayXd, ArrayXd]": Meaning(
        "keys, values and lengths of sparse rows", "(n,), (n,), (n_docs,)"
    ),
    "Tuple[Ints1d, Floats1d, Ints1d]": Meaning(
        "n-grams: their hashes, counts, and how many in each Doc", "(n,), (n,), (n_docs,)"
    ),
    "Tuple[Floats2d, Floats2d]": Meaning("two arrays that are compared row by row", "(rows, width) twice"),
    "Tuple[List[Doc], Ragged]": Meaning(
        "Docs, and the start and end of spans in them", "n_docs Docs, data (n_spans, 2)"
    ),
    "Tuple[Ragged, Ragged]": Meaning(
        "rows of tokens, and the start and end of spans", "data (n_tokens, width), data (n_spans, 2)"
    ),
}
"""By the type as `describe` writes it, in the order of a table; the guide's six first."""
