"""Sections of `orch --help` and of its reference page, mounted commands included."""

from inbox.cli.help_sections import Section, Sections

SECTIONS = Sections(
    Section(
        "First steps", "a day's work, from a plan to landed changes.",
        "start", "top", "answer", "approve", "land",
    ),
    (
        Section("Start", "from a plan or a sentence to a run: by one command or step by step.",
                "start", "run", "request"),
        Section("Plan", "say what is to be done, and what waits for what.", "plan", "task", "dep"),
        Section("Drive", "take a whole run from plan to landed.", "drive"),
        Section(
            "Hand out", "give tasks to agents, and run the agents.",
            "ready", "dispatch", "work", "push", "submit",
        ),
        Section(
            "Answer", "reply to agents, and tell them how to continue.",
            "blocked", "answer", "continue",
        ),
        Section(
            "Look", "see what is happening, what happened, and what it cost.",
            "top", "web",
            "wait", "status", "logs", "diff", "open", "lock", "events", "trace", "usage",
            "graph", "report", "metrics",
        ),
        Section(
            "Judge", "check and review finished work, and decide on it.",
            "verify", "review", "council", "approve", "reject",
        ),
        Section(
            "Land", "bring tested work into its branch, then clean up.",
            "land", "queue", "integrate", "pr", "cleanup",
        ),
        Section(
            "Take back", "stop what is under way, and undo what has landed.",
            "stop", "cancel", "queue rollback", "salvage",
        ),
        Section(
            "Fix", "find out what is wrong, and get stuck work going again.",
            "doctor", "retry", "reassign", "adopt", "reconcile", "repo",
        ),
        Section(
            "Set up", "make a store, and teach agents and shells to use it.",
            "init", "store", "machine", "setup", "mcp", "notify", "prime", "schema", "completion",
        ),
    ),
    {
        "council": "Ask three reviewers about one target, and tally what they say.",
        "dep": "Say which task waits for which.",
        "machine": "See which machines share the store, and say which is lost.",
        "lock": "See who holds the locks that tasks name.",
        "plan": "Check a plan and turn it into tasks.",
        "pr": "Land by pull requests on a forge, and follow them.",
        "queue": "Land finished work, tested and in order: the merge queue.",
        "repo": "Tell orch that a repository moved, or that its configuration is right.",
        "request": "Record what a person wants, and have an engineer agent plan it.",
        "run": "Open, show and close runs, and limit what they may spend.",
        "salvage": "Bring back the work that cleanup saved.",
        "store": "Make, move, copy and upgrade a store on a server.",
        "task": "Add, show and change the tasks of a run.",
        "verify": "Run a task's checks, or record their results.",
    },
)  # fmt: skip
