"""Moments as they are published, without the modules that a report may load."""

import time


def stamp(ms: "int | None") -> "str | None":
    """Return a moment (ms since 1970) as published: RFC 3339, UTC, milliseconds."""
    if ms is None:
        return None
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms // 1000))}.{ms % 1000:03d}Z"
