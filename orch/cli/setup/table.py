"""The command that makes agent clients know of us: a row of orch's table (table.py)."""

from inbox.cli.grammar import Command, Option

COMMANDS = (
    Command(
        "setup",
        "orch.cli.setup.setup:setup",
        "Teach an agent client about inbox and orch: instructions, skills, hooks.",
        (
            Option("AGENT", "text", "claude, codex, gemini, …; agents: any that reads AGENTS.md",
                   dest="name"),
            Option("--check", "flag", "write nothing; exit 30 unless all is up to date"),
            Option("--dry-run", "flag", "write nothing; show what would change"),
            Option("--remove", "flag", "take out again what is ours"),
            Option("--user", "flag", "in your home, for all repositories, instead of this one"),
            Option("--force", "flag", "also where our own text was edited since"),
            Option("--list", "flag", "list the clients that are known", dest="listing"),
        ),
        "orch setup claude --dry-run",
        note="Only our own marked block, skills and hook entries are written; everything else "
        "keeps its bytes. Nothing is written where anything is in the way.",
    ),
)  # fmt: skip
