"""What a person owes an entry: the exact command that moves it on."""

import json

MOVING = ("queued", "building", "testing", "passed", "landing", "landed")


def approval(entry: str, task: str, missing: list[str]) -> str:
    """Return the command that brings an approval which is missing: people's first.

    `missing` is in words, like "1 reviewer"; `task` is R/T, "" where no task is behind it.
    """
    kinds = [words.rpartition(" ")[2] for words in missing]
    if task and kinds and "human" not in kinds:
        if "reviewer" in kinds:
            return f"orch review {task} --harness H"
        return f"orch council start --run NAME --task {task}"
    return f"orch queue approve {entry} --as NAME"


def command(
    run_id: str, entry: str, status: str, *, reworked: bool, task: str = "", missing: str = "[]"
) -> str:
    """Return the exact command that moves an entry on; "" when it is at its end.

    `reworked`: its task is being done again, so that only its worker can do something now.
    `missing` is the JSON list of the approvals that it lacks.
    """
    if status in MOVING:
        return f"orch queue run --run {run_id}"
    if status in ("conflict", "failed") and reworked:
        return f"orch wait --run {run_id}"
    return {
        "awaiting_approval": approval(entry, task, json.loads(missing)),
        "conflict": f"orch queue retry {entry} --rework",
        "failed": f"orch queue retry {entry} --rework",
        "error": f"orch queue retry {entry}",
        "held": f"orch queue release {entry}",
        "quarantined": f"orch queue release {entry}",
    }.get(status, "")
