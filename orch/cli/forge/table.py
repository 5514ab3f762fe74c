"""The commands about pull requests: rows of orch's table (table.py)."""

from inbox.cli.grammar import KEY, Command, Option

_ENTRY = Option("ENTRY", "task", "the entry (ent_5), or its task: run/task or its bare id",
                dest="entry")  # fmt: skip
_RUN = Option("--run", "name", "the run's id (or name the task R/T)")
_FORGE = "needs [forge] in orch.toml and the extra: pip install 'orch-inbox[github]'"

COMMANDS = (
    Command(
        "request import", "orch.cli.forge.issues:import_issue",
        "Make a request from an issue on the forge.",
        (
            Option("--issue", "count", "its number", required=True),
            Option("--run", "name", "the run it belongs to; without one, planning opens a run"),
            Option("--repo-path", "path", "the repository (else the run's, else this directory)"),
            KEY,
        ),
        "orch request import --issue 42",
        note="The text is marked as its author's. The same issue always gives the same request.",
    ),
    Command(
        "pr open", "orch.cli.forge.pulls:open_one",
        "Test an entry, push it and open its pull request.", (_ENTRY, _RUN, KEY),
        "orch pr open docs-1/outline",
        note=f"With [forge] land = \"pull-request\" orch queue run does the same. It {_FORGE}.",
    ),
    Command(
        "pr update", "orch.cli.forge.pulls:update",
        "Push again what was tested, and bring its pull request up to date.",
        (_ENTRY, _RUN, KEY), "orch pr update docs-1/outline",
    ),
    Command(
        "pr status", "orch.cli.forge.pulls:status",
        "Ask the forge how a pull request stands, and follow it.",
        (
            _ENTRY, _RUN,
            Option("--watch", "flag", "keep asking until it has landed, failed or been closed"),
        ),
        "orch pr status docs-1/outline",
        note="Merged there, the work has landed; closed there, it is held; a failed required "
        "check sends it back. --watch asks at most once in 30 s.",
    ),
    Command(
        "pr checks", "orch.cli.forge.pulls:checks",
        "List the checks of a pull request, and which are required.", (_ENTRY, _RUN),
        "orch pr checks docs-1/outline",
    ),
    Command(
        "pr logs", "orch.cli.forge.pulls:logs",
        "Show the last lines of each failed step of its checks.", (_ENTRY, _RUN),
        "orch pr logs docs-1/outline",
    ),
    Command(
        "pr merge", "orch.cli.forge.pulls:merge",
        "Merge a pull request on the forge, if it is still what was tested.",
        (_ENTRY, _RUN, KEY), "orch pr merge docs-1/outline", person=True,
    ),
)  # fmt: skip
