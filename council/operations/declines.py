"""A leader's word on a group: declined, with a reason, for the councils that come after."""

from council.operations import councils, tallies
from council.store import councils as council_rows
from council.store import declines as store
from orch.operations import runs
from orch.steps.model import say
from schema import events
from schema.failures import Failure, invalid_input
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from schema.transaction import ReadTx, Tx


def give(tx: "Tx", run_id: str, name: str, reason: str) -> Json:
    """Record that a group of the newest tally is declined; return the published answer.

    `name` is the group's id or its number in the report. The same word again is that word.
    Raises: not_found/council, invalid_state (not_yet, closed, duplicate), invalid_input.
    """
    run = runs.require(tx, run_id)
    councils.require(tx, run_id)
    stored = tallies.require(tx, run_id)
    group = _find(tx, run_id, stored.document, name)
    group_id = str(group["group_id"])
    if not reason.strip():
        raise invalid_input("--reason is empty: why is it declined?")
    known = store.find(tx, run_id, group_id)
    if known is None:
        runs.refuse_closed(run)
        event_id = events.record(
            tx,
            "council_decline",
            run.leader,
            run_id=run_id,
            summary=f"{group_id} declined: {reason}"[:300],
            payload=obj(group_id=group_id, revision=stored.revision, reason=reason),
        )
        store.insert(tx, run_id, stored.revision, group_id, reason, run.leader, event_id)
    elif known[0] != reason:
        raise Failure(
            "invalid_state",
            "duplicate",
            f"{group_id} was declined before: {known[0]}",
            next=[say("council show", run=run_id)],
        )
    else:
        event_id = known[1]
    return obj(
        run_id=run_id, revision=stored.revision, group_id=group_id, title=group["title"],
        reason=reason, declined_by=run.leader, event_id=event_id,
    )  # fmt: skip


def gather(tx: "ReadTx", since: str | None) -> "list[dict[str, Any]]":
    """Return every group that was declined in `since` and the councils before it, each whole."""
    import json

    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    while since is not None and since not in seen:
        seen.add(since)
        for group_id, reason, document in store.of_council(tx, since):
            groups = json.loads(document)["groups"]
            group = next(each for each in groups if each["group_id"] == group_id)
            found.append({"run_id": since, "reason": reason, "group": group})
        council = council_rows.find(tx, since)
        since = council.since if council is not None else None
    return found


def _find(tx: "ReadTx", run_id: str, document: str, name: str) -> "dict[str, Any]":
    import json

    groups: list[dict[str, Any]] = json.loads(document)["groups"]
    if name.isascii() and name.isdigit() and 0 < int(name) <= len(groups):
        return groups[int(name) - 1]
    found = next((group for group in groups if group["group_id"] == name), None)
    if found is None:
        near = [group["group_id"] for group in groups[:3]]
        raise Failure(
            "not_found",
            "council",
            f"council {run_id} has no group {name!r}",
            hint="did you mean " + " or ".join(near) + "?" if near else "",
            next=[say("council report", run=run_id)],
            details={"name": name, "near": near},
        )
    return found
