"""SARIF: valid against the published schema, and saying what the tally says."""

import json
from pathlib import Path

import jsonschema
import pytest

from council.model import Answer
from council.sarif import FINGERPRINT, render_sarif
from council.tally import tally_answers
from council.vocabulary import ROLES
from tests.bench import council_grouping
from tests.bench.council_examples import answer, finding

SCHEMA = json.loads((council_grouping.LABELLED / "sarif-2.1.0-rtm.5.json").read_text())
PLACE = {"file": "src/a b.py", "line_start": 4, "line_end": 9}
RACE = finding("Lock [first](0)", severity="critical", category="concurrency", key="k", **PLACE)


def sarif(*findings_by_role):
    roles = ("architecture-reviewer", "implementation-reviewer", "risk-reviewer")
    answers = [answer(r, *fs) for r, fs in zip(roles, findings_by_role, strict=True)]
    return render_sarif(tally_answers("R1", "code-review", answers))


def results(*findings_by_role):
    log = sarif(*findings_by_role)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    return log["runs"][0]["results"]


def test_a_group_is_one_result_at_its_first_place():
    (result,) = results([RACE], [RACE], [RACE])
    assert (result["level"], result["ruleId"]) == ("error", "k")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/a%20b.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "endLine": 9}
    assert len(result["relatedLocations"]) == 2
    assert result["partialFingerprints"][FINGERPRINT].startswith("grp_")
    assert result["properties"]["agreement"] == "consensus"


def test_text_cannot_make_links():
    (result,) = results([RACE], [], [])
    assert result["message"]["text"] == "Lock \\[first\\](0)"


def test_control_characters_are_visible():
    (result,) = results([finding("a\x1b[31m\u202eb")], [], [])
    assert result["message"]["text"] == "a⟨U+001B⟩\\[31m⟨U+202E⟩b"


LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", None: "note"}


@pytest.mark.parametrize(("severity", "level"), LEVELS.items())
def test_levels(severity, level):
    assert results([finding("x", severity=severity)], [], [])[0]["level"] == level


def test_the_rule_is_the_shared_key_else_the_commonest_category():
    a = finding("Bound the queue", key="a", category="operability")
    b = finding("Bound the queue", key="b", category="operability")
    c = finding("Bound the queue", category="data")
    assert results([a], [b], [c])[0]["ruleId"] == "operability"
    assert results([finding("x")], [], [])[0]["ruleId"] == "uncategorised"


@pytest.mark.parametrize("file", [None, "../../etc/passwd", "src/../../x"])
def test_a_place_outside_the_repository_is_no_location(file):
    (result,) = results([finding("x", file=file)], [], [])
    assert "locations" not in result


def test_a_file_without_lines_has_no_region():
    (result,) = results([finding("x", file="a.py")], [], [])
    assert "region" not in result["locations"][0]["physicalLocation"]


@pytest.mark.parametrize("council", council_grouping.read_labelled(), ids=lambda c: c.name)
def test_every_labelled_council_is_valid(council):
    fields = set(finding("x").model_dump())
    by_role = [
        [finding(**m.model_dump(include=fields)) for m in council.members if m.reviewer_role == r]
        for r in ("architecture-reviewer", "implementation-reviewer", "risk-reviewer")
    ]
    found = results(*by_role)
    assert sum(1 + len(r.get("relatedLocations", ())) for r in found) <= len(council.members)
    rules = sarif(*by_role)["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in found)


def test_an_empty_council_is_valid():
    answers = [
        Answer(reviewer_role=r, state="failed")
        for r in ("architecture-reviewer", "implementation-reviewer")
    ]
    log = render_sarif(tally_answers("R1", "code-review", [*answers, answer("risk-reviewer")]))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    assert log["runs"][0]["results"] == []


def test_the_schema_is_the_published_one():
    assert SCHEMA["title"].startswith("Static Analysis Results Format (SARIF) Version 2.1.0")
    assert Path(council_grouping.LABELLED, "README.md").read_text().count("sarif-2.1.0-rtm.5.json")


def test_a_log_says_of_which_commit_it_is_and_what_its_rules_are():
    told = tally_answers("R1", "code-review", [answer(r, RACE) for r in ROLES])
    log = render_sarif(told, repo_path="/srv/my repo", head_commit="c" * 40)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    (where,) = run["versionControlProvenance"]
    assert (where["repositoryUri"], where["revisionId"]) == ("file:///srv/my%20repo", "c" * 40)
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule == {"id": "k", "shortDescription": {"text": "Lock \\[first\\](0)"}}
    assert "versionControlProvenance" not in sarif([RACE], [], [])["runs"][0]


def test_a_rule_that_is_a_category_says_so():
    rules = sarif([finding("x", category="licensing")], [finding("y")], [])["runs"][0]["tool"]
    assert [r["shortDescription"]["text"] for r in rules["driver"]["rules"]] == [
        "Findings about licensing",
        "Findings without a category",
    ]
