"""What to type next, so that it can be typed."""

import os
import re
from collections.abc import Sequence

DEFAULT_BASE = "configs/base.cfg"


def with_base(text: str, base: str | None, code: Sequence[str] = ()) -> str:
    """A hint with the base that it is about, where it ends in a command that would take another one.

    code: the files that the command needs, too.
    """
    is_default = base is None or base in (DEFAULT_BASE, os.environ.get("ARCHLAB_BASE")) or "--base" in text
    options = ("" if is_default else f" --base {base}") + "".join(f" --code {file}" for file in code)
    return re.sub(r"((?:^|: )archlab (?:swap|fits) [^\n]*)", lambda found: found[0] + options, text)
