"""Import the files that register a user's own blocks."""

from collections.abc import Sequence
from pathlib import Path

from archlab.configs.fingerprints import content_digest
from archlab.errors import CodeError, explain

_imported: set[tuple[Path, str]] = set()


def import_code(files: Sequence[str | Path]) -> None:
    """Import --code files, as spaCy's own commands do; a file that has not changed is imported once.

    Raises CodeError, with the file and line, where one is missing or raises.
    """
    from spacy.util import import_file

    for file in files:
        path = Path(file).resolve()
        if not path.is_file():
            raise CodeError(f"There is no file {file} to import.", "Name it as --code FILE.")
        content = (path, content_digest(path))
        if content in _imported:
            continue
        try:
            import_file("python_code", path)
        except Exception as error:  # user code may raise anything
            raise CodeError(f"{file}{_line(error, path)} cannot be imported: {explain(error)}") from error
        _imported.add(content)


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
