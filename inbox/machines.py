"""The states of a thread: the one table that code, file, docs and tests read (I5).

Adding a rule? Also add it to `transition` in a new migration (test_machines.py compares) and
run `make docs` (docs/reference/states.md).
"""

from inbox.model import TERMINAL
from schema.machine import Machine, Rule

_WORKED = ("claimed", "in_progress", "blocked")

# fmt: off
THREAD = Machine(
    name="thread",
    initial="pending",
    states=("pending", "claimed", "in_progress", "blocked", "done", "failed", "cancelled"),
    moving=_WORKED,
    over=TERMINAL,
    rules=(
        Rule("pending", "claim",  "claimed",   "an agent holds the first lease"),
        Rule("pending", "cancel", "cancelled", "nobody will do it"),
        *(Rule(s, "claim",   "claimed",     "another claim, the lease ran out") for s in _WORKED),
        *(Rule(s, "update",  "in_progress", "the holder reports progress") for s in _WORKED),
        *(Rule(s, "update",  "blocked",     "the holder asks a question") for s in _WORKED),
        *(Rule(s, "release", "pending",     "the holder gives it back") for s in _WORKED),
        *(Rule(s, "done",    "done",        "the holder delivers the result") for s in _WORKED),
        *(Rule(s, "fail",    "failed",      "the holder gives up") for s in _WORKED),
        *(Rule(s, "abandon", "failed",      "too many leases were lost") for s in _WORKED),
        *(Rule(s, "cancel",  "cancelled",   "somebody cancelled it") for s in _WORKED),
    ),
)
# fmt: on
