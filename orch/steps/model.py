"""The next steps of `orch`: its commands, mounted ones too, by their words and options.

Pure. Guarantees (I25): every word and option that is said anywhere stands in the table of commands,
and what is a person's word is said to a person (tests/house/test_steps.py).
"""

from schema.steps import Step, argv_of
from schema.steps import read as written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    Words = Literal[
        "init", "start", "run init", "run show", "run list", "run close", "run reopen", "run set",
        "run pause", "run resume", "task add",
        "task show", "task list", "task edit", "dep add", "dep rm", "dep list", "plan check",
        "plan lint", "plan apply", "plan export", "plan schema", "ready", "reconcile", "wait",
        "drive", "blocked", "answer", "status", "dispatch", "retry", "reassign", "cancel", "adopt",
        "cleanup", "diff", "open", "lock list", "salvage list", "salvage restore", "repo accept",
        "repo moved", "store init", "store migrate", "store backup", "store move", "verify run",
        "verify record", "verify status", "events", "trace", "queue add", "queue list",
        "queue show", "queue run", "queue approve", "queue reject", "queue hold", "queue release",
        "queue cancel", "queue retry", "queue rollback", "queue audit", "queue replay",
        "land", "integrate", "pr open", "pr update", "pr status", "pr checks", "pr logs",
        "pr merge", "approve", "reject", "work", "logs", "stop", "continue", "usage",
        "machine list", "machine lost", "push",
        "request new", "request import", "request list", "request show", "request plan", "submit",
        "run budget", "setup", "mcp", "notify", "doctor", "schema", "prime", "completion", "top",
        "web",
        "graph", "report", "metrics", "council start", "council wait", "council tally",
        "council report", "council show", "council decline", "council list", "review",
    ]  # fmt: skip

LOOKS = frozenset(
    ("run show", "run list", "machine list", "diff", "open", "lock list", "task show",
     "task list", "dep list", "plan check", "plan lint",
     "plan schema", "ready", "wait", "blocked", "status", "salvage list", "verify status", "events",
     "trace", "queue list", "queue show", "queue audit", "queue replay", "pr checks",
     "pr logs", "logs", "usage", "request list", "request show", "doctor", "schema", "prime", "top",
     "graph", "report", "metrics", "council wait", "council show", "council list")
)  # fmt: skip
# A person's words: the table marks them (`person=True`); the rest is an answer only one has.
PERSON = frozenset(
    ("start", "run close", "run reopen", "run set", "run pause", "run resume", "plan apply",
     "machine lost", "adopt", "repo accept", "repo moved", "store migrate", "store move",
     "verify record", "queue approve", "queue reject", "queue release", "queue rollback",
     "integrate", "pr merge", "approve", "reject", "council decline")
)  # fmt: skip

# What a driver gives by itself, each with the setting that has it do so ("" for always): beside a
# living one it is asked of nobody else, unless the driver itself asks for it.
DRIVERS = {
    "dispatch": "", "drive": "", "retry": "", "reassign": "", "verify run": "verify",
    "queue add": "queue", "queue run": "queue", "queue retry": "queue", "land": "queue",
    "cleanup": "cleanup", "integrate": "integrate", "run close": "close", "review": "reviewer",
    "council start": "reviewer",
}  # fmt: skip


def is_drivers(step: Step, policy: "Mapping[str, object] | None" = None) -> bool:
    """Say whether a living driver gives a step by itself, as a policy (None: any) has it."""
    if step.argv[0] != "orch":
        return False
    names = (" ".join(step.argv[1:3]), " ".join(step.argv[1:2]))
    setting = next((DRIVERS[name] for name in names if name in DRIVERS), None)
    if setting is None or policy is None:
        return setting is not None
    if setting == "reviewer" and policy["review"] == "never":
        return False
    return not setting or bool(policy[setting])


def say(words: "Words", *names: object, **options: object) -> Step:
    """Return a command of `orch` as a step; an option that is None or False is left out."""
    argv = argv_of("orch", words, names, options)
    who = "person" if words in PERSON else "anyone"
    return Step(argv, "look" if words in LOOKS else "act", who=who)


def git(*words: str, where: str = "") -> Step:
    """Return a command of git, in the place `where`."""
    return Step(("git", *(("-C", where) if where else ()), *words), who="person")


def read(line: str, why: str = "") -> "list[Step]":
    """Return the commands of a published line (`a && b`) as steps again."""
    return [_known(one.argv, why) for one in map(written, line.split(" && ") if line else ())]


def _known(argv: "tuple[str, ...]", why: str) -> Step:
    names = {" ".join(argv[1:2]), " ".join(argv[1:3])}
    is_person = argv[0] == "git" or not names.isdisjoint(PERSON)
    is_look = argv[0] == "orch" and not names.isdisjoint(LOOKS)
    return Step(argv, "look" if is_look else "act", why, "person" if is_person else "anyone")
