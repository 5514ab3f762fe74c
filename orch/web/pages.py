"""The pages, made here as HTML: board, run, task, queue. Every peer's word is escaped.

Each page asks commands, as the API does, and shows their answers; what a button posts is an
endpoint of the API. The one script (page.js) fetches the page again when something happened.
"""

import re
from functools import partial

from inbox.cli.inside import Outcome
from orch.board_app import layout, rows
from orch.reports import html
from orch.reports.escape import visible, xml
from orch.steps.model import say
from orch.web import buttons, look
from schema.json_text import dumps, loads
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from orch.board_app.rows import Row
    from orch.web.buttons import Button

    Ask = Callable[..., Outcome]

_MOST_LINES = 400
_LEFT = "<h2>What is left to do</h2>"  # As the report has it.
_MOST_CHARACTERS = 200_000


class Page:
    """A page and its status of HTTP."""

    __slots__ = ("status", "text")

    def __init__(self, text: str, status: int = 200) -> None:
        self.text, self.status = text, status


def sheet() -> str:
    """Return the style of all pages."""
    return html.sheet() + look.SHEET


def shell() -> str:
    """Return what somebody sees who has not come by the address of the terminal."""
    words = "Open the whole address that the terminal of <code>orch web</code> shows."
    return _page("orch", [f'<p class="muted" id="shell">{words}</p>'], here="", data="shell")


def board(ask: "Ask", *, read_only: bool) -> Page:
    """Return all open runs: what needs somebody first."""
    said = ask("top", "--limit", "200")
    if said.failure is not None:
        return _failure(said)
    document = loads(said.envelope)["data"]
    found = rows.rows(document)
    parts = [*_runs(document, read_only=read_only)]
    for pane, title in rows.PANES.items():
        shown = [row for row in found if row.pane == pane]
        if shown:
            parts.append(f'<h2>{title.title()} <span class="count">{len(shown)}</span></h2>')
            parts += _rows(shown, document["at"], read_only=read_only, by_diff=False)
    if not found:
        parts.append("<p>There is no task in an open run.</p>")
    return Page(_page("Board", parts, here="/"))


def _runs(document: "dict[str, Any]", *, read_only: bool) -> "Iterator[str]":
    needs = len(document["needs"]) + document["more"]["needs"]
    told = f"{many(needs, 'needs', 'need')} you" if needs else "nothing needs you"
    count = many(sum(not run["review_of"] for run in document["runs"]), "run")
    cost = sum(run["cost_usd"] or 0 for run in document["runs"])
    spent = f' <span class="count">${cost:.2f}</span>' if cost else ""
    yield f'<h1>{count} <span class="told">{told}</span>{spent}</h1>'
    if not read_only:
        yield _buttons([buttons.new_run()])
    yield '<div class="runs">'
    for run in (each for each in document["runs"] if not each["review_of"]):
        total = run["counts"]["total"] - run["counts"]["cancelled"]
        share = 100 * run["landed"] / total if total else 0
        name = xml(run["run_id"])
        yield (
            f'<a class="run" href="/runs/{name}"><b>{name}</b> {html.tag(run["status"])}'
            f'<progress max="100" value="{share:.0f}">{share:.0f} %</progress>'
            f"<span>{_standing(run, total)}</span>"
            f'<span class="muted">{xml(visible(run["goal"])[:120])}</span></a>'
        )
    yield "</div>"


def _standing(run: "dict[str, Any]", total: int) -> str:
    """Return in words how far a run is, and about how long it takes yet."""
    told = [f"{run['landed']} of {total} landed"]
    if run["seconds_left"] is not None:
        told.append(f"about {layout.minutes(run['seconds_left'])} left")
    told += [f"${run['cost_usd']:.2f}"] if run["cost_usd"] else []
    told += ["a driver is at it"] if run["driver_pid"] else []
    told += ["paused"] if run["paused"] else []
    told += ["nothing begins"] if run["holds"] else []
    return xml(" · ".join(told))


def _rows(shown: "list[Row]", now: str, *, read_only: bool, by_diff: bool) -> "Iterator[str]":
    yield '<ul class="rows">'
    for row in shown:
        where = f"/tasks/{row.name}" if row.task else f"/runs/{row.run}"
        line = " && ".join(step.line for step in row.steps)
        offered = [] if read_only else buttons.of_row(row, by_diff=by_diff)
        yield (
            f'<li class="row c-{row.style or "dim"}"><span class="sign">{xml(row.sign)}</span>'
            f'<a class="name" href="{xml(where)}">{xml(row.name)}</a>'
            f'<span class="what">{xml(row.what)}</span>'
            f'<span class="text">{xml(visible(row.text)[:600])}{_lines(row)}</span>'
            f"<time>{layout.age(row.since, now).strip()}</time>"
            f'<code class="line">{xml(line)}</code>{_buttons(offered)}'
            f"{_to_diff(row, where) if offered and not by_diff else ''}</li>"
        )
    yield "</ul>"


