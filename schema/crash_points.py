"""Crash points: named places where tests kill the process; inert otherwise.

`ORCH_CRASH_AT=name` (or `name:3` for the third passage) makes `reach(name)` kill this
process with SIGKILL, as a power cut would. `ORCH_STOP_AT` stops it there with SIGSTOP, until it is
told to go on, so that a test can act in between. Adding a step to a workflow? Reach a point on
each side of it; tests/crash/ enumerates them by searching the source.
"""

import os

_target, _, _count = os.environ.get("ORCH_CRASH_AT", "").partition(":")
_left = int(_count or 1)
_stop, _, _nth = os.environ.get("ORCH_STOP_AT", "").partition(":")
_until_stop = int(_nth or 1)


def reach(name: str) -> None:
    """Die or stop here if a test asked for it; do nothing otherwise."""
    global _left, _until_stop  # noqa: PLW0603 - one counter per process is what a test means
    if _stop and name == _stop:
        _until_stop -= 1
        if _until_stop == 0:
            os.kill(os.getpid(), 19)  # SIGSTOP
    if _target and name == _target:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), 9)
