"""The commands about machines that share a store; rows as in orch/cli/table.py."""

from inbox.cli.grammar import KEY, Command, Option
from orch.cli.hot_table import ONE_TASK

COMMANDS = (
    Command(
        "machine list", "orch.cli.machines.machines:list_machines",
        "List the machines that share this store, and what is at work on each.", (),
        "orch machine list",
    ),
    Command(
        "machine lost", "orch.cli.machines.machines:lost",
        "Say that a machine is gone for good: others go on with what it pushed.",
        (
            Option("NAME", "text", "the machine, by its name or its id", dest="name"),
            Option("--reason", "text", "why, for those who read it later", default=""),
            KEY,
        ),
        "orch machine lost builder-2 --reason 'its disk died'",
        note="Time alone never says so: a machine that does not answer may be at work still. "
        "What it did not push is lost with it.",
        person=True,
    ),
    Command(
        "push", "orch.cli.machines.deliveries:push",
        "Bring a task's commits to the remote, as its report needs them there.",
        ONE_TASK,
        "orch push docs-1/outline",
        note="On the machine where the task is worked on. Inside an agent's turn no task need be "
        "named; inbox done does it by itself.",
    ),
)  # fmt: skip
