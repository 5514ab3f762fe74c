"""graph, report, metrics: a run as a picture, as a document, as figures."""

import json

from orch.cli import output_file as out
from orch.operations import runs
from orch.reconcile import reconcile
from orch.reports import phases
from orch.store import history
from orch.store import runs as run_rows
from schema.json_text import Json, loads, obj
from schema.moments import stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from inbox.cli.call import Call


def graph(call: "Call", *, run: str, kind: str, out: str | None) -> None:
    """Draw who waits for whom, and how far each is."""
    from orch.reports import graph_svg as pictures
    from orch.reports import graph_text

    reconcile(call.db, run, call.note)
    with call.db.read() as tx:
        runs.require(tx, run)
        goal = str(loads(run_rows.document(tx, run))["goal"])
        found = phases.graph(history.of_run(tx, run), goal)
    draw = {
        "mermaid": pictures.mermaid, "dot": pictures.dot, "svg": pictures.svg,
        "text": graph_text.text,
    }[kind]  # fmt: skip
    facts: dict[str, object] = {
        "run_id": run, "tasks": len(found.nodes), "edges": len(found.edges),
    }  # fmt: skip
    _say(call, facts, kind, draw(found), out)


def report(call: "Call", *, run: str, kind: str, out: str | None) -> None:
    """Tell the whole run: what was done by whom, how it was judged, what is left to do."""
    from orch.cli import main
    from orch.reports import gather, html, markdown

    found = gather.gather(call.db, run, main.reviews)
    document = found.document()
    render = {"markdown": markdown.render, "html": html.render}[kind]
    graph = phases.graph(found.history, found.run["goal"])
    text = render(document, graph, phases.timeline(found.history))
    _say(call, {"run_id": run, **document}, kind, text, out)


def metrics(call: "Call", *, run: str | None, kind: str, out: str | None) -> None:
    """Count what happened: how much, how long, how well, at what cost."""
    from orch.reports import metrics as measures
    from orch.reports import prometheus

    with call.db.read() as tx:
        names = [runs.require(tx, run).run_id] if run is not None else history.list_runs(tx)
    for name in names:
        reconcile(call.db, name, call.note)
    with call.db.read() as tx:
        found = [history.of_run(tx, name) for name in names]
        now = tx.now.wall_ms
    figures = measures.figures(found)
    facts: dict[str, Any] = {"runs": names, "at": stamp(now), **figures}
    if kind == "csv":
        text = prometheus.table(measures.rows(found))
    elif kind == "prometheus":
        text = prometheus.prometheus(figures)
    else:
        text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    _say(call, facts, kind, text, out)


def _say(call: "Call", facts: "dict[str, Any]", kind: str, text: str, path: str | None) -> None:
    """Write the document or let it be printed; with --json its facts are the answer.

    The text itself is in the answer unless it is in a file, or says the same facts once more.
    """
    where = out.write(path, text, call.db.folder.files[0]) if path is not None else None
    shown = text if where is None and not (call.as_json and kind == "json") else None
    body = json.dumps(facts, ensure_ascii=False)
    parts = obj(format=kind, path=where, text=shown)
    call.say(Json(body[:-1] + "," + parts[1:]))
