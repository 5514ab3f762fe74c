"""Figures for programs: Prometheus' text format, and CSV for a notebook. Pure.

Guarantees: label values are escaped as the format says; a figure that is not known is left out.
CSV cells are what the store holds (RFC 4180 quoting), but for one thing: titles are others' texts,
and one that a spreadsheet would calculate has an apostrophe put before it (docs/guide/seeing.md).
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orch.reports.metrics import COLUMNS, LENGTHS

# figure: (metric, type, help)
_METRICS = (
    ("tasks", "tasks", "gauge", "Tasks that were dispatched at least once."),
    ("tasks_done", "tasks_done", "gauge", "Tasks that are done."),
    ("attempts", "attempts_total", "counter", "Attempts dispatched."),
    ("attempts_done", "attempts_done_total", "counter", "Attempts that were done."),
    ("attempts_failed", "attempts_failed_total", "counter", "Attempts that failed."),
    ("attempts_cancelled", "attempts_cancelled_total", "counter", "Attempts cancelled."),
    ("retries", "retries_total", "counter", "Attempts after the first of a task."),
    ("questions", "questions_total", "counter", "Questions that workers asked."),
    ("tasks_landed", "tasks_landed", "gauge", "Tasks whose work is on its target."),
    (
        "landed_unattended_share",
        "landed_unattended_share",
        "gauge",
        "Share of these in which no person had a hand.",
    ),
    (
        "independent_share",
        "independent_share",
        "gauge",
        "Share of tasks that wait for no other and share no lock.",
    ),
    ("conflicts", "conflicts_total", "counter", "Conflicts met on the way to the target."),
    ("lost_leases", "lost_leases_total", "counter", "Leases that ran out and were taken over."),
    ("late_reports", "late_reports_total", "counter", "Reports of superseded attempts."),
    ("paths_not_owned", "path_violations_total", "counter", "Attempts that left their paths."),
    ("turns", "turns_total", "counter", "Starts of an agent's program."),
    ("input_tokens", "input_tokens_total", "counter", "Tokens that agents read."),
    ("output_tokens", "output_tokens_total", "counter", "Tokens that agents wrote."),
    ("cost_usd", "cost_usd_total", "counter", "Cost that clients reported, in US dollars."),
)
_GROUPS = (("by_run", "run"), ("by_agent", "agent"), ("by_harness", "harness"), ("by_kind", "kind"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # With what spreadsheets let a formula begin.
_QUANTILES = (("p50", "0.5"), ("p90", "0.9"), ("p99", "0.99"))


def prometheus(figures: "Mapping[str, Any]") -> str:
    """Return the figures by run, agent, harness and kind in Prometheus' text format 0.0.4."""
    lines: list[str] = []
    for group, label in _GROUPS:
        groups: Sequence[Mapping[str, Any]] = figures[group]
        prefix = f"orch_{label}"
        for figure, metric, kind, words in _METRICS:
            samples = [
                f'{prefix}_{metric}{{{label}="{_label(one["name"])}"}} {one[figure]}'
                for one in groups
                if one[figure] is not None
            ]
            lines += _family(f"{prefix}_{metric}", kind, words, samples)
        lines += _nested(groups, label, "checks", "checks_total", "counter", "result")
        lines += _nested(groups, label, "worktrees", "worktrees", "gauge", "state")
        for length, words in LENGTHS.items():
            name = f"{prefix}_{length}_seconds"
            samples = [line for one in groups for line in _summary(name, label, one, length)]
            lines += _family(name, "summary", f"Seconds {words}.", samples)
    return "\n".join(lines) + "\n" if lines else ""


def _family(name: str, kind: str, words: str, samples: Sequence[str]) -> list[str]:
    if not samples:
        return []
    return [f"# HELP {name} {_help(words)}", f"# TYPE {name} {kind}", *samples]


def _nested(
    groups: "Sequence[Mapping[str, Any]]", label: str, figure: str, metric: str, kind: str, by: str
) -> list[str]:
    name = f"orch_{label}_{metric}"
    samples = [
        f'{name}{{{label}="{_label(one["name"])}",{by}="{_label(part)}"}} {count}'
        for one in groups
        for part, count in one[figure].items()
    ]
    words = {"checks": "Results of checks.", "worktrees": "Worktrees made, and still standing."}
    return _family(name, kind, words[figure], samples)


def _summary(name: str, label: str, one: "Mapping[str, Any]", length: str) -> Iterator[str]:
    found = one["seconds"][length]
    named = f'{label}="{_label(one["name"])}"'
    if found["count"]:
        for part, quantile in _QUANTILES:
            yield f'{name}{{{named},quantile="{quantile}"}} {found[part]}'
    yield f"{name}_sum{{{named}}} {found['sum']}"
    yield f"{name}_count{{{named}}} {found['count']}"


def _label(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(words: str) -> str:
    return words.replace("\\", "\\\\").replace("\n", "\\n")


def table(rows: "Sequence[Mapping[str, object]]") -> str:
    """Return the rows as CSV with a header; null is an empty cell.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)  # Its \r\n makes it quote a cell with either of them.
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_formula else value
