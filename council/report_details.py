"""Details of a report, behind its first screen: what every reviewer said, group by group.

Pure. Guarantees: a lone finding's heading is its title, said once; empty sections are left out;
what is not shown is counted, with the command that shows it.
"""

from collections.abc import Collection, Iterator

from council import report_votes as votes
from council.model import Conflict, Group, Member, MemberRef, Related, Tally
from council.verdict import gravest_of
from council.vocabulary import LEVELS, Level
from orch.reports.escape import code_block, code_span, inline, quoted

_HEADINGS: dict[Level, str] = {
    "consensus": "Consensus: all three reviewers",
    "majority": "Majority: two of three reviewers",
    "minority": "Minority: one reviewer",
}
_NOTES = {
    "location_unverified": "lines given are not in the diff",
    "own_duplicate": "repeats another finding of this reviewer",
    "severity_unknown": "its severity is none that there is",
    "shortened": "shortened",
    "withdrawn": "**withdrawn** in round two",
    "not_cross_examined": "came after round two had begun",
}


def render(tally: Tally, show: Collection[Level]) -> Iterator[str]:
    """Yield the sections: lone criticals, the levels shown, disputes, conflicts, related pairs."""
    numbers = {group.group_id: number for number, group in enumerate(tally.groups, 1)}
    lone = [g for g in tally.groups if g.severity == "critical" and len(gravest_of(g)) == 1]
    if lone:
        yield from (f"## Critical, raised by one reviewer ({len(lone)})", "")
        for group in lone:
            yield from _group(group, numbers)
    yield from votes.withdrawn(tally, numbers)
    for level in LEVELS:
        inside = [g for g in tally.groups if g.level == level and g not in lone]
        if level in show and inside:
            yield from (f"## {_HEADINGS[level]} ({getattr(tally.summary, level)})", "")
            for group in inside:
                yield from _group(group, numbers)
    yield from votes.disputed(tally, numbers)
    yield from _conflicts(tally, numbers)
    yield from _related(tally, numbers)
    yield from _declined(tally)
    yield from _left_out(tally, show)


def place(member: Member) -> str:
    """Return a finding's place such as `src/a.py:41-58`; '' without a file."""
    text = member.file or ""
    if member.line_start is not None:
        text += f":{member.line_start}"
        if member.line_end is not None and member.line_end != member.line_start:
            text += f"-{member.line_end}"
    return text


def _group(group: Group, numbers: dict[str, int]) -> Iterator[str]:
    yield from (f"### {numbers[group.group_id]}. {inline(group.title)}", "")
    facts = _agreement(group)
    if facts:
        yield from (" · ".join(facts), "")
    for member in group.members:
        yield from _member(member, is_alone=len(group.members) == 1)


def _agreement(group: Group) -> list[str]:
    """Return who stands behind the group and how it came to be one, '' for nothing to say."""
    facts = []
    if len(group.members) > 1:
        facts += [f"**{group.severity}**"] if group.severity else []
        facts.append(", ".join(group.reviewers))
    if group.unanimous_of_responders:
        facts.append("all who answered")
    facts += votes.facts(group)
    if group.strength and not votes.is_voted(group):
        facts.append("alike in words" if group.strength == "strong" else "loosely alike in words")
    if group.contested:
        facts.append("contested, see Conflicts")
    return facts


def _member(member: Member, *, is_alone: bool) -> Iterator[str]:
    facts = [f"**{member.reviewer_role}**", *([member.severity] if member.severity else [])]
    if member.confidence is not None:
        facts.append(f"confidence {member.confidence}")
    if member.file:
        facts.append(code_span(place(member)))
    if member.section:
        facts.append(f"section {inline(member.section)}")
    if member.action:
        subject = f" {inline(member.subject)}" if member.subject else ""
        facts.append(f"{member.action}{subject}")
    facts += [_NOTES[flag] for flag in member.flags if flag in _NOTES]
    yield from (" · ".join(facts), "")
    blocks = [] if is_alone else [quoted(member.title, "**Says:**")]
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


def _declined(tally: Tally) -> Iterator[str]:
    if not tally.left_out:
        return
    yield from (f"## Left out: declined before ({len(tally.left_out)})", "")
    for each in tally.left_out:
        grave = f"{each.group.severity}, " if each.group.severity else ""
        who = ", ".join(each.group.reviewers)
        yield (
            f"- {inline(each.group.title)} ({grave}{who}), declined in "
            f"{code_span(each.declined_in)}: {inline(each.reason)}"
        )
    yield ""


def _left_out(tally: Tally, show: Collection[Level]) -> Iterator[str]:
    hidden = [level for level in LEVELS if level not in show and getattr(tally.summary, level)]
    if hidden:
        counts = " and ".join(f"{getattr(tally.summary, level)} {level}" for level in hidden)
        shown = ",".join(level for level in LEVELS if level in show or level in hidden)
        yield from ("## Not shown", "")
        yield f"{counts}: `orch council report --run {tally.run_id} --show {shown}`"
        yield ""
