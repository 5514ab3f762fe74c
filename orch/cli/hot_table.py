"""The hot commands of `orch`: rows that every start reads, and what all rows share.

Short on purpose: each row costs every start. The others are in table.py, which is loaded when
none of these is meant.
"""

from inbox.cli.grammar import (
    DB,
    GET,
    JSON,
    KEY,
    OWN_WORDS,
    TIMEOUT,
    Command,
    Option,
    Program,
)  # fmt: skip

WAITABLE = (
    "task_blocked", "task_done", "task_failed", "task_cancelled", "task_verifying", "task_stale",
    "run_done",
)  # fmt: skip
# Of entries of a queue: waited for when they are named.
LANDING_WAITABLE = (
    "entry_verified", "entry_awaiting_approval", "entry_awaiting_forge", "entry_conflict",
    "entry_failed", "entry_error", "entry_held", "entry_quarantined", "entry_landed_externally",
)  # fmt: skip

# Of tasks, likewise: what plans and ticket files bring.
GROWTH_WAITABLE = ("task_ready", "task_added")

RUN = Option("--run", "name", "the run's id", required=True)
_RUN_OF_TASK = Option("--run", "name", "the run's id (or name the task R/T)")
_TASK = Option("--task", "task", "the task's id, or run/task")
_NAMED = Option("TASK", "task", "the task, as run/task or its bare id", dest="task_name")
ONE_TASK = (_NAMED, _RUN_OF_TASK, _TASK)
PAYLOAD = Option("--payload-json", "json", "a JSON object for programs to read", dest="payload")
AFTER = Option("--after-event", "event", "look at what came after this event id")

COMMANDS = (
    Command(
        "ready", "orch.cli.leader_loop:ready",
        "List the tasks that can be dispatched now, in order.",
        (RUN, Option("--limit", "count", "at most this many", default=50),
         Option("--explain", "flag", "say for each other task why it is not ready")),
        "orch ready --run docs-1 --explain",
    ),
    Command("reconcile", "orch.cli.leader_loop:reconcile",
            "Bring a run up to date with its threads; say what changed.",
            (RUN, KEY), "orch reconcile --run docs-1"),
    Command(
        "wait", "orch.cli.leader_loop:wait",
        "Wait for news of a run: what you have not been told yet, most urgent first.",
        (Option("--run", "name", "the run's id (else the only open run)"),
         Option("--for", "choices", "one event of these kinds instead, comma-separated",
                choices=WAITABLE + LANDING_WAITABLE + GROWTH_WAITABLE, default=(), dest="kinds"),
         AFTER, TIMEOUT,
         Option("--seen", "event", "the number up to which you have read the news"),
         Option("--again", "flag", "tell at once what still waits for you, told or not"),
         Option("--all", "flag", "news of all open runs", dest="every")),
        "orch wait --run docs-1 --timeout-seconds 90",
        "Each leader (INBOX_AGENT, else the run's) is told each piece once; one that a killed wait "
        "may have told already is told again and says so. --for and --after-event wake at once on "
        "a state that holds now, and leave that memory alone.",
    ),
    Command("blocked", "orch.cli.leader_loop:blocked", "List the tasks that wait for an answer.",
            (RUN,), "orch blocked --run docs-1"),
    Command(
        "answer", "orch.cli.leader_loop:answer", "Answer a question of a task's worker.",
        (*ONE_TASK, *OWN_WORDS, PAYLOAD, KEY),
        "orch answer --run docs-1 --task outline --body 'British spelling, please.'",
    ),
    Command(
        "status", "orch.cli.leader_loop:status", "Show where a run stands, task by task.",
        (RUN, Option("--watch", "flag", "keep it on the screen until interrupted")),
        "orch status --run docs-1",
    ),
)  # fmt: skip

PROGRAM = Program(
    "orch",
    "Lead several coding agents on one repository: plan, hand out, check and land their work.",
    COMMANDS,
    (DB, JSON, GET),
    sections="orch.cli.help_sections:SECTIONS",
    guard="orch.cli.persons:guard",
    aliases="orch.cli.aliases:resolve",
    completes={"--run": "orch.cli.missing_run:advise"},
)
