"""The queue's page: what is on its way to each target, what stopped, what landed."""

from orch.machines import ENTRY
from orch.reports import html, landing_story
from orch.reports.escape import visible, xml
from orch.steps.entry import run_queue
from orch.steps.model import say
from orch.web import buttons, pages
from orch.web.buttons import Button
from orch.web.pages import Page
from schema.json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from orch.web.pages import Ask

_LANDED = ("landed", "verified")


def queue(ask: "Ask", *, read_only: bool) -> Page:
    """Return the queues of all targets."""
    said = ask("queue", "list")
    if said.failure is not None:
        return pages.failure(said)
    known = loads(said.envelope)["data"]
    parts = ["<h1>Queues</h1>"]
    for one in known["queues"]:
        own = [entry for entry in known["entries"] if entry["target"] == one["target"]]
        parts += _of_target(one, own, read_only=read_only)
    if not known["entries"]:
        parts.append(
            "<p>Nothing was queued yet: what is done comes here on its way to a branch.</p>"
        )
    return Page(pages.page("Queue", parts, here="/queue"))


def _of_target(
    one: "dict[str, Any]", entries: "list[dict[str, Any]]", *, read_only: bool
) -> "Iterator[str]":
    told = [f"{one['open']} on the way" if one["open"] else "nothing is on the way"]
    told += ["it is being landed"] if one["runner_pid"] else []
    told += [f"held: {one['hold_reason']}"] if one["hold_reason"] else []
    yield f'<h2>{xml(one["target"])} <span class="count">{xml(", ".join(told))}</span></h2>'
    waiting = sorted({e["run_id"] for e in entries if e["status"] in ("queued", "passed")})
    if waiting and not read_only and not one["runner_pid"]:
        found = [buttons.of_step(run_queue(run)) for run in waiting]
        yield pages.buttons_of(button for button in found if button is not None)
    for title, own in (
        ("", [e for e in entries if e["status"] not in (*ENTRY.over, *_LANDED)]),
        ("Over", [e for e in entries if e["status"] in (*ENTRY.over, *_LANDED)]),
    ):
        if own:
            yield f'<h3 class="muted">{title}</h3>' if title else ""
            yield '<ul class="rows">'
            yield from (_entry(entry, read_only=read_only) for entry in own)
            yield "</ul>"


def _entry(one: "dict[str, Any]", *, read_only: bool) -> str:
    name = f"{one['run_id']}/{one['task_id']}" if one["task_id"] else one["run_id"]
    where = f"/tasks/{name}" if one["task_id"] else f"/runs/{name}"
    undone = bool(one["rolled_back_by"])
    colour, words = landing_story.state(one["status"], "", is_rolled_back=undone)
    commit = f"as {one['landed_commit'][:12]}" if one["landed_commit"] else ""
    why = one["reason"] or one["waits_for"] or commit
    after = ""
    if one["status"] == "awaiting_approval" and one["task_id"] and not read_only:
        after = f'<a class="after" href="{xml(where)}#diff">{buttons.TO_DIFF}</a>'
    place = f"place {one['position']}" if one["position"] else ""
    return (
        f'<li class="row"><span class="sign">⇥</span><a class="name" href="{xml(where)}">'
        f'{xml(name)}</a><span class="what">{html.label(colour, words)}</span>'
        f'<span class="text">{xml(visible(why))}</span><time>{place}</time>'
        f'<span class="line">{one["entry_id"]} → {xml(one["target"])}</span>{after}'
        f"{pages.buttons_of(() if read_only else _offered(one))}</li>"
    )


def _offered(one: "dict[str, Any]") -> "Iterator[Button]":
    if one["status"] in ("held", "quarantined"):
        path = f"/api/v1/entries/{one['entry_id']}/release"
        yield Button(
            "release", path, (("reason", "why", False),), say("queue release", one["entry_id"]).line
        )
