"""The commands of `inbox`: the one table behind parsing, help, completion and the reference.

Adding a command? A row here, a function of that name, its plain view (plain.py), its shape
(shapes.py), its place in the help (help_sections.py), a test in tests/contract/,
then `make docs`.
"""

from inbox.cli.grammar import (
    AGENT,
    ARTIFACTS,
    BODY,
    CALL_SECONDS,
    DB,
    GET,
    JSON,
    KEY,
    LEASE,
    PAYLOAD,
    STATUSES,
    TIMEOUT,
    Command,
    Option,
    Program,
    me,
    thread,
)
from inbox.model import DEFAULT_MAX_CLAIMS, KINDS, PRIORITIES

_STATUS = Option("--status", "choices", "only these statuses, comma-separated", choices=STATUSES)
_FILTER = Option("--agent", "addressee", "only threads assigned to this agent (or @pool)")
_POOLS = Option("--pool", "pool", "also work addressed to @POOL", many=True, dest="pools")
_LEASE_SECONDS = Option(
    "--lease-seconds", "lease", "length of the lease: 900, 15m, at most 24h (default 15m)"
)
_NOT_BEFORE = Option("--not-before", "duration", "not claimable for this long: 90s, 15m, 2h")
_AFTER = Option("--after-event", "event", "look at what came after this event id")
_RESULT = (
    me(),
    thread(),
    Option("--summary", "text", "one line: what came of it"),
    *BODY,
    PAYLOAD,
    *ARTIFACTS,
    LEASE,
    KEY,
    Option(
        "--next",
        "flag",
        "take the next thread in the same step; data.claimed is null if none waits",
        dest="take_next",
    ),
    Option("--pool", "pool", "with --next: also work addressed to @POOL", many=True, dest="pools"),
)

_ROLE = Option("--role", "choice", "worker, leader or reviewer", default="worker",
               choices=("worker", "leader", "reviewer"))  # fmt: skip
HOOK_CLIENTS = ("none", "text", "claude", "codex", "copilot", "gemini", "qwen")