def _lines(row: "Row") -> str:
    """Return what was changed so far."""
    if row.lines is None:
        return ""
    return f' <span class="plus">+{row.lines[0]}</span> <span class="minus">-{row.lines[1]}</span>'


def _to_diff(row: "Row", where: str) -> str:
    """Return the way to the change, beside which it is approved or rejected."""
    if not buttons.is_after_diff(row):
        return ""
    return f'<a class="after" href="{xml(where)}#diff">read the change, then approve or reject</a>'


def _buttons(offered: "Iterable[Button]") -> str:
    made = "".join(
        f'<button type="button" data-path="{xml(one.path)}" data-command="{xml(one.command)}" '
        f'data-asks="{xml(str(dumps([list(field) for field in one.asks])))}" '
        f'data-given="{xml(str(dumps(one.given)))}"{" data-keyed" if one.is_keyed else ""}>'
        f"{one.label}</button>"
        for one in offered
    )
    return f'<span class="buttons">{made}</span>' if made else ""


def run(ask: "Ask", *, run: str, read_only: bool) -> Page:
    """Return a run as its report tells it, with its needs' buttons."""
    said = ask("report", f"--run={run}", "--format", "html")
    if said.failure is not None:
        return _failure(said)
    text = loads(said.envelope)["data"]["text"]
    body = text.partition("<main>")[2].rpartition("</main>")[0]
    body = _TASK_CELL.sub(
        rf'<td class="s"><a href="/tasks/{xml(run)}/\1"><code>\1</code></a>', body
    )
    top = ask("top", f"--run={run}", "--limit", "200")
    if top.failure is not None:
        return _failure(top)
    document = loads(top.envelope)["data"]
    known = document["runs"][0]
    if not read_only and known["closed_at"] is None:
        offered = _buttons(buttons.of_run(run, is_paused=known["paused"]))
        body = body.replace("</h1>", f"</h1>{offered}", 1)
    shown = [row for row in rows.rows(document) if row.pane in ("needs", "work")]
    head, mark, rest = body.partition(_LEFT)
    if not mark:
        head, mark, rest = body.partition("<h2>")
        rest = mark + rest
    else:
        rest = rest[max(0, rest.find("<h2>")) :]  # The same needs, with buttons, in their place.
    parts = [head]
    for pane in ("needs", "work"):
        of_pane = [row for row in shown if row.pane == pane]
        if of_pane:
            parts.append(f"<h2>{rows.PANES[pane].capitalize()}</h2>")
            parts += _rows(of_pane, document["at"], read_only=read_only, by_diff=False)
    return Page(_page(f"Run {run}", [*parts, rest], here=""))


_TASK_CELL = re.compile(r'<td class="s"><code>([A-Za-z0-9._-]+)</code>')


def task(ask: "Ask", *, run: str, task: str, read_only: bool) -> Page:
    """Return a task: how it stands, its story, what it changed, what its agent printed."""
    name = f"{run}/{task}"
    said = ask("task", "show", name)
    if said.failure is not None:
        return _failure(said)
    known = loads(said.envelope)["data"]
    top = ask("top", f"--run={run}", "--limit", "200")
    document = loads(top.envelope)["data"] if top.failure is None else None
    parts = [f'<h1><a href="/runs/{xml(run)}">{xml(run)}</a>/{xml(task)} '
             f'{html.tag(known["task"]["status"])}</h1>',
             f'<p class="goal">{xml(visible(known["task"]["title"]))}</p>']  # fmt: skip
    if known["task"]["summary"]:
        parts.append(f"<p>{xml(visible(known['task']['summary']))}</p>")
    if document is not None:
        own = [row for row in rows.rows(document) if row.name == name]
        parts += _rows(own, document["at"], read_only=read_only, by_diff=True)
    parts += _facts(known)
    parts += _whole(said, is_open=known["task"]["status"] == "failed")
    parts += _section("Story", ask("trace", name))
    parts += _changes(ask("diff", name))
    parts += _log(name, ask("logs", name))
    return Page(_page(name, parts, here=""))


def _facts(known: "dict[str, Any]") -> "Iterator[str]":
    task = known["task"]
    facts = {
        "waits for": ", ".join(task["depends_on"]), "risk": task["risk"],
        "checks": ", ".join(task["required_checks"]), "priority": task["priority"],
        "tries": f"{task['latest_attempt_no'] or 0} of {task['max_attempts']}",
        "locks": ", ".join(task["locks"]), "reason": task["reason"] or "",
    }  # fmt: skip
    yield '<dl class="facts">'
    for name, value in facts.items():
        if value:
            yield f"<div><dt>{name}</dt><dd>{xml(visible(str(value)))}</dd></div>"
    yield "</dl>"


def _whole(said: Outcome, *, is_open: bool) -> "Iterator[str]":
    yield f"<details{' open' if is_open else ''}><summary>Everything about it</summary>"
    yield f"<pre>{xml(visible(said.text[:_MOST_CHARACTERS]))}</pre></details>"


