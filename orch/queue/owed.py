"""What a person owes an entry: the exact command that moves it on."""

MOVING = ("queued", "building", "testing", "passed", "landing", "landed")


def command(run_id: str, entry: str, status: str, *, reworked: bool) -> str:
    """Return the exact command that moves an entry on; "" when it is at its end.

    `reworked`: its task is being done again, so that only its worker can do something now.
    """
    if status in MOVING:
        return f"orch queue run --run {run_id}"
    if status in ("conflict", "failed") and reworked:
        return f"orch wait --run {run_id}"
    return {
        "awaiting_approval": f"orch queue approve {entry} --as NAME",
        "conflict": f"orch queue retry {entry} --rework",
        "failed": f"orch queue retry {entry} --rework",
        "error": f"orch queue retry {entry}",
        "held": f"orch queue release {entry}",
        "quarantined": f"orch queue release {entry}",
    }.get(status, "")
