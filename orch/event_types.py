"""Types of events that the log of a run can hold: what `orch events --type` knows."""

from orch.machines import ENTRY, EVENT_OF_STATUS
from orch.model import REQUEST_STATUSES

_THREADS = ("send", "claim", "renew", "release", "update", "reply", "result", "cancel",
            "abandoned", "late_result")  # fmt: skip
_TASKS = ("added", "edited", "planned", "stale", "late_report", "cleaned", "answered",
          "dependency_added", "dependency_removed", "verification_recorded")  # fmt: skip

# Recorded somewhere new? tests/house/test_event_types.py asks for it here.
EVENT_TYPES = frozenset(
    (
        *(f"thread_{verb}" for verb in _THREADS),
        *(f"task_{verb}" for verb in _TASKS),
        *EVENT_OF_STATUS.values(),
        *(f"entry_{status}" for status in ENTRY.states),
        *(f"request_{status}" for status in REQUEST_STATUSES),
        "run_init", "run_close", "run_reopened", "run_done", "run_budget", "run_settings",
        "run_paused", "run_resumed", "drive_begun", "drive_step", "drive_need", "drive_ended",
        "turn_start", "turn_end", "queue_held", "queue_released", "approval_given", "repo_moved",
        "plan_allowed", "machine_lost", "machine_back",
        "council_start", "council_votes", "council_tally", "council_report", "council_decline",
    )
)  # fmt: skip