_COMMANDS = (
    Command("init", "inbox.cli.stores:init",
            "Create the store here, or name the one already in use.", (KEY,), "inbox init"),
    Command(
        "send",
        "inbox.cli.threads:send",
        "Open a thread for an agent, or add to an open one.",
        (
            me("--from", "who sends it", dest="sender"),
            Option("--to", "addressee", "an agent, or @pool for anyone who claims with --pool"),
            Option("--subject", "text", "what it is about (a new thread needs one)"),
            Option("--summary", "text", "one line (default: the subject)"),
            *BODY,
            PAYLOAD,
            Option(
                "--priority", "choice", "low, normal or high", default="normal", choices=PRIORITIES
            ),
            Option("--kind", "choice", "kind of the message", default="task", choices=KINDS),
            Option("--thread", "thread", "an open thread to add to, or the id of a new one"),
            Option("--run", "name", "run id to file it under"),
            Option("--task", "name", "task id to file it under"),
            *ARTIFACTS,
            KEY,
            _NOT_BEFORE,
            Option(
                "--max-claims",
                "natural",
                f"fail it after this many lost leases, 0 = never (default {DEFAULT_MAX_CLAIMS})",
            ),
            Option("--expects", "path", "a JSON Schema file that the result must satisfy"),
        ),
        "inbox send --from lead --to worker-1 --subject 'Fix the parser' --body-file task.md",
    ),
    Command(
        "fetch",
        "inbox.cli.threads:fetch",
        "List an agent's threads; nothing is claimed or marked read.",
        (
            Option("--agent", "name", "whose threads", env="INBOX_AGENT"),
            _POOLS,
            _STATUS,
            Option("--limit", "count", "at most this many", default=20),
            Option("--unread", "flag", "only threads with messages the agent has not read"),
        ),
        "inbox fetch --agent worker-1 --status pending",
    ),
    Command(
        "claim",
        "inbox.cli.claims:claim",
        "Take a thread: you alone may work on it now.",
        (
            me(),
            Option("--thread", "thread", "this thread"),
            Option(
                "--next",
                "flag",
                "the most urgent, then oldest, thread addressed to you",
                dest="take_next",
            ),
            _POOLS,
            Option(
                "--timeout-seconds",
                "duration",
                "with --next: wait this long for work: 90, 15m; 0 = forever",
                dest="timeout",
            ),
            _LEASE_SECONDS,
            KEY,
        ),
        "inbox claim --agent worker-1 --next --pool builders --timeout-seconds 100",
    ),
    Command(
        "renew",
        "inbox.cli.leases:renew",
        "Renew your lease: its full length counts from now.",
        (
            me(),
            thread(),
            _LEASE_SECONDS,
            Option("--while", "count", "keep renewing until this process ends", dest="pid"),
            LEASE,
            KEY,
        ),
        "inbox renew --agent worker-1 --thread thr_4k7d2m",
    ),
    Command(
        "release",
        "inbox.cli.leases:release",
        "Give a thread back: it is pending again.",
        (
            me(),
            thread(),
            Option("--reason", "text", "why", default=""),
            _NOT_BEFORE,
            LEASE,
            KEY,
        ),
        "inbox release --agent worker-1 --thread thr_4k7d2m --reason 'needs a GPU'",
    ),
    Command(
        "update",
        "inbox.cli.leases:update",
        "Report progress, or ask a question (status blocked).",
        (
            me(),
            thread(),
            Option(
                "--status",
                "choice",
                "in_progress, or blocked to ask a question",
                required=True,
                choices=("in_progress", "blocked"),
            ),
            Option("--summary", "text", "one line"),
            *BODY,
            PAYLOAD,
            *ARTIFACTS,
            LEASE,
            KEY,
        ),
        "inbox update --agent worker-1 --thread thr_4k7d2m --status blocked --body 'Which port?'",
    ),
    Command(
        "reply",
        "inbox.cli.threads:reply",
        "Answer in an open thread; its status stays.",
        (
            me("--from", "who answers", dest="sender"),
            Option("--to", "addressee", "for whom (default: the other side)"),
            thread(),
            Option("--summary", "text", "one line"),
            *BODY,
            PAYLOAD,
            Option("--kind", "choice", "kind of the message", default="answer", choices=KINDS),
            Option("--to-message", "message", "the message that is answered"),
            *ARTIFACTS,
            LEASE,
            KEY,
        ),
        "inbox reply --from lead --thread thr_4k7d2m --body 'Use port 8080.'",
    ),
    Command(
        "done",
        "inbox.cli.leases:done",
        "Deliver the result and close the thread.",
        (
            *_RESULT,
            Option(
                "--validate", "flag", "check body or payload against what the thread expects first"
            ),
        ),
        "inbox done --agent worker-1 --thread thr_4k7d2m --summary 'fixed' --artifact fix.diff",
    ),
    Command(
        "fail",
        "inbox.cli.leases:fail",
        "Give up and close the thread as failed.",
        (
            *_RESULT,
            Option("--retryable", "flag", "another try may succeed"),
            Option("--permanent", "flag", "no other try can succeed"),
        ),
        "inbox fail --agent worker-1 --thread thr_4k7d2m --retryable --summary 'network was down'",
    ),
    Command(
        "cancel",
        "inbox.cli.threads:cancel",
        "Cancel an open thread.",
        (
            me(),
            Option("--thread", "thread", "the thread's id", required=True),
            Option("--reason", "text", "why", default="cancelled"),
            *ARTIFACTS,
            KEY,
        ),
        "inbox cancel --agent lead --thread thr_4k7d2m --reason 'no longer needed'",
    ),
    Command(
        "list",
        "inbox.cli.threads:list_threads",
        "List threads, newest first.",
        (
            _STATUS,
            _FILTER,
            Option("--created-by", "name", "only threads this agent opened"),
            Option("--run", "name", "only threads of this run"),
            Option("--limit", "count", "at most this many", default=50),
            _AFTER,
        ),
        "inbox list --created-by lead --status pending,blocked",
    ),
    Command(
        "show",
        "inbox.cli.threads:show",
        "Read a thread, oldest message first.",
        (
            me(required=False),
            thread(),
            Option("--mark-read", "flag", "move your cursor to the last message shown"),
            Option("--after-message", "message", "go on after this message"),
            Option("--limit", "count", "at most this many messages"),
            Option("--max-bytes", "count", "at most this many bytes of messages (one at least)"),
            KEY,
        ),
        "inbox show --thread thr_4k7d2m --agent worker-1 --mark-read",
    ),
    Command(
        "ack",
        "inbox.cli.threads:ack",
        "Say how far you have read a thread.",
        (
            me(),
            thread(),
            Option("--through", "message", "the last message you read", required=True),
            KEY,
        ),
        "inbox ack --agent worker-1 --thread thr_4k7d2m --through msg_17",
    ),
    Command(
        "watch",
        "inbox.cli.waits:watch",
        "Wait for the next event of any thread that fits.",
        (
            _FILTER,
            _STATUS,
            Option("--run", "name", "only threads of this run"),
            _AFTER,
            Option("--follow", "flag", "stream events as JSON lines until interrupted"),
            Option(
                "--timeout-seconds",
                "duration",
                "give up after this long (default 100; with --follow never); 0 = never",
                dest="timeout",
            ),
        ),
        "inbox watch --agent worker-1 --after-event 41 --timeout-seconds 90",
    ),
    Command(
        "wait-reply",
        "inbox.cli.waits:wait_reply",
        "Wait for an answer in a thread.",
        (
            thread(),
            me(required=False),
            Option("--after-message", "message", "an answer after this message"),
            _AFTER,
            Option(
                "--kinds",
                "choices",
                "kinds that count",
                choices=KINDS,
                default=("answer", "control", "result"),
            ),
            LEASE,
            TIMEOUT,
        ),
        "inbox wait-reply --thread thr_4k7d2m --agent worker-1 --timeout-seconds 90",
        "Waiting keeps your lease.",
    ),
    Command(
        "search",
        "inbox.cli.searches:search",
        "Find messages by the words in them.",
        (
            Option("TEXT", "text", "the words, all of which must occur", many=True),
            _FILTER,
            Option("--thread", "thread", "only in this thread"),
            Option("--limit", "count", "at most this many", default=20),
        ),
        "inbox search connection refused",
    ),
    Command("artifact list", "inbox.cli.artifacts:list_artifacts",
            "List the artifacts of a thread.",
            (Option("--thread", "thread", "the thread's id", required=True),),
            "inbox artifact list --thread thr_4k7d2m"),
    Command(
        "artifact get",
        "inbox.cli.artifacts:get",
        "Write out an artifact whose bytes were kept.",
        (
            Option("ARTIFACT", "text", "its id, e.g. art_3", dest="artifact_id"),
            Option("--out", "path", "where to (default: its own file name, here)"),
        ),
        "inbox artifact get art_3 --out fix.diff",
    ),
    Command(
        "doctor",
        "inbox.cli.stores:doctor",
        "Check the store and the machine.",
        (Option("--deep", "flag", "fold all events and compare them with the tables"),),
        "inbox doctor --deep",
    ),
    Command("backup", "inbox.cli.stores:backup",
            "Write a verified copy of the store, while others work.",
            (Option("PATH", "path", "the new file"), KEY),
            "inbox backup ~/backups/coord-monday.db"),
    Command(
        "schema",
        "inbox.cli.stores:schema",
        "Print the JSON Schema of a command's answer.",
        (Option("COMMAND", "text", "a command; without one, all", dest="name", many=True),),
        "inbox schema claim",
    ),
    Command(
        "prime", "inbox.cli.stores:prime",
        "Print what an agent needs to know, in under 700 tokens.",
        (_ROLE,),
        "inbox prime --role worker",
    ),
    Command("mcp", "inbox.mcp.server:mcp", "Serve the bus as tools of the Model Context Protocol.",
            (_ROLE, CALL_SECONDS), "inbox mcp --role worker",
            "Over standard input and output, until that closes. For clients whose sandbox cannot "
            "write the store. Needs the extra orch-inbox[mcp]."),
    Command(
        "hook", "inbox.cli.hooks:hook",
        "Called by agent clients' hooks: show an agent its new mail.",
        (
            Option("--agent", "text", "whose mail", env="INBOX_AGENT"),
            Option("--client", "choice", "whose hook it is: the form of the answer",
                   default="none", choices=HOOK_CLIENTS),
            Option("--event", "text", "the hook's event, as the client names it"),
        ),
        "inbox hook --client claude --event PostToolUse",
        "Always exits 0, within two seconds, with less than 2 kB. What was shown is not shown "
        "again, and stays unread until it is read. orch setup AGENT installs the hooks.",
    ),
    Command(
        "completion", "inbox.cli.stores:completion", "Print the completion script of a shell.",
        (Option("SHELL", "choice", "bash, zsh or fish", choices=("bash", "zsh", "fish")),),
        "inbox completion bash > ~/.local/share/bash-completion/completions/inbox",
    ),
)  # fmt: skip

PROGRAM = Program(
    "inbox",
    "A durable message bus for coding agents: threads, leases, questions and answers.",
    _COMMANDS,
    (DB, JSON, GET, AGENT),
    sections="inbox.cli.help_sections:SECTIONS",
)
