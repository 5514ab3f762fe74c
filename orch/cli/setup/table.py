"""The command that makes agent clients know of us: a row of orch's table (table.py)."""

from inbox.cli.grammar import CALL_SECONDS, Command, Option

COMMANDS = (
    Command(
        "setup",
        "orch.cli.setup.setup:setup",
        "Teach an agent client to use inbox and orch: texts, skills, hooks.",
        (
            Option("AGENT", "text", "claude, codex, gemini, …; agents: any that reads AGENTS.md",
                   dest="name"),
            Option("--check", "flag", "write nothing; exit 30 unless everything is up to date"),
            Option("--dry-run", "flag", "write nothing; show what would change"),
            Option("--remove", "flag", "remove what is ours"),
            Option("--mcp", "flag", "register orch mcp as its tools instead, or remove that"),
            Option("--user", "flag", "in your home, for all repositories, instead of here"),
            Option("--force", "flag", "even where our own text has been edited since"),
            Option("--list", "flag", "list the clients that orch knows", dest="listing"),
        ),
        "orch setup claude --dry-run",
        note="Only our own marked block, skills and hook entries are written; everything else "
        "stays byte for byte. If anything is in the way, nothing is written at all.",
    ),
    Command(
        "mcp", "orch.mcp.server:mcp", "Serve commands as tools of the Model Context Protocol.",
        (
            Option("--role", "choice",
                   "whose tools (default: a worker's where orch work started the client, else a "
                   "leader's)", choices=("worker", "leader", "reviewer")),
            CALL_SECONDS,
        ),
        "orch mcp --role leader",
        "Over standard input and output, until that closes. Needs the extra orch-inbox[mcp]; "
        "orch setup CLIENT --mcp registers it.",
    ),
)  # fmt: skip
