"""Groups that come back after their council's leader declined them: left out, and counted.

Owns when a new group says what was declined. Pure. Guarantees: every finding of the group must say
it, so a new point beside an old one stays; what comes back graver than it was declined stays; what
is left out is kept whole, with the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from council.grouping import STRONG, score_of
from council.matching import normal_text
from council.model import Finding, Group, LeftOut
from council.vocabulary import SEVERITIES, Severity

G = TypeVar("G", bound=Group)


@dataclass(frozen=True, slots=True)
class Declined:
    """One group of an earlier council, and why its leader will not have it."""

    run_id: str
    group_id: str
    reason: str
    severity: Severity | None
    findings: tuple[Finding, ...]


def split(groups: Iterable[G], declined: Sequence[Declined]) -> tuple[list[G], list[LeftOut]]:
    """Return the groups that stay, and those that were declined before."""
    stay: list[G] = []
    left_out: list[LeftOut] = []
    for group in groups:
        found = next((each for each in declined if _says(group, each)), None)
        if found is None:
            stay.append(group)
        else:
            left_out.append(
                LeftOut(
                    group=Group(**{name: getattr(group, name) for name in Group.model_fields}),
                    declined_in=found.run_id,
                    declined_group=found.group_id,
                    reason=found.reason,
                )
            )
    return stay, sorted(left_out, key=lambda each: each.group.group_id)


def _says(group: Group, declined: Declined) -> bool:
    if _gravity(group.severity) < _gravity(declined.severity):
        return False
    return all(any(_same(m, f) for f in declined.findings) for m in group.members)


def _same(one: Finding, other: Finding) -> bool:
    return normal_text(one) == normal_text(other) or score_of(one, other) >= STRONG


def _gravity(severity: Severity | None) -> int:
    return SEVERITIES.index(severity) if severity else len(SEVERITIES)
