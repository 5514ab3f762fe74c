"""council tally and report: what the reviewers agree on, recorded and written down."""

import json
import os

from council.vocabulary import Level, Similarity
from council.workflows import report as report_workflow
from council.workflows import tally as tally_workflow
from orch.cli import replay
from schema.failures import invalid_input
from schema.json_text import Json, merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.store.tallies import Stored
    from inbox.cli.call import Call
    from schema.transaction import Tx


def tally(
    call: "Call", *, run: str, similarity: Similarity, partial: bool, key: str | None
) -> None:
    """Tally the reviewers' answers."""
    if key is not None and replay.say_again(call, run):
        return

    def _answer(tx: "Tx", stored: "Stored", counts: str) -> Json:
        call.committed = tx.last_event_id
        answer = merge(stored.document, event_id=stored.event_id, counts_as=counts or None)
        if key is None:
            return answer
        from orch.operations import runs

        return call.once(tx, runs.require(tx, run).leader, lambda: answer)

    call.say(tally_workflow.tally(call.db, run, similarity, partial, _answer), call.committed)


def report(
    call: "Call",
    *,
    run: str,
    show: tuple[Level, ...] | None,
    form: str | None,
    out: str | None,
    revision: int | None,
    key: str | None,
) -> None:
    """Write the Markdown report, and print it as the council's --output or --format says."""
    if key is not None and replay.say_again(call, run):
        return
    if out is not None and os.path.lexists(out):
        raise invalid_input(f"--out {out} exists; a report replaces no file", reason="file")
    made = report_workflow.write(call.db, run, show, revision)
    kind = form or made.council.output
    if out is not None:
        _write_out(out, made.text(kind))
    answer = merge(
        Json(json.dumps(made.document(), ensure_ascii=False, separators=(",", ":"))),
        format=kind,
        out=out,
        event_id=made.event_id,
        **({"sarif": Json(json.dumps(made.sarif()))} if form == "sarif" else {}),
    )
    if key is not None:
        answer = replay.keep(call, run, answer)
    if not call.as_json:
        answer = merge(answer, text=made.text(kind), bare=form is not None)
    call.say(answer, made.event_id)


def _write_out(path: str, text: str) -> None:
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise invalid_input(
            f"--out {path}: {error.strerror}", reason="file", hint="name a new file with --out"
        )
