"""Import the files that register a user's own blocks."""

from collections.abc import Sequence
from pathlib import Path

from archlab.errors import CodeError

_imported: set[Path] = set()


def import_code(files: Sequence[str | Path]) -> None:
    """Import --code files, as spaCy's own commands do; a file is imported once in a process.

    Raises CodeError, with the file and line, where one is missing or raises.
    """
    from spacy.util import import_file

    for file in files:
        path = Path(file).resolve()
        if path in _imported:
            continue
        if not path.is_file():
            raise CodeError(f"There is no file {file} to import.", "Name it as --code FILE.")
        try:
            import_file("python_code", path)
        except Exception as error:  # user code may raise anything
            raise CodeError(f"{file}{_line(error, path)} cannot be imported: {_say(error)}") from error
        _imported.add(path)


def _line(error: BaseException, path: Path) -> str:
    """`:line` of the file in which the error arose, where that is known."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() == path:
        return f":{error.lineno}"
    line = None
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f":{line}"


def _say(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
