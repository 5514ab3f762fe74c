"""Short-hand for findings, members and answers in the council's tests and benches."""

from typing import Any

from council.grouping import Grouping, group
from council.model import Answer, Coverage, Finding, Member, Review
from council.vocabulary import Position, Role, Similarity

_REQUIRED: dict[str, Any] = {
    "summary": "",
    "proposal": "",
    "rationale": "",
    "confidence": "medium",
    "tags": (),
    "target_refs": {},
}


def finding(title: str, **fields: Any) -> Finding:
    """Return a finding with empty prose unless given."""
    return Finding(**{**_REQUIRED, "title": title, **fields})


def member(role: Role, index: int, title: str, **fields: Any) -> Member:
    """Return a finding as a member of a tally."""
    return Member(reviewer_role=role, index=index, **{**_REQUIRED, "title": title, **fields})


def answer(
    role: Role,
    *findings: Finding,
    verdict: Position | None = None,
    coverage: Coverage | None = None,
) -> Answer:
    """Return a readable answer."""
    review = Review(reviewer_role=role, findings=findings, verdict=verdict, coverage=coverage)
    return Answer(reviewer_role=role, state="answered", parse_mode="raw", review=review)


def parts(members: list[Member], similarity: Similarity = "normal") -> set[frozenset[str]]:
    """Return the partition, each finding written as `role:index`."""
    return named(group(members, similarity))


def named(grouping: Grouping) -> set[frozenset[str]]:
    """Return a grouping's partition, each finding written as `role:index`."""
    return {
        frozenset(f"{m.reviewer_role}:{m.index}" for m in cluster.members)
        for cluster in grouping.clusters
    }
