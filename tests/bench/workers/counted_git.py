"""`orch`, with every git that it runs timed: `python -I counted_git.py COMMAND…`.

The last line of stderr is a JSON document: seconds in git from its start to its end, calls, and
both by git's verb.
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


def _timed(args, *rest, **how):
    verb = next((word for word in args if not word.startswith("-")), "")
    begun = time.perf_counter()
    try:
        return _execute(args, *rest, **how)
    finally:
        _seconds[verb] += time.perf_counter() - begun
        _calls[verb] += 1


def _tell() -> None:
    by = {verb: (calls, round(_seconds[verb], 2)) for verb, calls in _calls.most_common()}
    told = {"seconds": _seconds.total(), "calls": _calls.total(), "by": by}
    print(json.dumps(told), file=sys.stderr, flush=True)


def _leave(status: int) -> None:
    _tell()
    _exit(status)


process.execute = repository.execute = _timed
_exit = os._exit
os._exit = _leave  # The way in which a command ends.
main()
