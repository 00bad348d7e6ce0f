"""What to type next, so that it can be typed."""

import os
import re

DEFAULT_BASE = "configs/base.cfg"


def with_base(text: str, base: str | None) -> str:
    """A hint with the base that it is about, where it ends in a command that would take another one."""
    if base is None or base in (DEFAULT_BASE, os.environ.get("ARCHLAB_BASE")) or "--base" in text:
        return text
    return re.sub(r"((?:^|: )archlab (?:swap|fits) [^\n]*)", rf"\1 --base {base}", text)
