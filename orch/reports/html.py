"""The report of a run as one HTML file: no script, no resource from outside, light and dark.

Pure. Guarantees: every word of a peer is escaped; a policy in the page allows nothing but its
own style sheet, named by its hash, so that even a hole in the escaping could load nothing. The
page is well-formed XML too, which is how the tests read it.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orch.reports import figures, landing_story, style
from orch.reports import graph_svg as graphs
from orch.reports import timeline_svg as timelines
from orch.reports.escape import one_line, visible, xml
from orch.reports.markdown import MOST, last_lines, review_words, spent, usage, where
from schema.words import many

Document = Mapping[str, Any]
_MOST_FILES = 20
_MOST_IN_A_LINE = 1000  # Characters.

_PAGE = """\
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 FONT; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 24px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 36px 0 12px; }
p { margin: 6px 0; } .muted { color: var(--muted); } .goal { font-size: 17px; }
code, pre { font-family: ui-monospace, 'DejaVu Sans Mono', monospace; font-size: 13px; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 6px;
  padding: 8px 12px; margin: 6px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
.wide svg { display: block; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(104px, 1fr)); gap: 12px;
  margin: 18px 0; }
.band { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 4px; padding: 0; margin: 8px 0;
  font-size: 14px; }
.band li { border-left: 4px solid var(--muted); background: var(--box); padding: 3px 10px;
  border-radius: 4px; margin: 0; }
.band time { color: var(--muted); font-size: 12px; }
.band li + li::before { content: "→ "; color: var(--muted); }
.card { background: var(--box); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 14px; }
.card b { display: block; font-size: 20px; white-space: nowrap; }
.card span { color: var(--muted); font-size: 13px; }
.tag { display: inline-block; border-radius: 999px; padding: 0 9px; font-size: 12px;
  color: var(--paper); background: var(--muted); white-space: nowrap; }
