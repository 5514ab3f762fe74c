"""Gate of a task, as a driver sees it: whether its checks run, failed, or could not run."""

import json

from orch.checks import tree_lock
from orch.drive.watch import Watch
from orch.store import drive_facts as facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from orch.store.drive_facts import CheckedOnce, OpenTask
    from schema.transaction import ReadTx


class GateFacts:
    """The gate of one task: `state` is one of GATES of the planner's model.

    `runs`: how often the check that failed ran on that tree; `tries`: how often the check that
    could not run was tried in a row, the last time `at`; `text` says why.
    """

    __slots__ = ("at", "check", "runs", "state", "text", "tries")

    def __init__(self, tx: "ReadTx", watch: Watch, row: "OpenTask") -> None:
        self.state = self.check = self.text = ""
        self.runs = self.tries = self.at = 0
        required: list[str] = json.loads(row.required_checks)
        if row.task_no in watch.verifying:  # Done as well: until its lane has told what came of it.
            self.state = "running"
        elif row.status == "verifying":
            self.state = "running" if tree_lock.is_held(row.worktree_path) else ""
        if not required or row.status not in ("verifying", "failed"):
            return
        by_check: dict[str, list[CheckedOnce]] = {name: [] for name in required}
        for result in facts.checks(tx, row.attempt_key):
            if result.check_name in by_check and result.head_commit in ("", row.head_commit):
                by_check[result.check_name].append(result)
        self._judge(by_check, watch, row)

    def _judge(
        self, by_check: "dict[str, list[CheckedOnce]]", watch: Watch, row: "OpenTask"
    ) -> None:
        newest = {name: found[-1].status if found else "" for name, found in by_check.items()}
        known = watch.settings.checks
        failed = [name for name, status in newest.items() if status == "failed"]
        errors = [name for name, status in newest.items() if status == "error"]
        lacking = [name for name, status in newest.items() if not status]
        if failed:
            self.check = failed[0]
            self.runs = min(
                sum(one.status == "failed" and one.source != "cache" for one in by_check[name])
                for name in failed
            )
        if self.state or row.status != "verifying":
            return
        if errors:
            self.check = errors[0]
            found = by_check[self.check]
            ended = [one.status == "error" for one in reversed(found)]
            self.tries = ended.index(False) if False in ended else len(ended)
            self.state, self.at = "error", found[-1].created_at
            self.text = f"check {self.check} could not run: {found[-1].summary}"
        elif lacking and not any(name in known for name in lacking):
            self.check, self.state, self.at = lacking[0], "external", row.since
