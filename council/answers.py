"""Answers of reviewers: read, missing with a reason, or not there yet.

Pure. Guarantees: nothing is guessed about a text that cannot be read; who is missing carries
why, in words.
"""

from council.ballots import Ballot, Key, Round
from council.declined import Declined
from council.locations import Diff
from council.model import Answer, Finding, Voter
from council.review_text import read_review
from council.rows import Council, Result
from council.sheet import thaw
from council.vocabulary import ROLES, AnswerState, Mode, ParseMode, Role
from council.votes_text import read_votes
from inbox.steps import say as say_inbox
from orch.model import TERMINAL
from orch.steps.model import say
from schema.failures import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_REASON = 500


def unfinished(results: list[Result]) -> list[Result]:
    """Return the reviewers whose task has not ended."""
    return [result for result in results if result.status not in TERMINAL]


def read_all(run_id: str, results: list[Result], *, partial: bool) -> list[Answer]:
    """Return one Answer of each reviewer.

    Raises: invalid_input with what to mend when a review cannot be read and is not to count as
    missing (`partial`); it names every such reviewer.
    """
    answers, unread = [], list[tuple[Result, Failure]]()
    for result in results:
        try:
            answers.append(_answer(result))
        except Failure as failure:
            unread.append((result, failure))
            answers.append(_missing(result, "unreadable", failure.message))
    if unread and not partial:
        raise _unreadable(run_id, unread)
    return answers


def read_round(voters: list[Result]) -> tuple[Round, list[Voter]]:
    """Return the votes that can be counted, and how each voter ended. Never refuses a sheet."""
    ballots: list[Ballot] = []
    roster: list[Voter] = []
    shown: set[Key] = set()
    for result in voters:
        sheet = thaw(result.sheet)
        shown |= {entry.key for entry in sheet}
        try:
            found = _missing_vote(result)
            if found is None:
                ballot, mode = read_votes(_said(result), sheet, role_of_result(result))
                ballots.append(ballot)
                found = _voter(result, "answered", None, ballot, mode)
        except Failure as failure:
            found = _voter(result, "unreadable", failure.message)
        roster.append(found)
    return Round(frozenset(shown), tuple(ballots)), roster


def _missing_vote(result: Result) -> Voter | None:
    """Return the voter whose task ended without votes, or has not ended; None for votes."""
    if result.status == "done":
        return None
    if result.status == "failed":
        return _voter(result, "failed", result.summary or result.reason)
    if result.status == "cancelled":
        return _voter(result, "cancelled", result.reason)
    return _voter(result, "unfinished", f"its task {result.task_id} is {result.status}")


def _voter(
    result: Result,
    state: AnswerState,
    reason: str | None,
    ballot: Ballot | None = None,
    mode: ParseMode | None = None,
) -> Voter:
    return Voter(
        reviewer_role=role_of_result(result),
        state=state,
        reason=_short(reason),
        parse_mode=mode,
        votes=len(ballot.votes) if ballot else 0,
        dropped=ballot.dropped if ballot else 0,
        flags=("uniform_votes",) if ballot and ballot.is_uniform else (),
    )


def declined(rows: "list[dict[str, Any]]") -> list[Declined]:
    """Return what earlier councils declined, from the groups as they were stored."""
    return [
        Declined(
            run_id=row["run_id"],
            group_id=row["group"]["group_id"],
            reason=row["reason"],
            severity=row["group"]["severity"],
            findings=tuple(_as_finding(member) for member in row["group"]["members"]),
        )
        for row in rows
    ]


def _as_finding(member: "dict[str, Any]") -> Finding:
    return Finding.model_validate({name: member[name] for name in Finding.model_fields})


def mode_of(council: Council) -> Mode:
    """Return the council's mode as the closed word that the file's CHECK makes it."""
    mode: Mode = council.mode  # type: ignore[assignment]
    return mode


def diff_of(council: Council) -> Diff | None:
    """Return the lines that the reviewers were shown, None when it was no diff."""
    if council.shown_lines is None:
        return None
    import json

    shown = json.loads(council.shown_lines)
    return Diff({path: tuple(map(tuple, ranges)) for path, ranges in shown.items()})


def _answer(result: Result) -> Answer:
    if result.status == "done":
        reading = read_review(_said(result), role_of_result(result))
        return Answer(
            reviewer_role=role_of_result(result),
            state="answered",
            parse_mode=reading.parse_mode,
            review=reading.review,
            flags=reading.flags,
            dropped=reading.dropped,
        )
    if result.status == "failed":
        return _missing(result, "failed", result.summary or result.reason)
    if result.status == "cancelled":
        return _missing(result, "cancelled", result.reason)
    return _missing(result, "unfinished", f"its task {result.task_id} is {result.status}")


def _said(result: Result) -> str:
    """Return the review's text: the body of the result, else its payload."""
    body = result.body or ""
    payload = result.payload or "{}"
    return payload if payload != "{}" and not body.strip() else body


def role_of_result(result: Result) -> Role:
    """Return whose result it is, as the closed word that the file's CHECK makes it."""
    return next(role for role in ROLES if role == result.reviewer_role)


def _missing(result: Result, state: str, reason: str | None) -> Answer:
    why = _short(reason)
    return Answer.model_validate(
        {"reviewer_role": result.reviewer_role, "state": state, "reason": why}
    )


def _short(reason: str | None) -> str | None:
    why = (reason or "").strip()
    return (why if len(why) <= _LONGEST_REASON else why[: _LONGEST_REASON - 1] + "…") or None


def _unreadable(run_id: str, unread: list[tuple[Result, Failure]]) -> Failure:
    """Return the first reviewer's failure, with all of them in the details."""
    first, failure = unread[0]
    others = ", ".join(result.reviewer_role for result, _ in unread[1:])
    return Failure(
        failure.code,
        failure.reason,
        f"the review of {first.reviewer_role} cannot be counted: {failure.message}"
        + (f" (nor can that of {others})" if others else ""),
        hint="ask again, or count it as missing with --partial; its text is kept",
        next=[
            say("retry", f"{run_id}/{first.task_id}").because("ask again"),
            say_inbox("show", thread=first.thread_id).because("its text is kept"),
        ],
        details={
            "reviews": [
                {
                    "reviewer_role": result.reviewer_role,
                    "thread_id": result.thread_id,
                    "reason": error.reason,
                    "message": error.message,
                }
                for result, error in unread
            ]
        },
    )
