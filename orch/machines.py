"""The states of a task and of a request: the tables that code, file, docs and tests read.

A thread's states lead a task's (reconcile); `retry`, `reassign` and `adopt` are the leader's.
The task in which an engineer plans leads a request's; `plan` and `apply` are a person's.
Adding a rule? Also add it to `transition` in a new migration (test_machines.py compares).
"""

from orch.model import ACTIVE
from schema.machine import Machine, Rule

_AT_WORK = ACTIVE[:3]

# fmt: off
TASK = Machine(
    name="task",
    initial="ready",
    states=("planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
            "cancelled"),
    rules=(
        Rule("planned",    "satisfy",  "ready",      "its last prerequisite is done"),
        Rule("planned",    "cancel",   "cancelled",  "called off"),
        Rule("ready",      "depend",   "planned",    "a prerequisite was added"),
        Rule("ready",      "dispatch", "dispatched", "an attempt and its thread exist"),
        Rule("ready",      "cancel",   "cancelled",  "called off"),
        Rule("dispatched", "run",      "running",    "its thread was claimed"),
        Rule("blocked",    "run",      "running",    "its worker goes on"),
        Rule("running",    "run",      "running",    "its worker goes on"),
        *(Rule(s, "release",  "dispatched", "its worker gave the thread back") for s in _AT_WORK),
        *(Rule(s, "block",    "blocked",    "its worker asks a question") for s in _AT_WORK),
        *(Rule(s, "verify",   "verifying",  "the work is done, its checks not") for s in _AT_WORK),
        *(Rule(s, "done",     "done",       "the result is in") for s in _AT_WORK),
        *(Rule(s, "fail",     "failed",     "its worker gave up") for s in _AT_WORK),
        *(Rule(s, "cancel",   "cancelled",  "called off") for s in _AT_WORK),
        *(Rule(s, "reassign", "dispatched", "a new attempt by somebody else") for s in _AT_WORK),
        Rule("verifying",  "done",     "done",       "all required checks passed"),
        Rule("verifying",  "fail",     "failed",     "a required check failed"),
        Rule("verifying",  "reassign", "dispatched", "a new attempt by somebody else"),
        Rule("verifying",  "cancel",   "cancelled",  "called off"),
        Rule("failed",     "retry",    "dispatched", "a new attempt"),
        Rule("failed",     "reassign", "dispatched", "a new attempt by somebody else"),
        Rule("failed",     "cancel",   "cancelled",  "called off"),
        *(Rule(s, "adopt",    "done",       "a late report was taken as the result")
          for s in (*ACTIVE, "failed", "cancelled")),
        *(Rule(s, "adopt",    "verifying",  "a late report was taken; its checks are to run")
          for s in (*ACTIVE, "failed", "cancelled")),
    ),
)
REQUEST = Machine(
    name="request",
    initial="new",
    states=("new", "planning", "asked", "planned", "refused", "failed", "applied"),
    rules=(
        Rule("new",      "plan",   "planning", "an engineer is asked for a plan"),
        Rule("planning", "ask",    "asked",    "the engineer asks the person a question"),
        Rule("asked",    "resume", "planning", "the engineer goes on"),
        *(Rule(s, "accept", "planned", "its plan is sound: a person may apply it")
          for s in ("planning", "asked")),
        *(Rule(s, "refuse", "refused", "the answer is no sound plan, and goes back")
          for s in ("planning", "asked")),
        *(Rule(s, "fail",   "failed",  "the engineer gave up, or was called off")
          for s in ("planning", "asked")),
        *(Rule(s, "plan",   "planning", "an engineer is asked again")
          for s in ("planned", "refused", "failed")),
        *(Rule(s, "apply",  "applied", "a person applied a plan of it")
          for s in ("new", "planned", "refused", "failed")),
    ),
)
# fmt: on

# What a thread's status means for the task whose attempt it carries: the event it causes.
OF_THREAD = {
    "pending": "release",
    "claimed": "run",
    "in_progress": "run",
    "blocked": "block",
    "done": "done",
    "failed": "fail",
    "cancelled": "cancel",
}

# The event type that each new task status is told by.
EVENT_OF_STATUS = {
    "ready": "task_ready",
    "dispatched": "task_dispatched",
    "running": "task_running",
    "blocked": "task_blocked",
    "verifying": "task_verifying",
    "done": "task_done",
    "failed": "task_failed",
    "cancelled": "task_cancelled",
}
