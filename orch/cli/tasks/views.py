"""How one task is shown: what was asked for, what came of it attempt by attempt, what is next."""

from inbox.cli import plain
from orch.cli.views import check_lines
from schema.json_text import Json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_FILES = 20
_MOST_FINDINGS = 20


def _show(answer: Json) -> str:
    run, task, status, title, summary, reason, request = plain.fields(
        answer, "$.task.run_id", "$.task.task_id", "$.task.status", "$.task.title",
        "$.task.summary", "$.task.reason", "$.task.request_id",
    )  # fmt: skip
    lines = [f"task {run}/{task} status {status}: {plain.line(title)}"]
    if request:
        lines.append(f"of request {request}")
    if summary:
        lines += ["description:", *_block(summary)]
    lines += _asked_for(answer)
    if reason:
        lines.append(f"reason: {plain.line(reason, 300)}")
    lines += _gate(answer)
    way, target, landed = plain.fields(
        answer, "$.task.integration.status", "$.task.integration.target",
        "$.task.integration.landed_commit",
    )  # fmt: skip
    if way:
        on = f" on {target}" if target else ""
        lines.append(f"landing: {way}{on}{f' as {str(landed)[:12]}' if landed else ''}")
    for number in range(len(plain.rows(answer, "$.attempts", "$.attempt_no"))):
        lines += _attempt(answer, f"$.attempts[{number}]")
    for number in range(len(plain.rows(answer, "$.reviews", "$.run_id"))):
        lines += _review(answer, f"$.reviews[{number}]")
    return "\n".join(lines)


def _block(text: object) -> list[str]:
    return [f"    | {plain.line(one, 200)}".rstrip() for one in str(text).split("\n")]


def _asked_for(answer: Json) -> list[str]:
    """Return what a task asks for: only what it says."""
    kind, priority, risk, mode, to, acceptance, spec, waits_for = plain.fields(
        answer, "$.task.kind", "$.task.priority", "$.task.risk", "$.task.execution_mode",
        "$.task.default_to", "$.task.acceptance", "$.task.spec.spec_file", "$.task.waits_for",
    )  # fmt: skip
    words = [str(kind)] if kind else []
    words += [f"priority {priority}", f"risk {risk}"]
    words += [*([f"mode {mode}"] if mode else []), *([f"for {to}"] if to else [])]
    lines = [", ".join(words)]
    for name, path in (
        ("locks", "$.task.locks"), ("tags", "$.task.metadata_json.tags"),
        ("may change", "$.task.allowed_paths"), ("must not change", "$.task.blocked_paths"),
        ("depends on", "$.task.depends_on"),
    ):  # fmt: skip
        found = [plain.line(text) for text in plain.texts(answer, path)]
        if found:
            lines.append(f"{name}: {', '.join(found)}")
    if acceptance is not None:
        lines.append(f"acceptance: {plain.line(acceptance, 300)}")
    if spec:
        lines.append(f"specification: {plain.line(spec)}")
    if waits_for:
        lines.append(f"waits: {plain.line(waits_for, 200)}")
    return lines


def _gate(answer: Json) -> list[str]:
    (gate,) = plain.fields(answer, "$.task.gate.status")
    return [f"gate: {gate}", *check_lines(answer, "$.task.gate.checks")] if gate else []


def _attempt(answer: Json, at: str) -> list[str]:
    number, status, to, thread, liveness, ended = plain.fields(
        answer, f"{at}.attempt_no", f"{at}.status", f"{at}.assigned_to", f"{at}.thread_id",
        f"{at}.liveness", f"{at}.ended_at",
    )  # fmt: skip
    when = f", {plain.ago(ended)}" if ended else ""
    lines = [f"attempt {number} {status} by {to}{when}, thread {thread}, {liveness}"]
    branch, base, head, path, dirty = plain.fields(
        answer, f"{at}.branch_name", f"{at}.base_commit", f"{at}.head_commit",
        f"{at}.worktree_path", f"{at}.dirty_files",
    )  # fmt: skip
    if branch:
        now = f", head {str(head)[:12]}" if head else ""
        lines.append(f"  branch {branch}, base {str(base)[:12]}{now}")
        lines.append(f"  in {path}")
    files = [plain.line(name) for name in plain.texts(answer, f"{at}.changed_files")]
    if files:
        more = f" and {len(files) - _MOST_FILES} more" if len(files) > _MOST_FILES else ""
        lines.append(f"  changed: {', '.join(files[:_MOST_FILES])}{more}")
    if dirty:
        lines.append(f"  uncommitted: {dirty} files")
    left = [plain.line(name) for name in plain.texts(answer, f"{at}.left_behind")]
    if left:
        lines.append(f"  not on its branch: {', '.join(left[:_MOST_FILES])}")
    result, last = (f"{at}.result", f"{at}.last_message")
    same = plain.fields(answer, f"{result}.event_id") == plain.fields(answer, f"{last}.event_id")
    lines += _words(answer, result, "result")
    return lines if same else [*lines, *_words(answer, last, "last word")]


def _review(answer: Json, at: str) -> list[str]:
    """Return what a council or a reviewer said: its verdict, then each finding."""
    council, mode, verdict = plain.fields(
        answer, f"{at}.run_id", f"{at}.mode", f"{at}.tally.verdict"
    )
    lines = [f"{mode} {council}: {verdict or 'not tallied yet'}"]
    found = plain.rows(answer, f"{at}.groups", "$.level", "$.severity", "$.title", "$.reviewers")
    for level, severity, title, who in found[:_MOST_FINDINGS]:
        by = ", ".join(map(str, plain.texts(str(who), "$")))
        lines.append(f"  {severity or level}: {plain.line(title, 200)} ({by})")
    if len(found) > _MOST_FINDINGS:
        lines.append(f"  and {len(found) - _MOST_FINDINGS} more")
    return lines


def _words(answer: Json, path: str, what: str) -> list[str]:
    summary, body, who, message = plain.fields(
        answer, f"{path}.summary", f"{path}.body", f"{path}.from_agent", f"{path}.message_id"
    )
    if message is None:
        return []
    text = str(summary) if not body or body == summary else f"{summary}\n{body}"
    return [f"  {what} of {who}:", plain.quoted(text, str(who), message)]


VIEWS: "dict[str, Callable[[Json], str]]" = {"task show": _show}