def _section(title: str, said: Outcome) -> "Iterator[str]":
    text = said.text if said.failure is None else said.failure.message
    yield f"<h2>{title}</h2><pre>{xml(visible(text[:_MOST_CHARACTERS]))}</pre>"


def _changes(said: Outcome) -> "Iterator[str]":
    if said.failure is not None:
        return
    yield '<h2 id="diff">What it changed</h2>'
    for one in loads(said.envelope)["data"]["diffs"]:
        lines = visible(one["text"][:_MOST_CHARACTERS]).rstrip("\n").split("\n")
        painted = "\n".join(map(_painted, lines))
        cut = "\n… the rest is left out" if one["truncated"] else ""
        yield (
            f'<p class="muted">attempt {one["attempt_no"]}, '
            f"{many(len(one['files']), 'file')}, "
            f'<span class="plus">+{one["added"]}</span> <span class="minus">-{one["removed"]}'
            f'</span></p><pre class="diff">{painted}{cut}</pre>'
        )


def _painted(line: str) -> str:
    kind = {"+": "plus", "-": "minus", "@": "hunk"}.get(line[:1])
    return f'<span class="{kind}">{xml(line)}</span>' if kind else xml(line)


def _log(name: str, said: Outcome) -> "Iterator[str]":
    if said.failure is not None:
        return
    text = "\n".join(said.text.rstrip("\n").split("\n")[-_MOST_LINES:])
    yield "<h2>What its agent printed</h2>"
    path = f"/api/v1/tasks/{xml(name)}/log"
    yield f'<p><button type="button" data-follow="{path}">follow</button></p>'
    yield f'<pre id="log">{xml(visible(text))}</pre>'


def queue(ask: "Ask", *, read_only: bool) -> Page:
    """Return what is on its way to each target, and what landed."""
    said = ask("queue", "list")
    if said.failure is not None:
        return _failure(said)
    known = loads(said.envelope)["data"]
    parts = ["<h1>Queues</h1>"]
    for one in known["queues"]:
        held = f" <b>held: {xml(one['hold_reason'])}</b>" if one["hold_reason"] else ""
        runs = "somebody runs it" if one["runner_pid"] else "nobody runs it"
        told = f"{one['open']} on their way, {runs}"
        target = f"<b>{xml(one['target'])}</b>{held}"
        parts.append(f'<p>{target} <span class="muted">{told}</span></p>')
    entry = partial(_entry, read_only=read_only)
    parts += ['<ul class="rows">', *map(entry, known["entries"]), "</ul>"]
    if not known["entries"]:
        parts.append("<p>Nothing was queued yet.</p>")
    return Page(_page("Queue", parts, here="/queue"))


def _entry(one: "dict[str, Any]", *, read_only: bool) -> str:
    name = f"{one['run_id']}/{one['task_id']}" if one["task_id"] else one["run_id"]
    where = f"/tasks/{name}" if one["task_id"] else f"/runs/{name}"
    why = one["reason"] or one["waits_for"] or (f"as {(one['landed_commit'] or '')[:12]}"
                                               if one["landed_commit"] else "")  # fmt: skip
    offered = []
    if one["status"] in ("held", "quarantined") and not read_only:
        asks = (("reason", "why", False),)
        path = f"/api/v1/entries/{one['entry_id']}/release"
        line = say("queue release", one["entry_id"]).line
        offered = [buttons.Button("release", path, asks, line)]
    return (
        f'<li class="row"><span class="sign">⇥</span><a class="name" href="{xml(where)}">'
        f'{xml(name)}</a><span class="what">{html.tag(one["status"])}</span>'
        f'<span class="text">{xml(visible(why))}</span><time>{one["position"] or ""}</time>'
        f'<code class="line">{one["entry_id"]} → {xml(one["target"])}</code>'
        f"{_buttons(offered)}</li>"
    )


def _failure(said: Outcome) -> Page:
    from orch.web.endpoints import status_of

    assert said.failure is not None
    words = f"<h1>{said.failure.code.replace('_', ' ')}</h1><p>{xml(said.failure.message)}</p>"
    return Page(_page("orch", [words], here=""), status_of(said.failure))


def _page(title: str, parts: "Iterable[str]", *, here: str, data: str = "page") -> str:
    places = (("/", "Board"), ("/queue", "Queue"))
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if path == here else ""}>{name}</a>'
        for path, name in places
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{xml(title)} · orch</title>"
        '<link rel="stylesheet" href="/style.css"><script src="/page.js" defer></script></head>\n'
        f'<body data-page="{data}"><nav><b>orch</b>{links}<span id="live"></span></nav>\n<main>\n'
        + "\n".join(parts)
        + '\n</main>\n<p id="said" role="status"></p>\n'
        '<dialog id="ask"><form method="dialog"><h2></h2><pre></pre><div class="fields"></div>'
        '<p class="wrong" role="alert"></p><p class="buttons"><button value="no" type="button" '
        'data-close>Back</button><button class="main" type="submit">Give it</button></p></form>'
        "</dialog></body></html>\n"
    )
