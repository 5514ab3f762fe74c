"""Plain views of the commands about landing."""

from inbox.cli import plain
from orch.steps.entry import TOLD_BY_REASON
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
_HEADER = ("ENTRY", "WHAT", "STATUS", "TARGET", "PLACE", "WHY")


def _again(answer: "Answer") -> str:
    return " (replayed: it had been done before)" if answer.get("replayed") else ""


def _name(run: object, task: object, kind: object) -> str:
    return f"{run}/{task}" if task else f"{kind} of {run}"


def _rows(found: "list[Answer] | None") -> "list[list[object]]":
    paths = "entry_id run_id task_id kind status target position reason waits_for landed_commit"
    return [
        [entry, _name(run, task, kind), status, target, place or "-",
         reason or why or (f"as {str(commit)[:12]}" if commit else "")]
        for entry, run, task, kind, status, target, place, reason, why, commit
        in plain.columns(found, paths)
    ]  # fmt: skip


def _add(answer: "Answer") -> str:
    if answer.get("dry_run"):
        planned = plain.columns(answer.get("planned"), "run_id task_id target strategy head_commit")
        lines = ["nothing was changed; would queue:"]
        lines += [
            f"{run}/{task} for {target} by {strategy} at {str(head)[:12]}"
            for run, task, target, strategy, head in planned
        ]
        return "\n".join([*lines, *_skipped(answer)])
    rows = _rows(answer.get("entries"))
    lines = [
        f"queued {entry}: {name} for {target}{_again(answer)}"
        for entry, name, _, target, _, _ in rows
    ]
    lines += [f"note: {plain.line(text, 300)}" for text in (answer.get("notes") or [])]
    return "\n".join([*lines, *_skipped(answer)])


def _skipped(answer: "Answer") -> list[str]:
    found = plain.columns(answer.get("skipped"), "task_id error.message")
    return [f"left out {task}: {plain.line(why, 300)}" for task, why in found]


def _list(answer: "Answer") -> str:
    rows = _rows(answer.get("entries"))
    queues = plain.columns(answer.get("queues"), "target hold_reason open runner_pid")
    heads = [
        f"queue of {target}: {count} open"
        + (f", held: {plain.line(held, 200)}" if held else "")
        + (f", run by process {pid}" if pid else "")
        for target, held, count, pid in queues
    ]
    if not rows:
        return "\n".join(heads or ["nothing was queued"])
    return plain.listing("\n".join(heads), _HEADER, rows, "the same with --json")


def _show(answer: "Answer") -> str:
    entry, run, task, kind, status, target, reason, why, risk, head, landed = plain.values(
        answer,
        "entry.entry_id entry.run_id entry.task_id entry.kind entry.status "
        "entry.target entry.reason entry.waits_for entry.risk entry.head_commit "
        "entry.landed_commit",
    )
    lines = [f"{entry} {_name(run, task, kind)} is {status}, for {target}"]
    if reason:
        lines.append(f"reason: {plain.line(reason, 400)}")
    if why and not (reason and status in TOLD_BY_REASON):
        lines.append(f"now: {plain.line(why, 400)}")
    again = answer.get("done_again")
    if again:
        lines.append(f"now: {again}")
    lines.append(f"head {str(head)[:12]}, risk {risk}" + (f", landed as {str(landed)[:12]}"
                 if landed else ""))  # fmt: skip
    for label, path in (("needs", "needed"), ("approved by", "given"), ("still needs", "missing")):
        found = answer["entry"]["approvals"][path]
        if found:
            lines.append(f"{label}: " + ", ".join(plain.line(f) for f in found))
    lines += _verdicts(answer)
    lines += _trials(answer)
    files = plain.at(answer, "conflict.files") or []
    if files:
        lines.append("in conflict: " + ", ".join(plain.line(f) for f in files[:10]))
    lines += [plain.line(text, 400) for text in (answer.get("explained") or [])]
    return "\n".join(lines)


