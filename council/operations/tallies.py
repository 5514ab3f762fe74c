"""A tally and a report of it are recorded: one atomic step each, with their event."""

from council.store import reports as report_rows
from council.store import tallies as store
from orch.model import Run
from orch.operations import runs
from orch.steps.model import say
from schema import events
from schema.failures import Failure, not_found
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from council.model import Tally
    from schema.transaction import ReadTx, Tx


def require(tx: "ReadTx", run_id: str, revision: int | None = None) -> store.Stored:
    """Return a revision, the newest by default.

    Raises: invalid_state/not_yet before the first tally, not_found/council for a revision.
    """
    newest = store.latest(tx, run_id)
    if newest is None:
        raise Failure(
            "invalid_state",
            "not_yet",
            f"council {run_id} has no tally yet",
            hint="first",
            next=[say("council tally", run=run_id)],
        )
    if revision is None:
        return newest
    found = store.at(tx, run_id, revision)
    if found is None:
        raise not_found(
            "council", f"{run_id} revision {revision}", hint=f"its newest is {newest.revision}"
        )
    return found


def record(tx: "Tx", run: Run, tally: "Tally") -> tuple[store.Stored, bool]:
    """Store the tally as the next revision; return (what is stored, whether it is new).

    A tally that says what the newest revision says is that revision: inputs and options are
    the same, so nothing is written. Raises: invalid_state/closed.
    """
    from council.tally import canonical, fingerprint

    newest = store.latest(tx, run.run_id)
    mark = fingerprint(tally)
    if newest is not None and newest.fingerprint == mark:
        return newest, False
    runs.refuse_closed(run)
    revision = newest.revision + 1 if newest is not None else 1
    document = canonical(tally.model_copy(update={"revision": revision}))
    event_id = events.record(
        tx,
        "council_tally",
        run.leader,
        run_id=run.run_id,
        status=tally.status,
        summary=f"revision {revision}: {tally.verdict} ({tally.status})",
        payload=obj(
            revision=revision,
            similarity=tally.similarity,
            verdict=tally.verdict,
            summary=Json(tally.summary.model_dump_json()),
        ),
    )
    return store.insert(tx, run.run_id, revision, mark, document, event_id), True


def record_report(
    tx: "Tx", run: Run, revision: int, levels: tuple[str, ...], sha256: str, size: int
) -> int:
    """Record a report whose file is whole; return the event that told it.

    The same report again is the one that is there. Raises: invalid_state/closed.
    """
    shown = ",".join(levels)
    known = report_rows.find(tx, run.run_id, revision, shown, sha256)
    if known is not None:
        return known
    runs.refuse_closed(run)
    event_id = events.record(
        tx,
        "council_report",
        run.leader,
        run_id=run.run_id,
        summary=f"revision {revision}: {shown}",
        payload=obj(revision=revision, show=levels, sha256=sha256, size=size),
    )
    report_rows.insert(tx, run.run_id, revision, shown, sha256, size, event_id)
    return event_id
