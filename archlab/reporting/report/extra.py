"""What only reports need, and who lacks it is told how to get."""

from importlib.util import find_spec

from archlab.errors import ExtraError

PACKAGES = {"altair": "altair", "vl_convert": "vl-convert-python"}
"""By the module that each brings."""


def require_report_extra() -> None:
    """Raise ExtraError where a package for charts is not installed."""
    lacking = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if lacking:
        verb = "is" if len(lacking) == 1 else "are"
        raise ExtraError(
            f"A report needs {' and '.join(lacking)}, which {verb} not installed.",
            "Install what it needs: pip install 'archlab[report]'",
        )
