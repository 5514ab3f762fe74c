"""The tally as Markdown for people.

Owns the report's order and wording: what is wrong, how sure, who said so, on the first screen; then
every word. Pure: the same tally and options give the same bytes. Guarantees: every number comes
from the tally; every word of a reviewer passes `orch.reports.escape`; all groups stand in the
table, and criticals that one reviewer raised on top of the details, whatever is shown.
"""

from collections.abc import Collection, Iterator

from council import report_details as details
from council import report_votes as votes
from council.model import CrossGroup, CrossTally, Group, Respondent, Tally
from council.report_details import place
from council.verdict import gravest_of
from council.vocabulary import LEVELS, Level, Status
from orch.reports.escape import cell, code_cell, code_span, inline, quoted

_NOTICES: dict[Status, str] = {
    "complete": "",
    "partial": "**Partial:** {answered} of 3 reviewers are counted. Levels are of three all the "
    "same, so nothing here can be consensus.",
    "insufficient": "**Insufficient:** {answered} of 3 reviewers are counted and the quorum is "
    "{quorum}. What was found is listed; there is no verdict.",
    "failed": "**Failed:** no reviewer's answer could be counted.",
}
_MOST_PLACES = 2


def render_report(
    tally: Tally, target: str, show: Collection[Level] = ("consensus", "majority")
) -> str:
    """Return the report on `target` with the details of the groups of the levels in `show`."""
    lines = [f"# Council report: run {code_span(tally.run_id)}", "", *_notice(tally)]
    lines += [*_verdict(tally), *_table(tally)]
    lines += [*map(_respondent, tally.reviewers), *votes.voters(tally), ""]
    lines += ["## Target", "", *(quoted(target) or ["> (none given)"]), ""]
    lines += details.render(tally, show)
    lines += _method(tally)
    return "\n".join(lines) + "\n"


def _notice(tally: Tally) -> Iterator[str]:
    answered = sum(r.state == "answered" for r in tally.reviewers)
    if notice := _NOTICES[tally.status].format(answered=answered, quorum=tally.quorum):
        yield from (f"> {notice}", "")


def _verdict(tally: Tally) -> Iterator[str]:
    counts = ", ".join(f"{getattr(tally.summary, level)} {level}" for level in LEVELS)
    contested = sum(group.contested for group in tally.groups)
    reason = f": {tally.verdict_reason}" if tally.verdict_reason else ""
    yield f"**{tally.verdict}{reason}**"
    yield ""
    left = f" · {len(tally.left_out)} left out, declined before" if tally.left_out else ""
    yield counts + (f" · {contested} contested" if contested else "") + left
    yield ""


def _table(tally: Tally) -> Iterator[str]:
    """List every group in one line: what is wrong, how many say so, who."""
    if not tally.groups:
        yield from ("Nothing was found.", "")
        return
    voted = isinstance(tally, CrossTally) and tally.cross.sheets > 0
    head = ["no.", "level", "severity", "place", "title", "who", *(["agreed"] if voted else [])]
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    for number, group in enumerate(tally.groups, 1):
        who = [role.removesuffix("-reviewer") for role in group.reviewers]
        row = [str(number), _level(group), _severity(group), _places(group), cell(group.title)]
        row += [", ".join(who), *([votes.short(group)] if voted else [])]
        yield "| " + " | ".join(row) + " |"
    yield ""


def _level(group: Group) -> str:
    """Return the group's level, and that nobody stands for it any more."""
    is_gone = isinstance(group, CrossGroup) and not group.raised_by
    return f"{group.level}, withdrawn" if is_gone else group.level


def _severity(group: Group) -> str:
    """Return the group's severity, and who alone says so where others see it milder."""
    if group.severity is None:
        return "–"
    if group.severity in ("critical", "high"):
        said_by = gravest_of(group)
        if len(said_by) < len(group.members):
            who = ", ".join(role.removesuffix("-reviewer") for role in said_by)
            return f"**{group.severity}** ({who})"
        return f"**{group.severity}**"
    return group.severity


def _places(group: Group) -> str:
    said = (place(m) or (m.section or "") for m in group.members)
    found = list(dict.fromkeys(filter(None, said)))
    more = f" +{len(found) - _MOST_PLACES}" if len(found) > _MOST_PLACES else ""
    return ", ".join(map(code_cell, found[:_MOST_PLACES])) + more


def _respondent(one: Respondent) -> str:
    line = f"- **{one.reviewer_role}**: {one.state}"
    if one.state == "answered":
        line += f", {_count(one.findings, 'finding')}, verdict {one.verdict or 'not given'}"
    if one.reason:
        line += f" ({inline(one.reason)})"
    if one.parse_mode not in (None, "raw"):
        line += f"; its answer was read from `{one.parse_mode}` text"
    if "verdict_mismatch" in one.flags:
        line += "; approves although it names a critical itself"
    if "verdict_unknown" in one.flags:
        line += "; the verdict that it gave is none that there is"
    if one.coverage and one.coverage.not_examined:
        line += "; did not look at: " + ", ".join(map(inline, one.coverage.not_examined))
    return line


def _method(tally: Tally) -> Iterator[str]:
    how = "equal texts" if tally.similarity == "strict" else "alike in words"
    if isinstance(tally, CrossTally) and tally.cross.sheets > 1:
        how = "by the reviewers' votes"
    yield (
        f"Grouped {how} by `{tally.algorithm}`, {tally.similarity}, revision {tally.revision}, "
        "without a model; a level says how many of the three reviewers raised a point, not that "
        "it is true: [how, and how well](docs/decisions/0006-council-grouping.md)."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
