"""The commands that show runs: rows that orch/cli/main.py adds, so that hot commands load none."""

from inbox.cli.grammar import Command, Option

_RUN = Option("--run", "name", "the run's id", required=True)
_OUT = Option("--out", "path", "write it to this file instead of printing it")


def _format(*kinds: str) -> Option:
    words = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    return Option("--format", "choice", words, choices=kinds, default=kinds[0], dest="kind")


COMMANDS = (
    Command(
        "top", "orch.cli.board.top:top",
        "The leader's board: what needs a person first, each with the command; then what runs.",
        (
            Option("--run", "name", "only this run (else all that are open)"),
            Option("--once", "flag", "print it once, also on a terminal"),
            Option("--for", "duration", "end after this long (else when stopped)",
                   dest="for_seconds"),
            Option("--limit", "count", "at most so many lines of each kind", default=10),
        ),
        "orch top --run docs-1",
        note="On a terminal it stays and is drawn again whenever something happens; Ctrl-C ends "
        "it. Without a terminal, or with --json, it is printed once.",
    ),
    Command(
        "graph", "orch.cli.reports.reports:graph",
        "Draw who waits for whom, and how far each task is.",
        (_RUN, _format("mermaid", "dot", "svg"), _OUT),
        "orch graph --run docs-1 --format svg --out docs-1.svg",
    ),
    Command(
        "report", "orch.cli.reports.reports:report",
        "The whole run as a document: who did what, how it was judged, what is left to do.",
        (_RUN, _format("markdown", "html"), _OUT),
        "orch report --run docs-1 --format html --out docs-1.html",
    ),
    Command(
        "metrics", "orch.cli.reports.reports:metrics",
        "Figures: throughput, waiting, success, retries, questions, tokens, cost.",
        (Option("--run", "name", "only this run (else all)"),
         _format("json", "csv", "prometheus"), _OUT),
        "orch metrics --run docs-1 --format csv --out docs-1.csv",
        note="csv has a row for each attempt; prometheus is the text format that it scrapes.",
    ),
)  # fmt: skip
