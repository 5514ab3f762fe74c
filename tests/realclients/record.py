"""Write what was proven as a page: clients, versions, proofs."""

import datetime
import platform
from pathlib import Path

from tests.realclients.proofs import PROOFS, Result


def write(path: Path, results: list[Result], council: str) -> None:
    """Write docs/reference/realclients.md; `council` is what came of the council."""
    names = list(PROOFS)
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [
        "# Real clients", "",
        "<!-- Made by `make realclients`; run it again instead of editing this page. -->", "",
        f"Run on {today}, {platform.machine()} Linux, Python {platform.python_version()}, by",
        "`python -m tests.realclients --record`: the published programs, started by `orch work`",
        "with their presets, offline, against a model that follows a script. Each works in a",
        "worktree of its own, runs real commands, and is judged as in daily use.", "",
        "| client | package | version | " + " | ".join(names) + " | seconds |",
        "|---" * (len(names) + 4) + "|",
    ]  # fmt: skip
    for result in results:
        marks = [_mark(result.found.get(name, "-")) for name in names]
        cells = [result.client.name, f"`{result.client.package}`", result.version, *marks]
        lines.append("| " + " | ".join([*cells, f"{result.seconds:.0f}"]) + " |")
    lines += ["", "What is proven:", ""]
    lines += [f"- **{name}**: {text}." for name, text in PROOFS.items()]
    missing = [
        f"- {result.client.name}, {name}: {said.partition(chr(10))[0][:200]}"
        for result in results
        for name, said in result.found.items()
        if said.startswith("no")
    ]
    if missing:
        lines += ["", "What was not as wanted:", "", *missing]
    lines += [
        "",
        f"Three of them held a council over one diff in two rounds, at the same time: {council}",
    ]
    lines += [*_COUNCIL, "", *_NOT_RUN]
    path.write_text("\n".join(lines) + "\n")


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
