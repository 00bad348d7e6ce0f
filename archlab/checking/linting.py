"""What mypy and Thinc's plugin say of files of blocks, as findings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from archlab.checking.code_reading import SourceCode, read_code
from archlab.checking.layer_mismatches import merged
from archlab.checking.mypy_advice import UNSTATED, fix_of, readable
from archlab.checking.mypy_runs import Complaint, Tell, is_warm, require_mypy, run_mypy
from archlab.errors import CodeError
from archlab.records import Finding, Report, Severity

SEVERITIES = ("error", "warning", "note")

STRICT = (
    *UNSTATED,
    "no-untyped-call",
    "no-any-return",
    "no-any-unimported",
    "redundant-cast",
    "comparison-overlap",
)
"""What mypy says when it is strict, and what is no mistake in itself."""

FIRST_TIME = "mypy reads the sources of spaCy and Thinc first: ten seconds and more, and two from then on."

OPERATORS = (
    "what operators join is not compared: their results state no types",
    "write chain(...) where you want them compared",
)
"""What is said of `with Model.define_operators(...)`, and its fix."""


def lint_types(
    files: Sequence[str | Path],
    *,
    strict: bool = False,
    config: str | Path | None = None,
    tell: Tell = lambda _: None,
) -> Report:
    """Do the layers inside these --code files fit together, by their annotations? Nothing is imported or run.

    Each file is checked by itself, by mypy with Thinc's plugin, which compares what `chain`, `add` and
    `concatenate` join. An error is what mypy calls one. A registered function that does not state its
    types is a note, and so are operators, into which the plugin does not look; strict: whatever mypy says in
    its strict mode is an error. config: a mypy configuration of one's own, used in place of archlab's.
    tell: told that it takes long, when it does, and what mypy has to say of that configuration.
    Raises CodeError for a file that is not there or no Python file, ExtraError where mypy is not installed.
    """
    require_mypy()
    contents = {Path(file): _content(Path(file)) for file in files}
    own = None if config is None else Path(config)
    if own is not None and not own.is_file():
        raise CodeError(f"There is no mypy configuration {own}.")
    findings: list[Finding] = []
    codes: dict[Path, SourceCode] = {}
    for file, content in contents.items():
        try:
            codes[file] = read_code(content)
        except SyntaxError as error:
            message = f"it is no Python: {error.msg}"
            findings.append(_placed(file, error.lineno, error.offset, "error", message))
    if codes and not is_warm(own):
        tell(FIRST_TIME)
    said = run_mypy([contents[file] for file in codes], own, tell) if codes else []
    for (file, code), complaints in zip(codes.items(), said, strict=True):
        findings += _findings(file, code, complaints, strict=strict or own is not None)
    return Report(tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))))


def _content(file: Path) -> bytes:
    if file.is_dir():
        raise CodeError(f"{file} is a folder.", "Name the file in it that registers the blocks.")
    if file.suffix != ".py":
        raise CodeError(f"{file} is no Python file.", "Its name should end in .py.")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise CodeError(f"There is no file {file}.") from None
    except OSError as error:
        raise CodeError(f"{file} cannot be read: {error.strerror or error}.") from None


def _findings(
    file: Path, code: SourceCode, complaints: Sequence[Complaint], *, strict: bool
) -> Iterator[Finding]:
    told = merged(complaints, code)
    for one in told if strict else _not_strict(told, code):
        message = readable(one.message) + (f"  [{one.code}]" if one.code else "")
        yield _placed(file, one.line, one.column, one.severity, message, fix_of(one))
    for line, column in islice(code.joined_by_operators(), 1):  # one says it for all
        yield _placed(file, line, column, "note", *OPERATORS)


def _not_strict(complaints: Iterable[Complaint], code: SourceCode) -> Iterator[Complaint]:
    """Without what strictness adds; but what a registered function leaves open is noted, once."""
    noted: set[int] = set()
    for one in complaints:
        if one.code not in STRICT:
            yield one
        elif one.code in UNSTATED and code.is_registered(one.line) and one.line not in noted:
            noted.add(one.line)
            yield replace(one, severity="note")


def _placed(
    file: Path, line: int | None, column: int | None, severity: Severity, message: str, fix: str | None = None
) -> Finding:
    return Finding(
        severity=severity, slot="", message=message, fix=fix, file=str(file), line=line, column=column
    )
