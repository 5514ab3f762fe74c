"""One plain view for each council command: first what happened, last what to do next."""

from inbox.cli import plain
from orch.model import TERMINAL
from schema.words import many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Answer = dict[str, Any]
    View = Callable[[Answer], str]


def _replayed(answer: "Answer") -> str:
    return " (replayed: it had been done before)" if answer.get("replayed") else ""


def _reviewers(found: "list[Answer] | None") -> str:
    body = plain.columns(found, "reviewer_role status task_id assigned_to thread_id")
    return plain.table(("ROLE", "STATUS", "TASK", "AGENT", "THREAD"), body)


def _start(answer: "Answer") -> str:
    run, mode, kind, quorum, rounds, since, declined = plain.values(
        answer, "run_id mode target_type quorum rounds since declined"
    )
    more = ", two rounds" if rounds == 2 else ""
    if since:
        groups = "group" if declined == 1 else "groups"
        more += f"; leaves out {declined} {groups} declined in {since} or before it"
    return (
        f"council {run} started: {mode} of a {kind} target, quorum {quorum} of 3{more}"
        f"{_replayed(answer)}\n{_reviewers(answer['reviewers'])}"
    )


def _wait(answer: "Answer") -> str:
    run = answer.get("run_id")
    voters = plain.columns(answer.get("voters"), "status")
    shown = f"\nround two\n{_reviewers(answer['voters'])}" if voters else ""
    voted = " and voted" if voters and all(row[0] == "done" for row in voters) else ""
    return (
        f"all three reviewers of council {run} have ended{voted}\n"
        f"{_reviewers(answer['reviewers'])}{shown}"
    )


def _lines_of(found: "Answer") -> list[str]:
    """Return a tally in short; an answer has members of its own beside the tally's."""
    import json

    from council.model import CrossTally, Tally, parse_tally
    from council.terminal import tally_lines

    model = CrossTally if "cross" in found else Tally
    known = {name: found[name] for name in model.model_fields if name in found}
    return tally_lines(parse_tally(json.dumps(known)))


def _tally(answer: "Answer") -> str:
    revision, counts = plain.values(answer, "revision counts_as")
    head, *rest = _lines_of(answer)
    if counts:
        rest.append(f"for landing it counts as: {counts}")
    return "\n".join(
        [
            f"{head}; revision {revision}{_replayed(answer)}",
            *rest,
        ]
    )


def _report(answer: "Answer") -> str:
    """Return the report: exactly it after --format, else what the council's --output chose."""
    run, revision, verdict, path, out, text, bare = plain.values(
        answer, "run_id revision verdict markdown_path out text bare"
    )
    if bare and text and not out:
        return str(text)
    head = f"report of council {run}, revision {revision}: {verdict}{_replayed(answer)}"
    where = f"\nwritten to {plain.line(out, 4096)}" if out else ""
    body = f"\n\n{text}" if text and not out else ""
    kept = f"\nmarkdown: {plain.line(path, 4096)}"
    return f"{head}{where}{kept}{body}"


def _show(answer: "Answer") -> str:
    run, mode, kind, target, deadline = plain.values(
        answer, "council.run_id council.mode council.target_type target council.deadline_at"
    )
    lines = [f"council {run}: {mode} of a {kind} target", plain.line(target, 200)]
    lines += [f"deadline {deadline}"] if deadline else []
    lines.append(_reviewers(answer["council"]["reviewers"]))
    lines += _round_two(answer)
    for number, verdict, status, similarity, at in plain.columns(
        answer.get("tallies"), "revision verdict status similarity created_at"
    ):
        lines.append(f"tally {number}: {verdict} ({status}), {similarity}, {plain.ago(at)}")
    for number, show, path in plain.columns(answer.get("reports"), "revision show markdown_path"):
        shown = ",".join(map(str, show))
        lines.append(f"report of {number} ({shown}): {plain.line(path, 4096)}")
    return "\n".join(lines)


def _round_two(answer: "Answer") -> list[str]:
    """Return how far round two is: who votes, or who it waits for."""
    rounds = plain.at(answer, "council.rounds")
    if rounds != 2:
        return []
    if plain.columns(plain.at(answer, "council.voters"), "status"):
        return ["round 2", _reviewers(answer["council"]["voters"])]
    waits = [
        str(task)
        for task, status in plain.columns(plain.at(answer, "council.reviewers"), "task_id status")
        if status not in TERMINAL
    ]
    run = plain.at(answer, "council.run_id")
    return [
        f"round 2: waits for {', '.join(waits)}"
        if waits
        else f"round 2: begins with orch council wait --run {run}"
    ]


def _list(answer: "Answer") -> str:
    body = plain.columns(
        answer.get("councils"),
        "run_id mode tally.verdict tally.status tally.revision created_at",
    )
    shown = [
        [*(cell if cell is not None else "-" for cell in row[:5]), plain.ago(row[5])]
        for row in body
    ]
    head = f"{len(body)} council" + ("" if len(body) == 1 else "s")
    header = ("COUNCIL", "MODE", "VERDICT", "STATUS", "REVISION", "STARTED")
    return plain.listing(head, header, shown, "the same with --json")


def _review(answer: "Answer") -> str:
    run, task, who, verdict, counts, findings, why = plain.values(
        answer, "run_id task_id reviewer verdict counts_as findings why"
    )
    said = f"{verdict}, {many(findings, 'finding')}" if verdict else "no verdict"
    lines = [f"{who} on {run}/{task}: {said}{_replayed(answer)}"]
    if counts:
        lines.append(f"counts as: {counts}")
    if why:
        lines.append(f"why: {plain.line(why, 300)}")
    lines += [f"problem: {plain.line(text, 300)}" for text in answer.get("problems") or ()]
    return "\n".join(lines)


def _decline(answer: "Answer") -> str:
    run, group, title, reason = plain.values(answer, "run_id group_id title reason")
    return (
        f"{group} of council {run} is declined{_replayed(answer)}: {plain.line(title, 200)}\n"
        f"why: {plain.line(reason, 300)}"
    )


VIEWS: "dict[str, View]" = {
    "council start": _start,
    "council wait": _wait,
    "council tally": _tally,
    "council report": _report,
    "council decline": _decline,
    "council show": _show,
    "council list": _list,
    "review": _review,
}
