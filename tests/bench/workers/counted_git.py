"""`orch`, with every git that it runs timed: `python -I counted_git.py COMMAND…`.

The last line of stderr is a JSON document: seconds in git from its start to its end, calls, both by
git's verb, and the seconds in which at least one git ran, where several do at once.
"""

import json
import os
import sys
import time
from collections import Counter

from orch.cli.main import main
from orch.git import process, repository

_execute = process.execute
_seconds: Counter[str] = Counter()
_calls: Counter[str] = Counter()
_spans: list[tuple[float, float]] = []


def _timed(args, *rest, **how):
    verb = next((word for word in args if not word.startswith("-")), "")
    begun = time.perf_counter()
    try:
        return _execute(args, *rest, **how)
    finally:
        ended = time.perf_counter()
        _spans.append((begun, ended))
        _seconds[verb] += ended - begun
        _calls[verb] += 1


def _tell() -> None:
    by = {verb: (calls, round(_seconds[verb], 2)) for verb, calls in _calls.most_common()}
    told = {
        "seconds": _seconds.total(), "calls": _calls.total(), "by": by, "busy": _busy(),
    }  # fmt: skip
    print(json.dumps(told), file=sys.stderr, flush=True)


def _busy() -> float:
    found, until = 0.0, 0.0
    for begun, ended in sorted(_spans):
        found += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return found


def _leave(status: int) -> None:
    _tell()
    _exit(status)


process.execute = repository.execute = _timed
_exit = os._exit
os._exit = _leave  # The way in which a command ends.
main()
