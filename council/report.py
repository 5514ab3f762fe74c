"""The tally as Markdown for people.

Owns the report's order and wording. Pure: the same tally and options give the same bytes.
Guarantees: every number comes from the tally; every word of a reviewer passes
`orch.reports.escape`; criticals raised by one reviewer stand on top whatever is shown; what is
left out is counted.
"""

from collections.abc import Collection, Iterator, Sequence

from council.grouping import JOIN, STRONG
from council.model import Conflict, Group, Member, MemberRef, Related, Respondent, Tally
from council.vocabulary import LEVELS, ROLES, Level, Status
from orch.reports.escape import code_block, code_span, inline, quoted

_HEADINGS: dict[Level, str] = {
    "consensus": "Consensus: all three reviewers",
    "majority": "Majority: two of three reviewers",
    "minority": "Minority: one reviewer",
}
_NOTICES: dict[Status, str] = {
    "complete": "",
    "partial": "**Partial:** {answered} of 3 reviewers are counted. Levels are of three all the "
    "same, so nothing here can be consensus.",
    "insufficient": "**Insufficient:** {answered} of 3 reviewers are counted and the quorum is "
    "{quorum}. What was found is listed; there is no verdict.",
    "failed": "**Failed:** no reviewer's answer could be counted.",
}


def render_report(
    tally: Tally, target: str, show: Collection[Level] = ("consensus", "majority")
) -> str:
    """Return the report on `target` with the groups of the levels in `show`."""
    numbers = {group.group_id: number for number, group in enumerate(tally.groups, 1)}
    lone = [g for g in tally.groups if len(g.reviewers) == 1 and g.severity == "critical"]
    lines = [f"# Council report: run {code_span(tally.run_id)}", "", *_notice(tally)]
    lines += ["## Target", "", *(quoted(target) or ["> (none given)"]), ""]
    lines += ["## Verdict", "", *_verdict(tally), "", *map(_respondent, tally.reviewers), ""]
    if lone:
        lines += [f"## Critical, raised by one reviewer ({len(lone)})", ""]
        for group in lone:
            lines += _group(group, numbers)
    for level in LEVELS:
        if level in show:
            lines += _bucket(level, tally.groups, lone, numbers)
    lines += _conflicts(tally, numbers)
    lines += _related(tally, numbers)
    lines += [*_left_out(tally, show), *_method(tally)]
    return "\n".join(lines) + "\n"


def _notice(tally: Tally) -> Iterator[str]:
    answered = sum(r.state == "answered" for r in tally.reviewers)
    if notice := _NOTICES[tally.status].format(answered=answered, quorum=tally.quorum):
        yield from (f"> {notice}", "")


def _verdict(tally: Tally) -> Iterator[str]:
    counts = ", ".join(f"{getattr(tally.summary, level)} {level}" for level in LEVELS)
    contested = sum(group.contested for group in tally.groups)
    yield f"**{tally.verdict}** · {counts}" + (f" · {contested} contested" if contested else "")


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
    return line


def _bucket(
    level: Level, groups: Sequence[Group], lone: Sequence[Group], numbers: dict[str, int]
) -> Iterator[str]:
    inside = [group for group in groups if group.level == level]
    yield from (f"## {_HEADINGS[level]} ({len(inside)})", "")
    if not inside:
        yield from ("None.", "")
    for group in inside:
        if group in lone:
            yield from (f"### {numbers[group.group_id]}. {inline(group.title)}", "")
            yield from ("Critical: see the top of the report.", "")
        else:
            yield from _group(group, numbers)


def _group(group: Group, numbers: dict[str, int]) -> Iterator[str]:
    facts = [f"**{group.severity}**"] if group.severity else []
    facts.append(", ".join(group.reviewers))
    if group.unanimous_of_responders:
        facts.append("all who answered")
    if group.strength:
        facts.append("clearly the same" if group.strength == "strong" else "possibly the same")
    if group.contested:
        facts.append("contested, see Conflicts")
    yield from (f"### {numbers[group.group_id]}. {inline(group.title)}", "")
    yield from (" · ".join(facts), "")
    for member in group.members:
        yield from _member(member)


