"""A change request on its way: held against task and tree, built as one commit, reported done.

Part of a dispatch (dispatch.py): the commit is built of objects alone before anything is
written down, and attempt, claim and report are one transaction with what the dispatch confirms.
"""

import json
import time
from difflib import get_close_matches

from inbox import model as bus
from inbox.operations import claims, leases, threads
from inbox.operations import work as holder
from inbox.steps import say as say_inbox
from orch import paths
from orch.git import merges, names, patches, repository
from orch.model import WORKED, Task, Workspace
from orch.operations import attempts, reconciliation, runs
from orch.steps.model import say
from orch.store import submissions as store
from schema import ids
from schema.failures import Failure
from schema.json_text import array, obj
from schema.value import Value
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.model import Change as Sent
    from orch.config.model import Config
    from orch.model import Run
    from orch.submissions.parse import FilePatch, SubmissionReading
    from schema.steps import Step
    from schema.transaction import ReadTx, Tx

_STATUS = {"add": "A", "update": "M", "delete": "D"}
_NO_FILE = {"120000": "a symbolic link", "160000": "a submodule"}
_MOST = 20
_FIRST = "give it to them first"


class Delivery(Value):
    """The changes of a document for a task of a run."""

    reading: "SubmissionReading"
    run: "Run"
    is_rehearsal: bool
    commit: str = ""

    def event_for(self, tx: "ReadTx", task: Task) -> str:
        """Return how the task takes the work: `dispatch`, or `reassign` from its own attempt.

        Raises: invalid_state/transition when it is not for this agent to bring, now.
        """
        agent = self.reading.agent
        attempt = attempts.latest(tx, task)
        if task.status in WORKED and attempt is not None:
            if attempt.assigned_to == agent:
                return "reassign"
            if attempt.assigned_to.startswith("@"):
                claim = say_inbox("claim", agent=agent, thread=attempt.thread_id)
                raise _not_now(
                    task, f"it waits for one of {attempt.assigned_to}", "claim it first", claim
                )
            raise _not_now(
                task,
                f"{attempt.assigned_to} works on it, not {agent}",
                _FIRST,
                say("reassign", task.name, to="NAME"),
            )
        to = task.default_to or "@anybody"
        if task.status == "ready" and to != agent and not to.startswith("@"):
            raise _not_now(
                task,
                f"it is for {to}, not {agent}",
                _FIRST,
                say("task edit", task.name, default_to="NAME"),
            )
        if task.status == "failed":
            raise _not_now(
                task, "it is failed", "open it again, then submit", say("retry", task.name)
            )
        if task.status in ("done", "cancelled", "verifying"):
            raise _not_now(task, f"it is {task.status}", "look at it", say("task show", task.name))
        return "dispatch"

    def check_paths(self, task: Task) -> None:
        """Note each change of a file that the task does not own."""
        if self.run.ownership == "off":
            return
        allowed, blocked = json.loads(task.allowed_paths), json.loads(task.blocked_paths)
        for change in self.reading.changes:
            if paths.violations([change.path], allowed, blocked):
                what = f"{change.path} is none of the task's files: it may change "
                what += ", ".join(allowed) or "all"
                what += f" but {', '.join(blocked)}" if blocked else ""
                self.reading.refuse(change, "path", what)

    def build(
        self, repo: repository.Repository, workspace: Workspace, task: Task, settings: "Config"
    ) -> None:
        """Make the commit that the attempt's branch begins at; no ref, no file is touched.

        Raises: invalid_input/schema with the problems noted in the reading,
        invalid_state/base_conflict with git's words.
        """
        self._check_names(settings, task)
        conflicts = self._check_tree(patches.path_modes(
            repo, workspace.start, [change.path for change in self.reading.changes]
        ))  # fmt: skip
        applied = patches.Applied()
        told = self.reading.document.has_refused_in
        fitting = [
            change
            for change in self.reading.changes
            if change.path not in conflicts and not told(("changes", change.number))
        ]
        if fitting:
            applied = patches.apply_patches(
                repo, workspace.start, [_bytes(change) for change in fitting],
                keep=not self.is_rehearsal,
            )  # fmt: skip
        for number, words in applied.faults.items():
            conflicts[fitting[number].path] = words
        if self.reading.document.problems:
            for path, words in conflicts.items():
                change = next(c for c in self.reading.changes if c.path == path)
                self.reading.refuse(change, "patch", words)
            raise Failure("invalid_input", "schema", "the change request has problems")
        if conflicts:
            raise _conflict(workspace, conflicts)
        wanted = {change.path: _STATUS[change.operation] for change in fitting}
        odd = patches.tree_faults(applied, wanted)
        if odd:
            self.reading.document.refuse(("changes",), "; ".join(odd[:_MOST]))
            raise Failure("invalid_input", "schema", "the change request has problems")
        if not self.is_rehearsal:
            self.commit = workspace.tip = merges.commit_tree(
                repo, applied.tree, (workspace.start,), self._message(task),
                author=merges.Identity(self.reading.agent, f"{self.reading.agent}@localhost"),
                at=int(time.time()),
            )  # fmt: skip

    def _message(self, task: Task) -> str:
        digest = ids.digest(self.reading.text)
        title = " ".join(task.title.split())
        return f"{title}\n\nChange request {digest} for {task.name}.\n"

    def _check_names(self, settings: "Config", task: Task) -> None:
        """Note each check that nobody knows."""
        if not self.reading.checks:
            return
        known = [*settings.checks, *json.loads(task.required_checks)]
        for number, name in enumerate(self.reading.checks):
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                place = ("checks", number)
                self.reading.document.refuse(place, f"orch.toml has no check {name}{hint}")

    def _check_tree(self, modes: dict[str, str]) -> dict[str, str]:
        """Note paths that lead through links; return {path: why it does not fit the base}."""
        conflicts = {}
        for change in self.reading.changes:
            parts = change.path.split("/")
            above = ["/".join(parts[:n]) for n in range(1, len(parts))]
            for folder in above:
                if modes.get(folder) in _NO_FILE:
                    what = f"{folder} is {_NO_FILE[modes[folder]]} in the tree"
                    self.reading.refuse(change, "path", what)
                elif modes.get(folder, "040000") != "040000":
                    conflicts[change.path] = f"{folder} is a file in the base"
            mode = modes.get(change.path, "")
            if mode in _NO_FILE:
                self.reading.refuse(change, "path", f"is {_NO_FILE[mode]} in the tree")
            elif mode == "040000":
                conflicts[change.path] = "it is a folder in the base"
            elif bool(mode) == (change.operation == "add"):
                there = "is there already" if mode else "is not there"
                conflicts[change.path] = f"it {there} in the base"
        return conflicts

    def hand_in(self, tx: "Tx", sent: "Sent") -> "Sent":
        """Claim the attempt's thread and report it done, both as the agent; return the report.

        The task is brought up to date in the same transaction.
        """
        reading = self.reading
        thread = leases.require_thread(tx, sent.thread_id)
        threads.note_names(tx, reading.agent)
        if reading.checks:
            store.require_checks(tx, self.run.run_id, str(thread.task_id), array(reading.checks))
        claims.claim(tx, thread, reading.agent, bus.DEFAULT_LEASE_MS)
        count = len(reading.changes)
        draft = bus.MessageDraft(
            f"change request: {many(count, 'file')}",
            payload=obj(
                told_by="orch submit",
                commit=self.commit,
                changes=[
                    {"path": c.path, "operation": c.operation, "patch_sha256": c.sha256}
                    for c in reading.changes
                ],
                checks=reading.checks,
            ),
        )
        thread = leases.require_thread(tx, sent.thread_id)
        done = holder.finish(tx, thread, "done", reading.agent, None, draft)
        reconciliation.absorb(tx, runs.require(tx, self.run.run_id))
        return done


def _bytes(change: "FilePatch") -> bytes:
    return change.patch.encode() + (b"" if change.patch.endswith("\n") else b"\n")


def _not_now(task: Task, why: str, hint: str, step: "Step") -> Failure:
    words = f"task {task.name} takes no change request: {why}"
    return Failure("invalid_state", "transition", words, hint=hint, next=[step])


def _conflict(workspace: Workspace, conflicts: dict[str, str]) -> Failure:
    shown = list(conflicts.items())[:_MOST]
    words = "\n".join(f"{names.display(path)}: {why}" for path, why in shown)
    more = (
        f"\n{len(conflicts) - _MOST} more: see them with --json" if len(conflicts) > _MOST else ""
    )
    return Failure(
        "invalid_state",
        "base_conflict",
        f"the change does not apply to {workspace.start[:12]} ({workspace.base_source}):\n"
        f"{words}{more}",
        hint=f"make it against that commit (git diff {workspace.start[:12]} -- PATH), "
        "or name its own with --base-ref",
        details={
            "base_commit": workspace.start,
            "files": [names.display(path) for path in conflicts],
            "reasons": [why for _, why in list(conflicts.items())[:200]],
        },
    )
