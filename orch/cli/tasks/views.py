"""Views of one task: what was asked for, what came of it attempt by attempt, what is next."""

from inbox.cli import plain
from orch.cli.views import check_lines
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
_MOST_FILES = 20
_MOST_FINDINGS = 20


def _show(answer: "Answer") -> str:
    run, task, status, title, summary, reason, request = plain.values(
        answer,
        "task.run_id task.task_id task.status task.title task.summary task.reason task.request_id",
    )
    lines = [f"task {run}/{task} status {status}: {plain.line(title)}"]
    if request:
        lines.append(f"of request {request}")
    if summary:
        lines += ["description:", *_block(summary)]
    lines += _asked_for(answer)
    if reason:
        lines.append(f"reason: {plain.line(reason, 300)}")
    lines += _gate(answer)
    way, target, landed = plain.values(
        answer, "task.integration.status task.integration.target task.integration.landed_commit"
    )
    if way:
        on = f" on {target}" if target else ""
        lines.append(f"landing: {way}{on}{f' as {str(landed)[:12]}' if landed else ''}")
    for attempt in answer["attempts"]:
        lines += _attempt(attempt)
    for review in answer.get("reviews") or ():
        lines += _review(review)
    return "\n".join(lines)


def _block(text: object) -> list[str]:
    return [f"    | {plain.line(one, 200)}".rstrip() for one in str(text).split("\n")]


def _asked_for(answer: "Answer") -> list[str]:
    """Return what a task asks for: only what it says."""
    kind, priority, risk, mode, to, acceptance, spec, waits_for = plain.values(
        answer,
        "task.kind task.priority task.risk task.execution_mode task.default_to "
        "task.acceptance task.spec.spec_file task.waits_for",
    )
    words = [str(kind)] if kind else []
    words += [f"priority {priority}", f"risk {risk}"]
    words += [*([f"mode {mode}"] if mode else []), *([f"for {to}"] if to else [])]
    lines = [", ".join(words)]
    for name, path in (
        ("locks", "locks"), ("tags", "metadata_json.tags"), ("may change", "allowed_paths"),
        ("must not change", "blocked_paths"), ("depends on", "depends_on"),
    ):  # fmt: skip
        texts = plain.at(answer.get("task"), path)
        found = [plain.line(text) for text in texts] if isinstance(texts, list) else []
        if found:
            lines.append(f"{name}: {', '.join(found)}")
    if acceptance is not None:
        lines.append(f"acceptance: {plain.line(acceptance, 300)}")
    if spec:
        lines.append(f"specification: {plain.line(spec)}")
    if waits_for:
        lines.append(f"waits: {plain.line(waits_for, 200)}")
    return lines


def _gate(answer: "Answer") -> list[str]:
    gate = plain.at(answer, "task.gate.status")
    return [f"gate: {gate}", *check_lines(answer["task"]["gate"]["checks"])] if gate else []


def _attempt(attempt: "Answer") -> list[str]:
    number, status, to, thread, liveness, ended = plain.values(
        attempt, "attempt_no status assigned_to thread_id liveness ended_at"
    )
    when = f", {plain.ago(ended)}" if ended else ""
    lines = [f"attempt {number} {status} by {to}{when}, thread {thread}, {liveness}"]
    branch, base, head, path, workspace, dirty = plain.values(
        attempt, "branch_name base_commit head_commit worktree_path workspace_status dirty_files"
    )
    if branch:
        now = f", head {str(head)[:12]}" if head else ""
        lines.append(f"  branch {branch}, base {str(base)[:12]}{now}")
        lines.append("  its worktree was cleaned up" if workspace == "cleaned" else f"  in {path}")
    files = [plain.line(name) for name in attempt["changed_files"] or []]
    if files:
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        lines.append(f"  changed: {', '.join(files[:_MOST_FILES])}{more}")
    if dirty:
        lines.append(f"  uncommitted: {many(dirty, 'file')}")
    left = [plain.line(name) for name in attempt["left_behind"] or []]
    if left:
        lines.append(f"  not on its branch: {', '.join(left[:_MOST_FILES])}")
    result, last = attempt["result"], attempt["last_message"]
    lines += _words(result, "result")
    same = plain.at(result, "event_id") == plain.at(last, "event_id")
    return lines if same else [*lines, *_words(last, "last word")]


def _review(review: "Answer") -> list[str]:
    """Return what a council or a reviewer said: its verdict, then each finding."""
    council, mode, verdict = plain.values(review, "run_id mode tally.verdict")
    lines = [f"{mode} {council}: {verdict or 'not tallied yet'}"]
    found = plain.columns(review["groups"], "level severity title reviewers")
    for level, severity, title, who in found[:_MOST_FINDINGS]:
        lines.append(f"  {severity or level}: {plain.line(title, 200)} ({', '.join(who)})")
    if len(found) > _MOST_FINDINGS:
        lines.append(f"  and {len(found) - _MOST_FINDINGS} more")
    return lines


def _words(told: "Answer | None", what: str) -> list[str]:
    if told is None:
        return []
    summary, body, who, message = plain.values(told, "summary body from_agent message_id")
    text = str(summary) if not body or body == summary else f"{summary}\n{body}"
    return [f"  {what} of {who}:", plain.quoted(text, str(who), message)]


VIEWS: "dict[str, Callable[[Answer], str]]" = {"task show": _show}