table { margin-bottom: 14px; border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th, td.n, td.s { white-space: nowrap; } td.title { overflow-wrap: anywhere; min-width: 160px; }
th { color: var(--muted); font-weight: 500; } td.n, th.n { text-align: right; }
details { border: 1px solid var(--line); border-radius: 8px; margin: 8px 0; padding: 8px 14px; }
summary { cursor: pointer; } details h3 { font-size: 15px; margin: 14px 0 4px; }
ul { margin: 4px 0; padding-left: 20px; } li { margin: 2px 0; overflow-wrap: anywhere; }
.need { border-left: 4px solid var(--blocked); padding: 2px 0 2px 14px; margin: 12px 0; }
@media (max-width: 699px) {
  main { padding: 16px; } table { display: block; overflow-x: auto; }
  .cards { grid-template-columns: 1fr 1fr; }
  .wide { border-right: 3px dashed var(--edge); }
}
@media print { details { break-inside: avoid; } }
"""


def render(document: Document, graph: graphs.Graph, timeline: timelines.Timeline) -> str:
    """Return the report as a page."""
    look = sheet()
    digest = base64.b64encode(hashlib.sha256(look.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    run = document["run"]
    name = xml(run["run_id"])
    body = [
        f"<h1>Run {name} {standing(run)}</h1>",
        f'<p class="goal">{xml(one_line(run["goal"]))}</p>',
        f'<p class="muted">{_when(document)}</p>',
        *_cards(document),
        *_left(document["left"]),
        *(line for review in document["reviews"] for line in _review(review)),
        "<h2>Timeline</h2>",
        f'<div class="wide">{timelines.svg(timeline, inline=True)}</div>',
        "<h2>Dependencies</h2>",
        f'<div class="wide">{graphs.svg(graph, inline=True)}</div>',
        f"<h2>Tasks</h2>\n{_table(document['tasks'])}",
        *(line for task in document["tasks"] for line in _task(task)),
        "<h2>Totals</h2>",
        *_totals(document),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head>\n'
        '<meta charset="utf-8"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>Run {name}</title>\n<style>{look}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def sheet() -> str:
    """Return the style of the page."""
    look = style.sheet() + _PAGE.replace("FONT", style.FONT)
    tags = (
        f".t-{name} {{ background: var(--{name}); }}\n"
        f".band .b-{name} {{ border-color: var(--{name}); }}\n"
        for name in style.STATUSES
    )
    return look + "".join(tags)


_ENDS = {"land": ("blocked", "to be landed"), "integrate": ("blocked", "to be integrated"),
         "finished": ("done", "finished")}  # fmt: skip


def standing(run: Document) -> str:
    """Return where a run is: its end, where it has come to one, else its status."""
    colour, words = _ENDS.get(run.get("end", "open"), (run["status"], run["status"]))
    return label(colour, words)


def label(colour: str, words: str) -> str:
    """Return words as a small label that has a status' colour."""
    return f'<span class="tag t-{xml(colour)}">{xml(words)}</span>'


def tag(status: str) -> str:
    """Return a status as a small coloured label."""
    kind = f" t-{status}" if status in style.STATUSES else ""
    return f'<span class="tag{kind}">{xml(status.replace("_", " "))}</span>'


def _when(document: Document) -> str:
    began = document["began_at"]
    words = [f"began {_time(began)}" if began else "nothing dispatched yet"]
    words.append(f"as of {_time(document['at'])} UTC")
    if document["run"]["closed_at"]:
        words.append("closed")
    return xml(", ".join(words))


def _time(stamp: str) -> str:
    return stamp[:19].replace("T", " ")


def _cards(document: Document) -> Iterator[str]:
    counts, totals = document["run"]["counts"], document["totals"]
    rate = totals["success_rate"]
    cards = [
        (f"{counts['done']} / {counts['total']}", "tasks done"),
        (figures.duration(document["seconds"] * 1000), "in all"),
        (str(totals["attempts"]), "attempts"),
        (str(totals["retries"]), "retries"),
        ("–" if rate is None else f"{rate:.0%}", "of attempts succeeded"),
        (str(totals["questions"]), "questions"),
    ]
    checks = sum(totals["checks"].values())
    if checks:
        cards.append((f"{totals['checks']['passed']} / {checks}", "checks passed"))
    if totals["input_tokens"] is not None or totals["output_tokens"] is not None:
        tokens = (totals["input_tokens"] or 0) + (totals["output_tokens"] or 0)
        cards.append((f"{tokens:,}".replace(",", "\u202f"), "tokens"))
    if totals["cost_usd"] is not None:
        cards.append((figures.money(round(totals["cost_usd"] * 1e6)), "cost"))
    yield '<div class="cards">'
    for value, words in cards:
        yield f'<div class="card"><b>{value}</b><span>{words}</span></div>'
    yield "</div>"


def _left(left: Sequence[Document]) -> Iterator[str]:
    yield "<h2>What is left to do</h2>"
    if not left:
        yield "<p>Nothing.</p>"
    for need in left:
        name = xml(need["task_id"] or f"run {need['run_id']}")
        kind = xml(need["kind"].replace("_", " "))
        yield (
            f'<div class="need"><p><b>{name}</b> <span class="tag t-blocked">{kind}</span> '
            f"{_said(need['text'])}</p><pre>{xml(need['command'])}</pre></div>"
        )


def _said(text: str) -> str:
    """Return a peer's words within a line."""
    return xml(one_line(figures.short(text, _MOST_IN_A_LINE)))


def _block(text: str) -> str:
    """Return a peer's words with their line breaks."""
    return f"<pre>{xml(visible(figures.short(text, MOST)))}</pre>" if text.strip() else ""


def _table(tasks: Sequence[Document]) -> str:
    if not tasks:
        return "<p>None.</p>"
    heads = ("task", "title", "status", "tries", "who", "at work", "checks", "commits", "cost")
    numbers = ("tries", "at work", "commits", "cost")
    lines = ["<table><thead><tr>"]
    lines += [f'<th class="n">{h}</th>' if h in numbers else f"<th>{h}</th>" for h in heads]
    lines.append("</tr></thead><tbody>")
    for task in tasks:
        tried = task["attempts"]
        work = sum(one["seconds"]["working"] for one in tried)
        costs = [one["cost_usd"] for one in tried if one["cost_usd"] is not None]
        stands = landing_story.of_task(task)
        landing = f" {label(*stands)}" if stands else ""
        cells = [
            f'<td class="s"><code>{xml(task["task_id"])}</code></td>',
            f'<td class="title">{_said(task["title"])}</td>',
            f'<td class="s">{tag(task["status"])}{landing}</td>',
            f'<td class="n">{len(tried)}</td>',
            f'<td class="s">{xml(tried[-1]["who"]) if tried else ""}</td>',
            f'<td class="n">{figures.duration(work * 1000) if tried else ""}</td>',
            f"<td>{xml(task['gate'] or '')}</td>",
            f'<td class="n">{len(tried[-1]["commits"]) if tried else ""}</td>',
            f'<td class="n">{figures.money(round(sum(costs) * 1e6)) if costs else ""}</td>',
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody></table>"])


def _task(task: Document) -> Iterator[str]:
    if not task["attempts"]:
        return
    is_odd = task["status"] != "done" or len(task["attempts"]) > 1 or len(task["entries"]) > 1
    yield '<details open="open">' if is_odd else "<details>"
    title = "" if task["title"] == task["task_id"] else f" {_said(task['title'])}"
    yield (f"<summary>{tag(task['status'])} <code>{xml(task['task_id'])}</code>{title}</summary>")
    if task["depends_on"]:
        yield f'<p class="muted">after {xml(", ".join(task["depends_on"]))}</p>'
    if task["reason"]:
        yield f"<p>{_said(task['reason'])}</p>"
    for entry in task["entries"]:
        yield from _band(entry)
    for attempt in task["attempts"]:
        yield from _attempt(attempt)
    for review in task["reviews"]:
        yield from _review(review)
    yield "</details>"


def _band(entry: Document) -> Iterator[str]:
    """One line of steps: how an entry came to its target, or where it stopped."""
    outputs = []
    yield f'<ol class="band" aria-label="{xml(entry["entry_id"])} on its way">'
    for step in landing_story.band(dict(entry)):
        note = f" <q>{_said(step.note)}</q>" if step.note else ""
        at = f" <time>{landing_story.moment(step.at)}</time>" if step.at else ""
        yield f'<li class="b-{step.status}">{xml(step.words)}{note}{at}</li>'
        outputs.append(step.output)
    yield "</ol>"
    for output in filter(None, outputs):
        yield _block(output)


def _attempt(attempt: Document) -> Iterator[str]:
    who = f"{xml(attempt['who'])} {tag(attempt['status'])}"
    yield f"<h3>Attempt {attempt['attempt_no']}, {who}</h3>"
    words = [spent(attempt["seconds"]), where(attempt), usage(attempt)]
    if attempt["harness"]:
        words.insert(0, f"harness {attempt['harness']}")
    yield f'<p class="muted">{xml("; ".join(word for word in words if word))}</p>'
    if attempt["result"]:
        yield _block(attempt["result"])
    items = [*_facts_of(attempt)]
    if items:
        yield f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _facts_of(attempt: Document) -> Iterator[str]:
    for asked in attempt["questions"]:
        answer = _said(asked["answer"]) if asked["answer"] is not None else "not answered"
        yield f"asked: {_said(asked['question'])}<br/>answered: {answer}"
    for check in attempt["checks"]:
        took = f", {figures.duration(check['seconds'] * 1000)}" if check["seconds"] else ""
        state = {"passed": "done", "failed": "failed"}.get(check["status"], "blocked")
        yield (
            f'<span class="tag t-{state}">{xml(check["status"])}</span> check '
            f"<code>{xml(check['check'])}</code> {_said(check['summary'])} "
            f'<span class="muted">({xml(check["source"])}{took})</span>'
            + (_block(last_lines(check["output_tail"])) if check["output_tail"] else "")
        )
    for commit in attempt["commits"]:
        lines = f'<span class="muted">+{commit["added"]} -{commit["removed"]}</span>'
        yield f"<code>{xml(commit['commit'][:12])}</code> {_said(commit['subject'])} {lines}"
    if attempt["files"]:
        files = ", ".join(f"<code>{xml(path)}</code>" for path in attempt["files"][:_MOST_FILES])
        more = attempt["files_changed"] - _MOST_FILES
        yield f"files: {files}{f' and {more} more' if more > 0 else ''}"
    if attempt["uncommitted_files"]:
        yield f"<b>{many(attempt['uncommitted_files'], 'uncommitted file')}</b>"
    if attempt["paths_not_owned"]:
        paths = ", ".join(xml(path) for path in attempt["paths_not_owned"][:_MOST_FILES])
        yield f"<b>paths it does not own:</b> {paths}"


def _review(review: Document) -> Iterator[str]:
    yield f"<h3>Review <code>{xml(review['run_id'])}</code></h3><p>{xml(review_words(review))}</p>"
    if review["groups"]:
        yield "<ul>"
        for group in review["groups"]:
            severity = f", {group['severity']}" if group["severity"] else ""
            yield f"<li>{xml(group['level'] + severity)}: {_said(group['title'])}</li>"
        yield "</ul>"
    yield f"<pre>orch council report --run {xml(review['run_id'])}</pre>"


def _totals(document: Document) -> Iterator[str]:
    heads = ("", "tasks", "done", "attempts", "retries", "succeeded", "questions", "tokens", "cost")
    yield f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>"
    rows = [("all", document["totals"])]
    rows += [(f"by {one['name']}", one) for one in document["by_agent"]]
    rows += [(f"harness {one['name']}", one) for one in document["by_harness"] if one["name"]]
    for name, one in rows:
        rate = "" if one["success_rate"] is None else f"{one['success_rate']:.0%}"
        tokens = (one["input_tokens"] or 0) + (one["output_tokens"] or 0)
        cost = "" if one["cost_usd"] is None else figures.money(round(one["cost_usd"] * 1e6))
        cells = (xml(name), one["tasks"], one["tasks_done"], one["attempts"], one["retries"], rate,
                 one["questions"], tokens or "", cost)  # fmt: skip
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</tbody></table>"
    yield (
        "<table><thead><tr><th></th><th>count</th><th>median</th><th>90 %</th>"
        "<th>longest</th></tr></thead><tbody>"
    )
    for name, one in document["totals"]["seconds"].items():
        if one["count"]:
            values = (one["count"], *(_s(one[key]) for key in ("p50", "p90", "max")))
            told = "".join(f"<td>{value}</td>" for value in (name, *values))
            yield f"<tr>{told}</tr>"
    yield "</tbody></table>"


def _s(seconds: float | None) -> str:
    return figures.duration(None if seconds is None else seconds * 1000)
