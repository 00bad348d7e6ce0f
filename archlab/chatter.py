"""Keep what TensorFlow logs as it is imported out of what people read."""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# Its C++ part writes it to the file descriptor before its logging is set up: no setting keeps it back.
_CHATTER = re.compile(rb"^(WARNING: All log messages before absl|I\d{4} \d\d:\d\d:).*\n", re.MULTILINE)


@contextmanager
def without_chatter() -> Iterator[None]:
    """Inside, stderr is held back; at the end it follows without TensorFlow's lines.

    TF_CPP_MIN_LOG_LEVEL becomes 3, unless it is set: TensorFlow raises what matters.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stderr = 2
    sys.stderr.flush()
    outside = os.dup(stderr)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), stderr)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(outside, stderr)
            os.close(outside)
            held.seek(0)
            os.write(stderr, _CHATTER.sub(b"", held.read()))
