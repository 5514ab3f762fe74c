"""Models of reviews and tallies: what a reviewer returns and what a tally is, frozen.

Owns the shapes. Guarantees: a Finding is strict (no unknown field, no coercion, bounded sizes), so
that nothing after this module has to check again (`review_text` is what bends a reviewer's words
into it); a tally dumped to JSON and read back is equal to itself, and one that an earlier version
stored can be read. Never groups, never renders.

Adding a field to Finding? It is in the content hash, so old group ids change: raise
`council.grouping.VERSION`, extend `council.review_schema.example_review`, and write
council/review.schema.json anew (tests/unit/council/test_review_schema.py says how).
"""

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from council.vocabulary import (
    MAX_FINDINGS,
    Action,
    AnswerState,
    CrossState,
    Flag,
    Level,
    Mode,
    ParseMode,
    Position,
    Role,
    Severity,
    Similarity,
    Standing,
    Status,
    Strength,
    Verdict,
    Vote,
    role_of,
)

TITLE_LENGTH = 300
PROSE_LENGTH = 4000

Line = Annotated[int, Field(ge=1, le=10_000_000)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH)]
Prose = Annotated[str, Field(max_length=PROSE_LENGTH)]
Short = Annotated[str, Field(max_length=200)]
Path = Annotated[str, Field(min_length=1, max_length=1000)]
Word = Annotated[str, Field(min_length=1, max_length=64)]
Tag = Word
Confidence = Literal["low", "medium", "high"] | Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Finding(_Frozen):
    """One recommendation: one problem, one fix.

    The first seven fields are required; the rest may be null or absent and only help grouping.
    """

    title: Title
    summary: Prose
    proposal: Prose
    rationale: Prose
    confidence: Confidence | None
    tags: Annotated[tuple[Tag, ...], Field(max_length=30, strict=False)]
    target_refs: dict[str, JsonValue]
    action: Action | None = None
    subject: Short | None = None
    category: Word | None = None
    key: Short | None = None
    severity: Severity | None = None
    file: Path | None = None
    line_start: Line | None = None
    line_end: Line | None = None
    section: Short | None = None
    evidence: Prose | None = None
    suggestion: Prose | None = None

    @field_validator("title")
    @classmethod
    def _says_something(cls, title: str) -> str:
        if not title.strip():
            raise ValueError("must not be blank")
        return title


class HeardFinding(Finding):
    """A finding as it was heard: its position in the review, and what of it could not be read."""

    index: Annotated[int, Field(ge=0)]
    flags: Annotated[tuple[Flag, ...], Field(strict=False)] = ()


class Coverage(_Frozen):
    """What a reviewer looked at, in its own words, and what it left out."""

    examined: Annotated[tuple[Prose, ...], Field(max_length=200, strict=False)] = ()
    not_examined: Annotated[tuple[Prose, ...], Field(max_length=200, strict=False)] = ()


class Review(_Frozen):
    """The body of one reviewer's result message. The role may be given without its suffix."""

    reviewer_role: Role
    findings: Annotated[tuple[Finding, ...], Field(max_length=MAX_FINDINGS, strict=False)]
    coverage: Coverage | None = None
    verdict: Position | None = None

    @field_validator("reviewer_role", mode="before")
    @classmethod
    def _published_role(cls, value: object) -> object:
        return role_of(value) if isinstance(value, str) else value