def _verdicts(answer: "Answer") -> list[str]:
    paths = (
        "kind given_by verdict note is_void proof given_from.pid given_from.parents.0.name "
        "given_from.tty given_from.cwd"
    )
    lines = []
    for who, by, verdict, note, is_void, proof, pid, parent, tty, cwd in plain.columns(
        answer.get("verdicts"), paths
    ):
        void = " (void: the policy has changed since)" if is_void else ""
        told = f": {plain.line(note, 200)}" if note else ""
        said = _PROVED.get(str(proof), "")
        lines.append(f"{verdict} by {who} {by}{said}{void}{told}")
        if pid:
            at = plain.line(tty) if tty else "no terminal"
            of = f" of {plain.line(parent, 60)}" if parent else ""
            lines.append(f"  given by process {pid}{of}, on {at}, in {plain.line(cwd, 200)}")
    return lines


_PROVED = {
    "leader": " (nobody was named: it approves nothing)",
    "name": " (proof: the name alone)",
    "terminal": " (proof: a name, at a terminal)",
    "signature": " (proof: signed)",
}


def _trials(answer: "Answer") -> list[str]:
    lines = []
    found = plain.columns(answer.get("trials"), "trial_no purpose status summary checks")
    last = max((int(str(row[0])) for row in found if row[2] == "failed"), default=0)
    for number, purpose, status, summary, checks in found:
        lines.append(f"trial {number} ({purpose}): {status} {plain.line(summary, 200)}".rstrip())
        if number != last or checks is None:  # The newest failure tells; the others are counted.
            continue
        for name, one, tail in plain.columns(checks, "check status output_tail"):
            if one == "failed" and tail:
                lines.append(plain.quoted(str(tail)[-1500:], f"check {name}", number))
    return lines


def _run(answer: "Answer") -> str:
    if answer.get("dry_run"):
        return _planned(answer)
    lines = []
    for entry, run, task, kind, target, commit in plain.columns(
        answer.get("landed"), "entry_id run_id task_id kind target landed_commit"
    ):
        lines.append(f"landed {entry}: {_name(run, task, kind)} on {target} as {str(commit)[:12]}")
    waiting = plain.columns(answer.get("waiting"), "entry_id name status why")
    told = {row[0] for row in waiting}
    for entry, name, status, _, _, why in _rows(answer.get("changed")):
        if entry in told:
            continue
        lines.append(f"{entry} {name} is {status}" + (f": {plain.line(why, 300)}" if why else ""))
    if not lines:
        lines = ["nothing landed"]
    for entry, name, status, why in waiting:
        lines.append(f"waits: {entry} {name} ({status}) {plain.line(why, 300)}".rstrip())
    lines += [f"problem: {plain.line(text, 300)}" for text in answer.get("problems") or ()]
    lines += [plain.line(text, 400) for text in (answer.get("explained") or [])]
    return "\n".join(lines)


def _land(answer: "Answer") -> str:
    already = answer.get("already")
    if already:
        return f"{already} landed before: nothing was left to do"
    queued = answer.get("queued")
    head = [f"queued {', '.join(map(str, queued))}"] if queued else []
    return "\n".join([*head, _run(answer), *_skipped(answer)])


def _planned(answer: "Answer") -> str:
    lines = ["nothing was changed; the next pass would:"]
    for target, done, why in plain.columns(answer.get("plans"), "target steps why"):
        lines.append(f"queue of {target}:" + ("" if done else " nothing can be done now"))
        lines += [f"  {plain.line(step, 300)}" for step in done]
        for entry, words in plain.columns(why, "entry_id why"):
            lines.append(f"  {entry}: {plain.line(words, 300)}")
    return "\n".join(lines)


def _verdict(answer: "Answer") -> str:
    entry, name, status, verdict, by, head = plain.values(
        answer,
        "entry.entry_id name entry.status verdict.verdict verdict.given_by verdict.head_commit",
    )
    word = "approved" if verdict == "approve" else "rejected"
    if plain.at(answer, "verdict.proof") == "leader":
        word = f"noted the leader's {verdict} (not a person's: add --as NAME) of"
    if not entry:
        return f"{word} {name} at {str(head)[:12]} by {by}{_again(answer)}; it is not queued yet"
    missing = plain.at(answer, "entry.approvals.missing") or []
    state = f"is {status}" if missing or status != "awaiting_approval" else "may land"
    lines = [f"{word} {entry} ({name}) by {by}{_again(answer)}; it {state}"]
    if missing and verdict == "approve":
        lines.append("still needs: " + ", ".join(plain.line(m) for m in missing))
    return "\n".join(lines)


