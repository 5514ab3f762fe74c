"""Plain views of the commands about pull requests."""

from inbox.cli import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]


def _pull(answer: "Answer") -> str:
    entry, run, task, kind, status, reason = plain.values(
        answer.get("entry"), "entry_id run_id task_id kind status reason"
    )
    number, url, summary = plain.values(answer.get("pull_request"), "number url summary")
    name = f"{run}/{task}" if task else f"{kind} of {run}"
    lines = [
        f"{entry} {name} is {str(status).replace('_', ' ')}" + (f": {reason}" if reason else "")
    ]
    if number:
        lines.append(f"pull request #{number} {url}")
    if summary and status == "awaiting_forge":
        lines.append(plain.line(summary, 300))
    lines += [f"problem: {plain.line(text, 300)}" for text in answer.get("problems") or ()]
    return "\n".join(lines)


def _checks(answer: "Answer") -> str:
    found = plain.columns(answer.get("checks"), "name state required url")
    rows = [
        (name, state, "yes" if required else "?" if required is None else "no", url)
        for name, state, required, url in found
    ]
    head = _pull(answer)
    if not rows:
        return f"{head}\nno check has begun"
    return plain.listing(
        head, ("CHECK", "STATE", "REQUIRED", "WHERE"), rows, "the same with --json"
    )


def _logs(answer: "Answer") -> str:
    text, entry = plain.values(answer, "text entry.entry_id")
    if not text:
        return f"{_pull(answer)}\nno check has failed"
    return "\n".join([_pull(answer), plain.quoted(str(text), "the forge", entry)])


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "pr open": _pull, "pr update": _pull, "pr status": _pull, "pr merge": _pull,
    "pr checks": _checks, "pr logs": _logs,
}  # fmt: skip
