"""The tally as SARIF 2.1.0, for code-scanning tools.

Owns the mapping: one result per group, located where its first placed member is; the other
members are related locations. Pure. Guarantees: valid against the published schema; no time,
so equal tallies give equal documents; `rank` is never set, since similarity is no confidence.
"""

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote

from council.matching import normal_path
from council.model import CrossGroup, Group, Member, Tally
from council.vocabulary import Level, Severity
from orch.reports.escape import one_line, visible
from schema.version import __version__

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "orchCouncilGroup/v1"
_UNSORTED = "uncategorised"
_LEVELS: dict[Severity | None, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    None: "note",
}


def render_sarif(
    tally: Tally,
    show: Collection[Level] = ("consensus", "majority", "minority"),
    *,
    repo_path: str = "",
    head_commit: str = "",
) -> dict[str, Any]:
    """Return a SARIF log with one run; its results are the groups shown, in their order.

    `repo_path` and `head_commit` say of which checkout and commit the places are.
    """
    shown = [group for group in tally.groups if group.level in show]
    results = [_result(group) for group in shown]
    rules = sorted({result["ruleId"] for result in results})
    for result in results:
        result["ruleIndex"] = rules.index(result["ruleId"])
    described = {rule: _description(rule, shown) for rule in rules}
    return {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "orch council",
                        "version": __version__,
                        "rules": [
                            {"id": rule, "shortDescription": {"text": described[rule]}}
                            for rule in rules
                        ],
                    }
                },
                **_provenance(repo_path, head_commit),
                "automationDetails": {"id": f"orch-council/{tally.run_id}/{tally.revision}"},
                "results": results,
                "properties": {
                    "algorithm": tally.algorithm,
                    "status": tally.status,
                    "verdict": tally.verdict,
                    "verdictReason": tally.verdict_reason,
                },
            }
        ],
    }


def _provenance(repo_path: str, head_commit: str) -> dict[str, Any]:
    """Return which commit of which repository the results are about, nothing without one."""
    if not repo_path or not head_commit:
        return {}
    root = {"repositoryUri": f"file://{quote(repo_path)}", "revisionId": head_commit}
    return {"versionControlProvenance": [root | {"mappedTo": {"uriBaseId": "%SRCROOT%"}}]}


def _description(rule: str, groups: Sequence[Group]) -> str:
    """Return what a rule stands for: the one problem of a key, or all of a category."""
    of_key = [group for group in groups if group.members[0].key and _rule(group) == rule]
    if of_key:
        return _plain(one_line(of_key[0].title))
    return "Findings without a category" if rule == _UNSORTED else _plain(f"Findings about {rule}")


def _result(group: Group) -> dict[str, Any]:
    speaker = next(member for member in group.members if member.title == group.title)
    placed = [member for member in group.members if _uri(member)]
    result: dict[str, Any] = {
        "ruleId": _rule(group),
        "level": _LEVELS[group.severity],
        "message": {"text": _message(speaker)},
        "partialFingerprints": {FINGERPRINT: group.group_id},
        "properties": {
            "agreement": group.level,
            "reviewers": list(group.reviewers),
            "severity": group.severity,
            "strength": group.strength,
            "contested": group.contested,
            **_votes(group),
        },
    }
    if placed:
        result["locations"] = [{"physicalLocation": _physical(placed[0])}]
    if placed[1:]:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(member),
                "message": {"text": f"{member.reviewer_role}: {_message(member)}"},
            }
            for number, member in enumerate(placed[1:], 1)
        ]
    return result


def _votes(group: Group) -> dict[str, Any]:
    if not isinstance(group, CrossGroup):
        return {}
    return {
        "standing": group.standing,
        "agreedBy": list(group.agreed_by),
        "disputedBy": list(group.disputed_by),
    }


def _rule(group: Group) -> str:
    """Return the members' one key, else the category that most of them chose."""
    keys = {member.key for member in group.members}
    if len(keys) == 1 and (key := keys.pop()) and key.strip():
        return one_line(key)
    chosen = [member.category for member in group.members if member.category]
    return one_line(min(chosen, key=lambda c: (-chosen.count(c), c), default=_UNSORTED))


def _message(member: Member) -> str:
    return _plain("\n\n".join(filter(None, (member.title, member.summary, member.proposal))))


def _plain(text: str) -> str:
    """Return `text` visible, and without links: SARIF reads [text](target) in messages as one."""
    return visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _physical(member: Member) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(member), "uriBaseId": "%SRCROOT%"}}
    if member.line_start is not None:
        end = max(member.line_end or 0, member.line_start)
        location["region"] = {"startLine": member.line_start, "endLine": end}
    return location


def _uri(member: Member) -> str:
    """Return the path as a relative URI, '' for none or one that leaves the repository."""
    path = normal_path(member.file or "")
    return "" if ".." in path.split("/") else quote(path, safe="/")