def _one(answer: "Answer") -> str:
    target, held = plain.values(answer, "queue.target queue.hold_reason")
    if target:
        what = f"is held: {plain.line(held, 200)}" if held else "goes on"
        return f"the queue of {target} {what}{_again(answer)}"
    entry, run, task, kind, status, reason, number, to = plain.values(
        answer,
        "entry.entry_id entry.run_id entry.task_id entry.kind entry.status "
        "entry.reason attempt.attempt_no attempt.assigned_to",
    )
    name = _name(run, task, kind)
    if number:
        return (
            f"{name} goes back to {to} as attempt {number}{_again(answer)}; when it is done, it is "
            "queued again by itself"
        )
    why = f": {plain.line(reason, 200)}" if reason else ""
    return f"{entry} ({name}) is {status}{why}{_again(answer)}"


def _rollback(answer: "Answer") -> str:
    dry, how, why, target, entry, run, task, kind, revert = plain.values(
        answer,
        "dry_run how why target entry.entry_id entry.run_id entry.task_id "
        "entry.kind revert.entry_id",
    )
    name = _name(run, task, kind)
    if how == "put_back":
        did = f"{'would put' if dry else 'put'} {target} back to where it was before {entry}"
    else:
        did = f"{'would queue a revert' if dry else f'queued {revert}, a revert'} of {entry}"
    lines = [f"{did} ({name})" + (f": {plain.line(why, 200)}" if why else "") + _again(answer)]
    for other, status in plain.columns(answer.get("dependents"), "task_id status"):
        lines.append(f"depends on it: {run}/{other} ({status})")
    held = answer.get("held")
    if held:
        lines.append(f"{'would hold' if dry else 'held'}: " + ", ".join(str(h) for h in held))
    over = answer.get("superseded") or []
    if over:
        word = "would supersede" if dry else "superseded"
        names = ", ".join(str(o) for o in over)
        lines.append(f"{word}: {names}, which would have taken it further")
    return "\n".join(lines)


def _audit(answer: "Answer") -> str:
    body = [
        [number, at, target, fence, "; ".join(map(str, steps))]
        for number, at, target, fence, steps in plain.columns(
            answer.get("passes"), "pass_no at target fence steps"
        )
    ]
    total = answer.get("total") or 0
    return plain.listing(
        f"{len(body)} of {many(total, 'pass', 'passes')}",
        ("PASS", "AT", "TARGET", "FENCE", "STEPS"), body, "the same with --pass N",
    )  # fmt: skip


def _replay(answer: "Answer") -> str:
    same, planner = plain.values(answer, "same planner")
    other = answer.get("other_planner")
    lines = [f"{many(same, 'pass', 'passes')} decided again, all the same ({planner})"]
    if other:
        lines.append(f"{len(other)} were decided by another version of the planner: left out")
    return "\n".join(lines)


def _integrate(answer: "Answer") -> str:
    source, target, head, status, entry, commit = plain.values(
        answer, "source target head_commit entry.status entry.entry_id entry.landed_commit"
    )
    if answer.get("dry_run"):
        lines = [f"nothing was changed; would bring {source} at {str(head)[:12]} into {target}:"]
        lines += [f"  {plain.line(text, 120)}" for text in (answer.get("commits") or [])[:50]]
        for label, path in (("does not merge", "conflicts"), ("in the way", "in_the_way")):
            lines += [f"{label}: {plain.line(text, 300)}" for text in answer[path][:20]]
        return "\n".join(lines)
    at = f" as {str(commit)[:12]}" if commit else ""
    return f"{target} holds {source}{at} ({entry} is {status}){_again(answer)}"


VIEWS: "dict[str, Callable[[Answer], str]]" = {
    "queue add": _add,
    "queue list": _list,
    "queue show": _show,
    "queue run": _run,
    "land": _land,
    "queue approve": _verdict,
    "queue reject": _verdict,
    "approve": _verdict,
    "reject": _verdict,
    "queue hold": _one,
    "queue release": _one,
    "queue cancel": _one,
    "queue retry": _one,
    "queue rollback": _rollback,
    "queue audit": _audit,
    "queue replay": _replay,
    "integrate": _integrate,
}
