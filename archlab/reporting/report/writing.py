"""A report written to files: the page, and its charts."""

from pathlib import Path
from typing import TYPE_CHECKING

from archlab.errors import OutputError
from archlab.reporting.report.extra import require_report_extra
from archlab.results.files import require_writable, write_bytes, write_text

if TYPE_CHECKING:
    from archlab.reporting.report.report_data import ReportData
    from archlab.results.collection import Results


def write_report(
    results: "Results",
    path: str | Path,
    *,
    charts: str | Path | None = None,
    texts: bool = True,
    force: bool = True,
) -> list[Path]:
    """Write a sweep's page, and where asked its charts; returns all files that were written.

    charts: a folder for them as SVG and PNG. texts: whether dev documents are told with their text. force:
    False replaces no chart that is there. The same results give the same bytes. Raises ExtraError without
    the packages for charts, OutputError where something is in the way or cannot be written.
    """
    from archlab.reporting.report.page import page
    from archlab.reporting.report.report_data import collect

    require_report_extra()
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder.", f"Name a file: {path / 'report.html'}")
    require_writable(path.parent)
    data = collect(results, texts=texts)
    written = _write_charts(data, Path(charts), force=force) if charts is not None else []
    write_text(path, page(data))
    return [path, *written]


def _write_charts(data: "ReportData", folder: Path, *, force: bool) -> list[Path]:
    from archlab.reporting.report.chart_files import chart_files

    require_writable(folder)
    contents = {folder / name: content for name, content in chart_files(data)}
    there = [file for file in contents if file.exists()]
    if there and not force:
        raise OutputError(f"{there[0]} is there already.", "Add --force to replace it.")
    for file, content in contents.items():
        write_bytes(file, content)
    return list(contents)
