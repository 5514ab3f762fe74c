"""Write what was proven as a page: clients, versions, proofs."""

import datetime
import platform
import re
from pathlib import Path

from tests.realclients.proofs import PROOFS, Result


def write(path: Path, results: list[Result], council: str) -> None:
    """Write docs/reference/realclients.md: rows of who was run now are new, others stay.

    `council` is what came of the council, "" where it was not held now.
    """
    today = str(datetime.datetime.now(datetime.UTC).date())
    before = path.read_text() if path.exists() else ""
    names = list(PROOFS)
    rows = _rows(before)
    for result in results:
        marks = {name: _mark(result.found.get(name, "-")) for name in names}
        rows[result.client.name] = {
            "client": result.client.name, "package": f"`{result.client.package}`",
            "version": result.version, **marks, "seconds": f"{result.seconds:.0f}", "run on": today,
        }  # fmt: skip
    columns = ["client", "package", "version", *names, "seconds", "run on"]
    lines = [
        "# Real clients", "",
        "<!-- Made by `make realclients`; run it again instead of editing this page. -->", "",
        f"Run on {platform.machine()} Linux, Python {platform.python_version()}, by",
        "`python -m tests.realclients --record [CLIENT]`: the published programs, started by",
        "`orch work` with their presets, offline, against a model that follows a script. Each",
        "works in a worktree of its own, runs real commands, and is judged as in daily use.", "",
        "| " + " | ".join(columns) + " |",
        "|---" * len(columns) + "|",
        *(f"| {' | '.join(row.get(name, '?') for name in columns)} |" for row in rows.values()),
    ]  # fmt: skip
    lines += ["", "What is proven (`?`: that proof is newer than the run):", ""]
    lines += [f"- **{name}**: {text}." for name, text in PROOFS.items()]
    missing = [
        f"- {result.client.name}, {name}: {said.partition(chr(10))[0][:200]}"
        for result in results
        for name, said in result.found.items()
        if said.startswith("no")
    ]
    if missing:
        lines += ["", "What was not as wanted:", "", *missing]
    held = _HELD + (f"{council}, {today}" if council else _council(before))
    lines += ["", held, *_COUNCIL, "", *_NOT_RUN]
    path.write_text("\n".join(lines) + "\n")


_HELD = "Three of them held a council over one diff in two rounds, at the same time: "


def _council(before: str) -> str:
    return next(
        (one.removeprefix(_HELD) for one in before.split("\n") if one.startswith(_HELD)), "no"
    )


def _rows(page: str) -> dict[str, dict[str, str]]:
    """Return the page's table by client; a page of one date alone gives it to every row."""
    dated = re.search(r"Run on (\d{4}-\d\d-\d\d)", page)
    lines = [[cell.strip() for cell in line.strip("| ").split(" | ")]
             for line in page.split("\n") if line.startswith("| ")]  # fmt: skip
    if not lines:
        return {}
    found = {}
    for cells in lines[1:]:
        row = dict(zip(lines[0], cells, strict=True))
        found[row["client"]] = {"run on": dated[1], **row} if dated else row
    return found


def _mark(said: str) -> str:
    return "yes" if said == "yes" else "-" if said == "-" else "**no**"


_COUNCIL = [
    "(claude, codex and pi, `python -m tests.realclients council`): each wrote its review and its",
    "votes into its own place, none overwrote another, the votes joined two findings that words do",
    "not, and the checkout stayed clean.",
]
_NOT_RUN = [
    "Besides the addresses of the scripted model, some got arguments of their own through",
    "`[harness.NAME]`: codex `--dangerously-bypass-hook-trust` (without it, it runs no hooks), pi",
    "`--offline` and its model, opencode variables against updates. Codex ran in its sandbox",
    "(`workspace-write`) and the runner committed for it. aider runs no commands: it edits and",
    "commits, and the runner reports for it. All ran as root. Seconds are those of a machine that",
    "did other work as well; they compare nothing.",
    "",
    "`-` in **hook**: a repository's hooks run only in a trusted folder (codex, copilot), not at",
    "all (gemini), or would leave worktrees changed (qwen); those of **user** ran. opencode and pi",
    "have no hooks. `-` in **login**: claude tries again for minutes.",
    "",
    "Not run: **amp** (0.0.1790142911 was installed: `orch work --check` finds its version and",
    "refuses without a key; a turn needs its own product's server) and **cursor-agent** (in no",
    "public registry). Their presets follow their help and documentation.",
]
