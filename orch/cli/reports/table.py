"""The commands that show runs: rows that orch/cli/main.py adds, so that hot commands load none."""

from inbox.cli.grammar import Command, Option

_RUN = Option("--run", "name", "the run's id", required=True)
_OUT = Option("--out", "path", "write it to this file instead of printing it")


def _format(*kinds: str) -> Option:
    words = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    return Option("--format", "choice", words, choices=kinds, default=kinds[0], dest="kind")


COMMANDS = (
    Command(
        "top", "orch.board_app.start:top",
        "Show what needs you, each with its command, then what is running.",
        (
            Option("--run", "name", "only this run (else all that are open)"),
            Option("--once", "flag", "print it once, also on a terminal"),
            Option("--for", "duration", "end after this long (else when stopped)",
                   dest="for_seconds"),
            Option("--limit", "count", "at most this many lines of each kind", default=10),
            Option("--no-mouse", "flag", "leave the mouse to the terminal"),
        ),
        "orch top --run docs-1",
        note="On a terminal it stays, is redrawn whenever something happens, and its keys give "
        "the commands: ? names them, q ends it. Without a terminal, or with --json, it is printed "
        "once.",
    ),
    Command(
        "web", "orch.web.start:web",
        "Serve the board as a page, and an HTTP API, on this machine.",
        (
            Option("--port", "natural", "the port of 127.0.0.1; 0 takes a free one", default=0),
            Option("--read-only", "flag", "show everything, take no command"),
            Option("--open", "flag", "open it in the browser", dest="open_page"),
        ),
        "orch web --port 8765",
        note="Wants the extra: pip install 'orch-inbox[web]'. Whoever has the address that it "
        "prints may give commands; a person's word wants a code that is shown here.",
    ),
    Command(
        "graph", "orch.cli.reports.reports:graph",
        "Draw which task waits for which, and how far each is.",
        (_RUN, _format("mermaid", "dot", "svg", "text"), _OUT),
        "orch graph --run docs-1 --format svg --out docs-1.svg",
    ),
    Command(
        "report", "orch.cli.reports.reports:report",
        "Write a report on a run: what was done, how it was judged, what is left.",
        (_RUN, _format("markdown", "html"), _OUT),
        "orch report --run docs-1 --format html --out docs-1.html",
    ),
    Command(
        "metrics", "orch.cli.reports.reports:metrics",
        "Print figures: throughput, waiting, retries, tokens, cost.",
        (Option("--run", "name", "only this run (else all)"),
         _format("json", "csv", "prometheus"), _OUT),
        "orch metrics --run docs-1 --format csv --out docs-1.csv",
        note="csv has a row for each attempt; prometheus is what Prometheus scrapes.",
    ),
)  # fmt: skip