class Answer(_Frozen):
    """How one of the three reviewers ended, with its review when that could be read.

    `reason` says why there is none (a failure's summary, what could not be read); `dropped` says
    of each finding that had to be left out which and why.
    """

    reviewer_role: Role
    state: AnswerState
    reason: str | None = None
    parse_mode: ParseMode | None = None
    review: Review | None = None
    flags: Annotated[tuple[Flag, ...], Field(strict=False)] = ()
    dropped: Annotated[tuple[str, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _answered_means_review(self) -> "Answer":
        if (self.state == "answered") != (self.review is not None):
            raise ValueError("a review exists exactly when the state is 'answered'")
        return self


class Member(HeardFinding):
    """A finding inside a tally: whose, its position in that review, and what the host found out.

    `title` … `suggestion` are the reviewer's, whole; only what could not be read and lines that
    the diff does not show are nulled, which `flags` says.
    """

    reviewer_role: Role


class MemberRef(_Frozen):
    """Points at one finding of one reviewer."""

    reviewer_role: Role
    index: int


class Group(_Frozen):
    """Findings of different reviewers that recommend the same thing; at most one of each."""

    group_id: str
    level: Level
    strength: Strength | None
    cohesion: float | None
    severity: Severity | None
    unanimous_of_responders: bool
    contested: bool
    title: str
    reviewers: Annotated[tuple[Role, ...], Field(strict=False)]
    members: Annotated[tuple[Member, ...], Field(strict=False)]


class Related(_Frozen):
    """Two findings close enough to be one group that were kept apart. The score is for audit."""

    groups: Annotated[tuple[str, str], Field(strict=False)]
    members: Annotated[tuple[MemberRef, MemberRef], Field(strict=False)]
    score: float


class Conflict(_Frozen):
    """Two findings that advise opposite things about one subject; neither wins."""

    groups: Annotated[tuple[str, str], Field(strict=False)]
    members: Annotated[tuple[MemberRef, MemberRef], Field(strict=False)]
    declared: bool


class Respondent(_Frozen):
    """One line of the tally's roster; `dropped` counts findings that could not be read."""

    reviewer_role: Role
    state: AnswerState
    reason: str | None
    parse_mode: ParseMode | None
    verdict: Position | None
    findings: int
    flags: Annotated[tuple[Flag, ...], Field(strict=False)] = ()
    dropped: int = 0
    coverage: Coverage | None = None


class LeftOut(_Frozen):
    """A group that an earlier council's leader declined: kept whole, but counted nowhere."""

    group: Group
    declined_in: str
    declined_group: str
    reason: str


class Summary(_Frozen):
    """How many groups stand at each level."""

    consensus: int
    majority: int
    minority: int


class Tally(_Frozen):
    """The stored result of a council: computed, never edited. Carries no time."""

    run_id: str
    mode: Mode
    similarity: Similarity
    algorithm: str
    revision: int
    status: Status
    quorum: int
    verdict: Verdict
    verdict_reason: str = ""
    summary: Summary
    reviewers: Annotated[tuple[Respondent, ...], Field(strict=False)]
    groups: Annotated[tuple[Group, ...], Field(strict=False)]
    related: Annotated[tuple[Related, ...], Field(strict=False)]
    conflicts: Annotated[tuple[Conflict, ...], Field(strict=False)]
    left_out: Annotated[tuple[LeftOut, ...], Field(strict=False)] = ()


# --- round two: what a tally of --rounds 2 has beside that ---------------------------------


class VoteCast(_Frozen):
    """One reviewer's vote on a finding that is not its own, with what can be checked of it."""

    reviewer_role: Role
    vote: Vote
    why: str
    member: MemberRef


class Join(_Frozen):
    """Why two findings of one group are one: how many sheets say so, and whether words do."""

    members: Annotated[tuple[MemberRef, MemberRef], Field(strict=False)]
    votes: int
    words: bool


class CrossGroup(Group):
    """A group that was voted on. Its level counts who raised it and holds it, never who agrees.

    `asked` is how many readable sheets could vote on it.
    """

    raised_by: Annotated[tuple[Role, ...], Field(strict=False)]
    agreed_by: Annotated[tuple[Role, ...], Field(strict=False)]
    disputed_by: Annotated[tuple[Role, ...], Field(strict=False)]
    unsure: Annotated[tuple[Role, ...], Field(strict=False)]
    asked: int
    standing: Standing
    joins: Annotated[tuple[Join, ...], Field(strict=False)]
    votes: Annotated[tuple[VoteCast, ...], Field(strict=False)]


class Voter(_Frozen):
    """How one reviewer's part in round two ended; `dropped` counts rows that say nothing valid."""

    reviewer_role: Role
    state: AnswerState
    reason: str | None
    parse_mode: ParseMode | None
    votes: int
    dropped: int
    flags: Annotated[tuple[Flag, ...], Field(strict=False)] = ()


class Cross(_Frozen):
    """Round two: over, not over yet, or why there is none; how many sheets could be read."""

    state: CrossState
    reason: str | None
    sheets: int
    voters: Annotated[tuple[Voter, ...], Field(strict=False)]


class CrossTally(Tally):
    """The tally of a council with two rounds."""

    rounds: Literal[2] = 2
    groups: Annotated[tuple[CrossGroup, ...], Field(strict=False)]
    cross: Cross


def parse_tally(document: str) -> Tally:
    """Return a stored tally, of one round or of two."""
    model: type[Tally] = CrossTally if "cross" in json.loads(document) else Tally
    return model.model_validate_json(document)