def _member(member: Member) -> Iterator[str]:
    facts = [f"**{member.reviewer_role}**", *([member.severity] if member.severity else [])]
    facts.append(f"confidence {member.confidence}")
    if member.file:
        facts.append(code_span(place(member)))
    if member.section:
        facts.append(f"section {inline(member.section)}")
    if member.action:
        subject = f" {inline(member.subject)}" if member.subject else ""
        facts.append(f"{member.action}{subject}")
    if "location_unverified" in member.flags:
        facts.append("lines given are not in the diff")
    if "own_duplicate" in member.flags:
        facts.append("repeats another finding of this reviewer")
    yield from (" · ".join(facts), "")
    blocks = [quoted(member.title, "**Says:**")]
    for label, text in (
        ("", member.summary),
        ("**Proposal:**", member.proposal),
        ("**Why:**", member.rationale),
        ("**Tags:**", ", ".join(member.tags)),
    ):
        blocks.append(quoted(text, label))
    for label, code in (("**Evidence:**", member.evidence), ("**Suggestion:**", member.suggestion)):
        if code and code.strip():
            blocks.append([f"> {label}", ">", *code_block(code)])
    filled = [block for block in blocks if block]
    for at, block in enumerate(filled):
        yield from block
        yield ">" if at + 1 < len(filled) else ""


def place(member: Member) -> str:
    """Return a finding's place such as `src/a.py:41-58`; '' without a file."""
    text = member.file or ""
    if member.line_start is not None:
        text += f":{member.line_start}"
        if member.line_end is not None and member.line_end != member.line_start:
            text += f"-{member.line_end}"
    return text


def _conflicts(tally: Tally, numbers: dict[str, int]) -> Iterator[str]:
    if not tally.conflicts:
        return
    yield from (f"## Conflicts ({len(tally.conflicts)})", "")
    yield from ("Opposite advice about one subject. Neither side wins by count.", "")
    for conflict in tally.conflicts:
        how = "declared" if conflict.declared else "by their wording"
        yield f"- {_versus(tally, conflict, numbers, 'against')} ({how})"
    yield ""


def _related(tally: Tally, numbers: dict[str, int]) -> Iterator[str]:
    """List each two groups that have alike findings once, by their most alike findings."""
    closest: dict[frozenset[str], Related] = {}
    for link in tally.related:
        closest.setdefault(frozenset(link.groups), link)
    if not closest:
        return
    yield from (f"## Related, kept apart ({len(closest)})", "")
    yield from ("Alike, but their groups could not become one.", "")
    yield from (f"- {_versus(tally, link, numbers, 'and')}" for link in closest.values())
    yield ""


def _versus(tally: Tally, link: Conflict | Related, numbers: dict[str, int], word: str) -> str:
    first, second = (
        f"{numbers[group_id]}. {inline(_find(tally, ref).title)} ({ref.reviewer_role})"
        for group_id, ref in zip(link.groups, link.members, strict=True)
    )
    # The number stands after a word, so that it cannot start a nested list.
    return f"no. {first} {word} no. {second}"


def _find(tally: Tally, ref: MemberRef) -> Member:
    return next(
        member
        for group in tally.groups
        for member in group.members
        if (member.reviewer_role, member.index) == (ref.reviewer_role, ref.index)
    )


def _left_out(tally: Tally, show: Collection[Level]) -> Iterator[str]:
    hidden = [level for level in LEVELS if level not in show and getattr(tally.summary, level)]
    if hidden:
        counts = " and ".join(f"{getattr(tally.summary, level)} {level}" for level in hidden)
        shown = ",".join(level for level in LEVELS if level in show or level in hidden)
        yield from ("## Not shown", "")
        yield f"{counts}: `orch council report --run {tally.run_id} --show {shown}`"
        yield ""


def _method(tally: Tally) -> Iterator[str]:
    yield from ("## How this was grouped", "")
    if tally.similarity == "strict":
        rule = "Findings share a group when title, summary and proposal are equal but for case, "
        rule += "white space and closing punctuation."
    else:
        rule = "Findings share a group when every pair in it is alike in words, corroborated by "
        rule += f"place, key and category (at least {JOIN:.2f}). Groups whose weakest pair is "
        rule += f"below {STRONG:.2f} are marked as possibly the same."
    yield f"`{tally.algorithm}`, {tally.similarity}, revision {tally.revision}. {rule}"
    yield "At most one finding of a reviewer is in a group; findings about different files and"
    yield "opposite advice are never joined. No model took part. Agreement is as computed: it says"
    yield f"how many of the {len(ROLES)} reviewers raised a point, not that the point is true."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
