"""The next steps of `inbox`: its commands by their words and options.

Pure. Guarantees: every word and option that is said here or by a caller stands in the table of
commands (tests/house/test_steps.py).
"""

from schema.steps import Step, argv_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Words = Literal[
        "init", "send", "fetch", "claim", "renew", "release", "update", "reply", "done", "fail",
        "cancel", "list", "show", "ack", "watch", "wait-reply", "search", "artifact list",
        "artifact get", "doctor", "backup", "schema", "prime", "hook", "mcp", "completion",
    ]  # fmt: skip

LOOKS = frozenset(
    ("fetch", "list", "show", "watch", "wait-reply", "search", "artifact list", "doctor",
     "schema", "prime")
)  # fmt: skip


def say(words: "Words", *names: object, **options: object) -> Step:
    """Return a command of `inbox` as a step; an option that is None or False is left out."""
    argv = argv_of("inbox", words, names, options)
    return Step(argv, "look" if words in LOOKS else "act")
