"""The states of tasks, requests, entries, machines: tables that code, file, docs and tests read.

A thread's states lead a task's (reconcile); `retry`, `reassign` and `adopt` are the leader's.
The task in which an engineer plans leads a request's; `plan` and `apply` are a person's.
An entry's are led by the passes of `orch queue run` and by people.
Adding a rule? Also add it to `transition` in a new migration (test_machines.py compares).
"""

from orch.model import ACTIVE, REQUEST_STATUSES, TERMINAL
from orch.model import WORKED as _AT_WORK
from schema.machine import Machine, Rule

# fmt: off
TASK = Machine(
    name="task",
    initial="ready",
    states=("planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
            "cancelled"),
    moving=ACTIVE,
    over=TERMINAL,
    rules=(
        Rule("planned",    "satisfy",  "ready",      "its last prerequisite is done"),
        Rule("planned",    "cancel",   "cancelled",  "called off"),
        Rule("ready",      "depend",   "planned",    "a prerequisite was added"),
        Rule("ready",      "dispatch", "dispatched", "an attempt and its thread exist"),
        Rule("ready",      "cancel",   "cancelled",  "called off"),
        Rule("dispatched", "run",      "running",    "its thread was claimed"),
        Rule("blocked",    "run",      "running",    "its worker continues"),
        Rule("running",    "run",      "running",    "its worker continues"),
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
        Rule("failed",     "recheck",  "verifying",  "its failed checks are run again"),
        Rule("done",       "rework",   "dispatched", "its landing met a conflict: a new attempt"),
        Rule("done",       "retry",    "dispatched", "its answer is not what was asked for"),
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
    states=REQUEST_STATUSES,
    moving=("planning", "asked"),
    rules=(
        Rule("new",      "plan",   "planning", "an engineer is asked for a plan"),
        Rule("planning", "ask",    "asked",    "the engineer asks the person a question"),
        Rule("asked",    "resume", "planning", "the engineer continues"),
        *(Rule(s, "accept", "planned", "its plan is sound: a person may apply it")
          for s in ("planning", "asked")),
        *(Rule(s, "refuse", "refused", "the answer is not a sound plan, and goes back")
          for s in ("planning", "asked")),
        *(Rule(s, "fail",   "failed",  "the engineer gave up, or was cancelled")
          for s in ("planning", "asked")),
        *(Rule(s, "plan",   "planning", "an engineer is asked again")
          for s in ("planned", "refused", "failed")),
        *(Rule(s, "apply",  "applied", "a person applied a plan of it")
          for s in ("new", "planned", "refused", "failed")),
    ),
)

_ON_ITS_WAY = ("queued", "building", "testing", "passed", "awaiting_approval")
_FORGE = "awaiting_forge"  # Outside of the queue, until the forge has spoken.
_STOPPED = ("conflict", "failed", "error")
_ASIDE = ("held", "quarantined")

ENTRY = Machine(
    name="entry",
    initial="queued",
    states=("queued", "building", "testing", "passed", "awaiting_approval", "awaiting_forge",
            "landing", "landed", "verified", "conflict", "failed", "error", "held",
            "quarantined", "cancelled", "superseded", "landed_externally"),
    moving=_ON_ITS_WAY,
    stopped=(*_STOPPED, *_ASIDE),
    over=("verified", "cancelled", "superseded", "landed_externally"),
    rules=(
        Rule("queued",   "build",   "building", "it is put on top of what goes before it"),
        Rule("building", "test",    "testing",  "its candidate is made, its checks run"),
        Rule("testing",  "pass",    "passed",   "the checks passed on its candidate's tree"),
        Rule("passed",   "ask",     "awaiting_approval", "somebody must approve it first"),
        Rule("awaiting_approval", "approve", "passed", "all approvals it needs are there"),
        Rule("passed",   "propose", "awaiting_forge", "it waits as a pull request"),
        Rule("awaiting_forge", "fail", "failed", "a required check of the forge failed"),
        Rule("awaiting_forge", "break", "error", "the forge could not be asked"),
        Rule("passed",   "land",    "landing",  "the target is about to move to its candidate"),
        Rule("landing",  "confirm", "landed",   "the target moved"),
        Rule("landed",   "verify",  "verified", "its work was seen on the target"),
        Rule("landed",   "miss",    "error",    "its work was not seen on the target"),
        *(Rule(s, "rollback", "cancelled", "it was taken back") for s in ("landed", "verified")),
        Rule("cancelled", "restore", "verified", "what had taken it back was taken back"),
        *(Rule(s, "requeue", "queued", "the target moved, or the runner was killed")
          for s in ("building", "testing", "passed", "awaiting_approval", "awaiting_forge",
                    "landing")),
        Rule("building", "conflict", "conflict", "it does not merge with what goes before it"),
        Rule("testing",  "fail",     "failed",   "a check failed because of it"),
        *(Rule(s, "break", "error", "git or a check could not run")
          for s in ("building", "testing")),
        *(Rule(s, "retry", "queued", "tried again") for s in _STOPPED),
        *(Rule(s, "quarantine", "quarantined", "it failed too often; only release brings it back")
          for s in ("building", "testing", *_STOPPED)),
        *(Rule(s, "hold", "held", "a person stopped it")
          for s in (*_ON_ITS_WAY, _FORGE, *_STOPPED)),
        *(Rule(s, "release", "queued", "a person released it") for s in _ASIDE),
        *(Rule(s, "cancel", "cancelled", "called off")
          for s in (*_ON_ITS_WAY, _FORGE, *_STOPPED, *_ASIDE)),
        *(Rule(s, "supersede", "superseded", "its task has a newer head")
          for s in (*_ON_ITS_WAY, _FORGE, *_STOPPED, *_ASIDE)),
        *(Rule(s, "find", "landed_externally", "its work was found on the target")
          for s in (*_ON_ITS_WAY, _FORGE, *_STOPPED, *_ASIDE)),
    ),
)
MACHINE = Machine(
    name="machine",
    initial="known",
    states=("known", "lost"),
    rules=(
        Rule("known", "lose",   "lost",  "a person says that it is gone for good"),
        Rule("lost",  "return", "known", "somebody runs there again"),
    ),
)
# fmt: on

# The statuses of an entry whose work the target holds.
IN_TARGET = ("landed", "verified", "landed_externally")

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
