"""A sweep's table for a page in Markdown, and for a paper in LaTeX."""

import re
from collections.abc import Iterable, Iterator

from archlab.plain import printable
from archlab.reporting.problems import problem_line
from archlab.reporting.sheets import Entry, Shown, make_sheet
from archlab.results.tables import Table

_MARKDOWN = re.compile(r"[\\`*<|~$]|\](?=[(\[:])|(?<!\w)_|_(?!\w)|^[#>+-](?= )")
"""What Markdown would take for its own; an underscore within a word is none."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_MINUS = re.compile(r"-(?=[.\d])")


def markdown_table(table: Table, shown: Shown | None = None) -> str:
    """A table of GitHub's Markdown under its legend, then a list of what failed; the best is bold.

    Raises UsageError as `make_sheet` does.
    """
    sheet = make_sheet(table, shown)
    lines = [text for line in sheet.legend for text in (plain_markdown(line), "")]
    lines.append(markdown_row(plain_markdown(column.header) for column in sheet.columns))
    lines.append(markdown_row("---:" if column.is_number else "---" for column in sheet.columns))
    lines += [markdown_row(map(_markdown_entry, row)) for row in sheet.rows]
    problems = [f"- {plain_markdown(problem_line(problem))}" for problem in table.problems]
    return "\n".join([*lines, *([""] if problems else []), *problems]) + "\n"


def latex_table(table: Table, shown: Shown | None = None) -> str:
    r"""A tabular with booktabs; the best is bold, and what is to be known of it stands in comments.

    Raises UsageError as `make_sheet` does.
    """
    return "\n".join(_latex_lines(table, shown)) + "\n"


def markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_entry(entry: Entry) -> str:
    text = plain_markdown(entry.text)
    text = f"**{text}**" if entry.style == "best" else text
    return f"{text} {plain_markdown(entry.aside)}".rstrip()


def plain_markdown(text: str) -> str:
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", _on_one_line(text))


def _latex_lines(table: Table, shown: Shown | None) -> Iterator[str]:
    sheet = make_sheet(table, shown)
    yield r"% \usepackage{booktabs}"
    yield from (f"% {_on_one_line(line)}" for line in sheet.legend)
    yield from (f"% {_on_one_line(problem_line(problem))}" for problem in table.problems)
    yield f"\\begin{{tabular}}{{{''.join('r' if column.is_number else 'l' for column in sheet.columns)}}}"
    yield r"\toprule"
    yield _latex_row(_plain_latex(column.header) for column in sheet.columns)
    yield r"\midrule"
    for row in sheet.rows:
        yield _latex_row([_plain_latex(row[0].text), *map(_latex_entry, row[1:])])
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _latex_row(cells: Iterable[str]) -> str:
    """A row, which may not begin with a bracket: after the end of another it would be taken for a height."""
    text = " & ".join(cells)
    return f"{{}}{text} \\\\" if text.startswith(("[", "*")) else f"{text} \\\\"


def _latex_entry(entry: Entry) -> str:
    text = _numbers_in_latex(entry.text)
    text = f"\\textbf{{{text}}}" if entry.style == "best" else text
    return f"{text} {_numbers_in_latex(entry.aside)}".rstrip()


def _numbers_in_latex(text: str) -> str:
    """Numbers with a minus, which is longer than a hyphen."""
    return _MINUS.sub("$-$", _plain_latex(text))


def _plain_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in _on_one_line(text))


def _on_one_line(text: str) -> str:
    return " ".join(printable(text).split())
