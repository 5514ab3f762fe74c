"""The texts that setup installs, cut from what `inbox prime` and `orch prime` print. Pure.

One text for every client: a file that two of them read (CLAUDE.md linked to AGENTS.md) is
the same for both.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SKILLS = {
    "inbox-worker": (
        "worker",
        "How to work as an agent on inbox, the mailbox between agents: claim a thread, ask and "
        "wait, report done or fail. Use it when INBOX_AGENT or INBOX_THREAD is set, or when asked "
        "to take work from the inbox.",
    ),
    "orch-leader": (
        "leader",
        "How to lead several agents on this repository with orch: runs, tasks, dispatch, answers, "
        "checks, retries. Use it when asked to plan, hand out or follow work of other agents.",
    ),
    "inbox-reviewer": (
        "reviewer",
        "How to review another agent's work over inbox and deliver a verdict. Use it when given a "
        "review thread.",
    ),
}


def block(primers: "Mapping[str, str]") -> str:
    """Return the section for an instructions file: whom it concerns, and the commands."""
    commands = "\n".join(_commands(primers["worker"]))
    rules = primers["worker"].rpartition("\n\n")[2].strip()
    return f"""\
## Work between agents: inbox and orch

This concerns you only if INBOX_AGENT or INBOX_THREAD is set in your environment, or if you are
asked to give work to other agents or to take it. `inbox` is the mailbox, `orch` the task board.

- Worker: `inbox prime` tells how. With INBOX_AGENT, INBOX_THREAD and INBOX_LEASE set, leave the
  ids out of these commands:

```sh
{commands}
```

- Leader: `orch prime` tells how to hand out tasks; `orch status --run RUN` where they stand.
- Reviewer: `inbox prime --role reviewer`.

{rules}
"""


def skill(name: str, primers: "Mapping[str, str]") -> str:
    """Return a skill file: what it is for, and the whole primer of its role."""
    role, use = SKILLS[name]
    program = "orch" if role == "leader" else "inbox"
    return f"""\
---
name: {name}
description: {json.dumps(use)}
---

# {name}

This is what `{program} prime --role {role}` printed when it was installed; run it for today's.

{_fenced(primers[role])}
"""


def _commands(primer: str) -> list[str]:
    return [line.strip() for line in primer.splitlines() if line.startswith("  ")]


def _fenced(primer: str) -> str:
    """Return a primer as Markdown: runs of its commands in code blocks."""
    lines: list[str] = []
    inside = False
    for line in primer.strip().splitlines():
        command = line.startswith("  ")
        if command != inside:
            lines += ["", "```sh"] if command else ["```", ""]
            inside = command
        lines.append(line.strip())
    return "\n".join([*lines, "```"] if inside else lines)
