"""Import the files that register a user's own blocks."""

import contextlib
import sys
from collections.abc import Sequence
from importlib.util import spec_from_file_location
from pathlib import Path

from archlab.catalog.extras import install_hint
from archlab.catalog.retired import told_of_mxnet
from archlab.chatter import without_chatter
from archlab.configs.fingerprints import content_digest
from archlab.errors import CodeError, explain

CODE_MODULE = "python_code"
"""What spaCy calls a --code file when it imports it."""

_imported: set[tuple[Path, str]] = set()


def import_code(files: Sequence[str | Path]) -> None:
    """Import --code files, as spaCy's own commands do; a file that has not changed is imported once.

    Raises CodeError, with the file and line, where one is missing or raises.
    """
    for file in files:
        path = Path(file).resolve()
        _require_python(file, path)
        content = (path, content_digest(path))
        if content in _imported:
            continue
        try:
            _import(path)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # user code may raise anything, and may end the program
            what = explain(error)
            if isinstance(error, SystemExit):
                what = f"it ends the program ({what})"
            message = f"{file}{_line(error, path)} cannot be imported: {what}"
            raise CodeError(message, install_hint(error) or told_of_mxnet(error)) from error
        _imported.add(content)


def place_in_code(error: BaseException) -> str:
    """` (FILE:LINE)` of the line in a --code file that an error came from; "" where it came from none."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if trace.tb_frame.f_globals.get("__name__") == CODE_MODULE:
            place = f" ({Path(code.co_filename).name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _require_python(file: str | Path, path: Path) -> None:
    if path.is_dir():
        raise CodeError(f"{file} is a folder.", "Name the file in it that registers the blocks.")
    if not path.is_file():
        raise CodeError(f"There is no file {file} to import.", "Name it as --code FILE.")
    if spec_from_file_location(CODE_MODULE, path) is None:
        raise CodeError(f"{file} is no Python file.", "Its name should end in .py.")


def _import(path: Path) -> None:
    """What the file prints goes to stderr: stdout is for results."""
    from spacy.pipeline.factories import register_factories
    from spacy.util import import_file

    with _quietly(path), contextlib.redirect_stdout(sys.stderr):
        import_file(CODE_MODULE, path)
    register_factories()  # a factory of the file's that has the name of one of spaCy's is refused here


def _quietly(path: Path) -> contextlib.AbstractContextManager[None]:
    """Without TensorFlow's chatter, for a file that imports it; others write to stderr when they do."""
    source = path.read_bytes()
    chatters = b"tensorflow" in source or b"keras" in source
    return without_chatter() if chatters else contextlib.nullcontext()


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
