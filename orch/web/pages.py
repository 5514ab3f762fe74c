"""The pages, made here as HTML: board, run, task, queue. Every peer's word is escaped.

Each page asks commands, as the API does, and shows their answers; what a button posts is an
endpoint of the API. The one script (page.js) fetches the page again when something happened.
"""

import re

from inbox.cli import plain
from inbox.cli.inside import Outcome
from orch.board_app import layout, rows
from orch.reports import html
from orch.reports.escape import visible, xml
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
_MOST_IN_A_LINE = 1000
_MAIN = ' class="main"'
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
    return page("orch", [f'<p class="muted" id="shell">{words}</p>'], here="", data="shell")


def board(ask: "Ask", *, read_only: bool) -> Page:
    """Return all open runs: what needs somebody first."""
    said = ask("top", "--limit", "200")
    if said.failure is not None:
        return failure(said)
    document = loads(said.envelope)["data"]
    found = rows.rows(document)
    parts = [*_runs(document, read_only=read_only)]
    for pane, title in rows.PANES.items():
        shown = [row for row in found if row.pane == pane]
        if shown:
            parts.append(f'<h2>{title.capitalize()} <span class="count">{len(shown)}</span></h2>')
            parts += _rows(shown, document["at"], read_only=read_only, by_diff=False)
    if not found:
        parts.append("<p>There is no task in an open run.</p>")
    return Page(page("Board", parts, here="/"))


def _runs(document: "dict[str, Any]", *, read_only: bool) -> "Iterator[str]":
    needs = len(document["needs"]) + document["more"]["needs"]
    told = f"{many(needs, 'needs', 'need')} you" if needs else "nothing needs you"
    shown = rows.own_runs(document)
    count = many(len(shown), "open run")
    cost = sum(run["cost_usd"] or 0 for run in document["runs"])
    spent = f' <span class="count">${cost:.2f}</span>' if cost else ""
    yield f'<h1>{count} <span class="told">{told}</span>{spent}</h1>'
    if not read_only:
        yield buttons_of([buttons.new_run()])
    yield '<div class="runs">'
    for run in shown:
        total = run["counts"]["total"] - run["counts"]["cancelled"]
        share = 100 * run["landed"] / total if total else 0
        name = xml(run["run_id"])
        yield (
            f'<a class="run" href="/runs/{name}"><b>{name}</b> {html.standing(run)}'
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
        is_shown = row.pane != "needs" and all(step.kind == "look" for step in row.steps)
        line = "" if is_shown else " && ".join(step.line for step in row.steps)
        offered = [] if read_only else buttons.of_row(row, by_diff=by_diff)
        yield (
            f'<li class="row c-{row.style or "dim"}"><span class="sign">{xml(row.sign)}</span>'
            f'<a class="name" href="{xml(where)}">{xml(row.name)}</a>'
            f'<span class="what">{xml(row.what)}</span>'
            f'<span class="text">{xml(visible(row.text)[:600])}{_lines(row)}</span>'
            f"<time>{layout.age(row.since, now).strip()}</time>"
            f"{line_of(line, buttons.why_terminal(row))}"
            f"{_links(row, where, to_diff=bool(offered) and not by_diff)}"
            f"{buttons_of(offered)}</li>"
        )
    yield "</ul>"


def line_of(line: str, why: str) -> str:
    """Return a command as it is pasted, and why it is, where no button gives it."""
    told = f' <span class="why">{xml(why)}</span>' if why else ""
    copy = f'<button type="button" class="copy" data-copy="{xml(line)}">copy</button>'
    return f'<span class="line"><code>{xml(line)}</code> {copy}{told}</span>' if line else ""


def _lines(row: "Row") -> str:
    """Return what was changed so far."""
    if row.lines is None:
        return ""
    return f' <span class="plus">+{row.lines[0]}</span> <span class="minus">-{row.lines[1]}</span>'


def _links(row: "Row", where: str, *, to_diff: bool) -> str:
    """Return the way to what is read before a word is said: the change, what a council says."""
    links = []
    if to_diff and buttons.is_after_diff(row):
        links.append((f"{where}#diff", buttons.TO_DIFF))
    links += [(f"/runs/{run}", f"read what {run} says") for run in buttons.councils_of(row)]
    made = " · ".join(f'<a href="{xml(to)}">{xml(words)}</a>' for to, words in links)
    return f'<span class="after">{made}</span>' if made else ""


def buttons_of(offered: "Iterable[Button]") -> str:
    """Return buttons in a line, "" for none."""
    made = "".join(
        f'<button type="button"{_MAIN if one.is_main else ""} data-path="{xml(one.path)}" '
        f'data-command="{xml(one.command)}" '
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
        return failure(said)
    text = loads(said.envelope)["data"]["text"]
    body = text.partition("<main>")[2].rpartition("</main>")[0]
    body = _TASK_CELL.sub(
        rf'<td class="s"><a href="/tasks/{xml(run)}/\1"><code>\1</code></a>', body
    )
    top = ask("top", f"--run={run}", "--limit", "200")
    if top.failure is not None:
        return failure(top)
    document = loads(top.envelope)["data"]
    known = document["runs"][0]
    if not read_only and known["closed_at"] is None:
        offered = buttons_of(buttons.of_run(run, is_paused=known["paused"]))
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
    return Page(page(f"Run {run}", [*parts, rest], here=""))


_TASK_CELL = re.compile(r'<td class="s"><code>([A-Za-z0-9._-]+)</code>')


def task(ask: "Ask", *, run: str, task: str, read_only: bool) -> Page:
    """Return a task: how it stands, its story, what it changed, what its agent printed."""
    name = f"{run}/{task}"
    said = ask("task", "show", name)
    if said.failure is not None:
        return failure(said)
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
    parts += _story(ask("trace", name))
    parts += _changes(ask("diff", name))
    parts += _log(name, ask("logs", name))
    return Page(page(name, parts, here=""))


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
    text = plain.without_marks(said.text[:_MOST_CHARACTERS])
    yield f"<pre>{xml(visible(text))}</pre></details>"


def _story(said: Outcome) -> "Iterator[str]":
    """Return what happened to a task, in order; a moment's day stands in its tooltip."""
    if said.failure is not None:
        return
    yield '<h2>Story</h2><ol class="story">'
    for step in loads(said.envelope)["data"]["steps"]:
        at, what = step["at"], visible(step["what"]).replace("_", " ")
        detail = xml(visible(step["detail"])[:_MOST_IN_A_LINE])
        yield (
            f'<li><time title="{xml(at)}">{xml(at[11:19])}</time> <b>{xml(what)}</b> {detail}</li>'
        )
    yield "</ol>"


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
    shown = plain.without_marks(said.text)
    text = "\n".join(shown.rstrip("\n").split("\n")[-_MOST_LINES:])
    yield "<h2>What its agent printed</h2>"
    path = f"/api/v1/tasks/{xml(name)}/log"
    yield f'<p><button type="button" data-follow="{path}">follow</button></p>'
    yield f'<pre id="log">{xml(visible(text))}</pre>'


def failure(said: Outcome) -> Page:
    """Return what a page shows where its command failed."""
    from orch.web.endpoints import status_of

    assert said.failure is not None
    words = f"<h1>{said.failure.code.replace('_', ' ')}</h1><p>{xml(said.failure.message)}</p>"
    return Page(page("orch", [words], here=""), status_of(said.failure))


def page(title: str, parts: "Iterable[str]", *, here: str, data: str = "page") -> str:
    """Return a whole document; `here` is the place that it is among the links."""
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
