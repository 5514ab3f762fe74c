"""council tally: when it may, what it refuses without a trace, what it keeps."""

import json

import pytest

from council.model import Tally
from tests.support.cli import Cli
from tests.support.councils import ROLES, SHORT, Council, finding, review

QUEUE = finding("Bound the job queue", proposal="Set a limit", severity="high")
QUEUE_TOO = finding("The job queue needs a bound", proposal="Set a limit for it")
TYPO = finding("Spelling in the guide")
A, I, R = ROLES  # noqa: E741


@pytest.fixture
def council(inbox: Cli) -> Council:
    made = Council(inbox)
    made.start("--mode", "code-review")
    return made


def nothing_stored(council: Council) -> bool:
    """Say whether no tally left a trace: no row, no event."""
    told = [event["event_type"] for event in council.events()]
    return council.ok("show")["tallies"] == [] and told == ["council_start"]


def test_distinct_supporters_make_the_level(council):
    council.answer_all(a=[QUEUE, TYPO], i=[QUEUE_TOO], r=[QUEUE])
    data = council.ok("tally")
    assert data["summary"] == {"consensus": 1, "majority": 0, "minority": 1}
    assert [(g["level"], g["reviewers"]) for g in data["groups"]] == [
        ("consensus", list(ROLES)),
        ("minority", [A]),
    ]
    assert [(m["reviewer_role"], m["index"]) for m in data["groups"][0]["members"]] == [
        (A, 0),
        (I, 0),
        (R, 0),
    ]
    assert data["groups"][0]["members"][1]["proposal"] == "Set a limit for it"
    shown = (data["run_id"], data["similarity"], data["revision"], data["status"])
    assert shown == ("C1", "normal", 1, "complete")
    assert (data["related"], data["conflicts"], data["verdict"]) == ([], [], "none")
    event = council.events()[-1]
    assert (event["event_type"], event["event_id"]) == ("council_tally", data["event_id"])


def test_strict_joins_equal_texts_only_and_is_another_revision(council):
    council.answer_all(a=[QUEUE], i=[QUEUE_TOO], r=[QUEUE])
    assert council.ok("tally")["summary"]["consensus"] == 1
    strict = council.ok("tally", "--similarity", "strict")
    assert (strict["revision"], strict["summary"]["majority"]) == (2, 1)


def test_the_revision_rises_only_with_answers_or_options(council):
    council.answer_all(a=[QUEUE])
    first = council.orch.quick("--json", "council", "tally", "--run", "C1")
    again = council.orch.quick("--json", "council", "tally", "--run", "C1")
    assert first.raw == again.raw
    assert council.ok("tally", "--similarity", "strict")["revision"] == 2
    back = council.ok("tally")
    assert back["revision"] == 3
    same = ("revision", "similarity", "event_id", "counts_as")
    old = council.ok("show", "--revision", "1")["tally"]
    assert {k: v for k, v in old.items() if k not in same} == {
        k: v for k, v in back.items() if k not in same
    }
    assert [t["revision"] for t in council.ok("show")["tallies"]] == [1, 2, 3]
    council.refuse("not_found", "council", "show", "--revision", "9")


def test_unfinished_reviewers_are_named_and_nothing_is_stored(council):
    council.answer(A, review(A, QUEUE))
    error = council.refuse("invalid_state", "not_yet", "tally")
    assert "implementation-reviewer is dispatched" in error["message"]
    assert error["details"]["unfinished"] == [I, R]
    error = council.refuse("invalid_state", "not_yet", "tally", "--partial")
    assert "the quorum is 2" in error["message"]
    assert nothing_stored(council)


def test_a_partial_tally_says_who_is_missing_and_a_late_review_counts_later(council):
    council.answer(A, review(A, QUEUE))
    council.answer(I, review(I, QUEUE_TOO))
    council.claim(R)
    data = council.ok("tally", "--partial")
    assert (data["status"], data["revision"]) == ("partial", 1)
    missing = data["reviewers"][2]
    assert (missing["state"], missing["reason"]) == ("unfinished", "its task CR3 is running")
    (group,) = data["groups"]
    assert (group["level"], group["unanimous_of_responders"]) == ("majority", True)
    assert council.done(R, review(R, QUEUE)).status == 0
    later = council.ok("tally")
    assert (later["status"], later["revision"]) == ("complete", 2)
    assert later["summary"]["consensus"] == 1
    assert council.ok("show", "--revision", "1")["tally"]["status"] == "partial"


def test_failed_and_cancelled_reviewers_count_as_missing(council):
    council.answer(A, review(A, QUEUE))
    council.fail(I, "out of tokens")
    council.orch.ok("cancel", "--run", "C1", "--task", "CR3", "--reason", "too slow")
    data = council.ok("tally")
    assert (data["status"], data["verdict"]) == ("insufficient", "none")
    states = [(one["state"], one["reason"]) for one in data["reviewers"]]
    assert states == [("answered", None), ("failed", "out of tokens"), ("cancelled", "too slow")]
    council.orch.ok("retry", "--run", "C1", "--task", "CR2")
    council.refuse("invalid_state", "not_yet", "tally")


def test_nobody_answered(council):
    for role in ROLES:
        council.fail(role)
    data = council.ok("tally")
    assert (data["status"], data["groups"]) == ("failed", [])


def test_an_adopted_late_report_counts(council):
    council.answer(A, review(A, QUEUE))
    council.answer(I, review(I, QUEUE))
    council.claim(R)
    council.orch.ok("cancel", "--run", "C1", "--task", "CR3", "--reason", "gone")
    assert council.done(R, review(R, QUEUE)).error["reason"] == "superseded"
    assert council.ok("tally")["status"] == "partial"
    council.orch.ok("adopt", "--run", "C1", "--task", "CR3")
    assert council.ok("tally")["summary"]["consensus"] == 1


UNREADABLE = [
    ("I found nothing to complain about.", "json"),
    ("", "json"),
    ({"findings": []}, "schema"),
    (review(A), "value"),
    (review("chair-reviewer"), "schema"),
    ('{"reviewer_role": "risk", "findings": [], "findings": []}', "json"),
    (json.dumps(review(R, finding("a\0b"))), "json"),
    ("[" * 100_000, "json"),
]


@pytest.mark.parametrize(("body", "reason"), UNREADABLE, ids=[str(b)[:30] for b, _ in UNREADABLE])
def test_an_unreadable_review_is_refused_whole_and_kept_raw(council, body, reason):
    council.answer(A, review(A, QUEUE))
    council.answer(I, review(I, QUEUE))
    council.answer(R, body)
    error = council.refuse("invalid_input", reason, "tally")
    assert "risk-reviewer" in error["message"]
    assert error["details"]["reviews"][0]["thread_id"] == council.threads[R]
    assert nothing_stored(council)
    raw = council.inbox.ok("show", "--thread", council.threads[R])["messages"][-1]["body"]
    assert raw == (body if isinstance(body, str) else json.dumps(body))
    data = council.ok("tally", "--partial")
    assert (data["status"], data["reviewers"][2]["state"]) == ("partial", "unreadable")


def test_one_bad_word_or_finding_discards_nothing_else(council):
    odd = finding("Odd words", severity="blocker", category="licensing", action="nuke")
    council.answer(A, review(A, odd, {"title": "half a finding"}, QUEUE, verdict="maybe"))
    council.answer(I, review(I, QUEUE_TOO | {"score": 3}, verdict="approve"))
    council.answer(R, review(R, QUEUE, verdict="approve"))
    data = council.ok("tally")
    assert data["summary"] == {"consensus": 1, "majority": 0, "minority": 1}
    first = data["reviewers"][0]
    assert (first["findings"], first["dropped"], first["flags"]) == (2, 1, ["verdict_unknown"])
    assert "findings[1]: summary: required" in first["reason"]
    (member,) = data["groups"][1]["members"]
    assert (member["severity"], member["action"], member["category"]) == (None, None, "licensing")
    assert member["flags"] == ["action_unknown", "severity_unknown"]
    # What could not be read might have been grave: it is no approval.
    assert data["verdict"] == "split"
    assert "not all could be read" in data["verdict_reason"]


def test_the_briefs_example_is_no_finding(council):
    for role in ROLES:
        brief = council.inbox.ok("show", "--thread", council.threads[role])["messages"][0]["body"]
        council.answer(role, json.JSONDecoder().raw_decode(brief[brief.index("\n{\n") + 1 :])[0])
    data = council.ok("tally")
    assert data["groups"] == []
    assert [one["dropped"] for one in data["reviewers"]] == [1, 1, 1]


def test_a_group_is_called_by_its_gravest_member(council):
    grave = finding("SQL injection in sort", summary="sort is pasted into the query",
                    severity="critical", file="a.py", line_start=3)  # fmt: skip
    mild = finding("sort has no default", summary="sort is None and pasted into the query",
                   severity="low", file="a.py", line_start=3)  # fmt: skip
    council.answer_all(a=[mild], i=[mild], r=[grave])
    data = council.ok("tally")
    assert [group["title"] for group in data["groups"]] == [grave["title"]]
    assert data["verdict_reason"] == "group 1 is critical (risk-reviewer)"


@pytest.mark.parametrize("verbs", [("Add", "Remove"), ("Add", "Drop"), ("Keep", "Drop")])
def test_opposite_advice_is_a_conflict_whatever_the_verb(council, verbs):
    one, other = (finding(f"{verb} the cache", summary="Lookups.") for verb in verbs)
    council.answer_all(a=[one], i=[other], r=[other])
    data = council.ok("tally")
    assert data["summary"] == {"consensus": 0, "majority": 1, "minority": 1}
    assert len(data["conflicts"]) == 2


def test_an_unreadable_seat_is_asked_again(council):
    council.answer(A, review(A, QUEUE))
    council.answer(I, review(I, QUEUE))
    council.answer(R, "I read it all and liked it.")
    error = council.refuse("invalid_input", "json", "tally")
    assert "orch retry C1/CR3" in error["hint"]
    council.orch.refuse("invalid_state", "transition", "retry", "--run", "C1", "--task", "CR2")
    data = council.orch.ok("retry", "--run", "C1", "--task", "CR3")
    council.refuse("invalid_state", "not_yet", "tally")
    council.threads[R] = data["thread"]["thread_id"]
    again = council.inbox.ok("show", "--thread", council.threads[R])["messages"][0]["body"]
    assert "is not what was asked for" in again
    council.answer(R, review(R, QUEUE))
    assert council.ok("tally")["summary"]["consensus"] == 1


def test_every_unreadable_review_is_named(council):
    for role in ROLES:
        council.answer(role, "no")
    error = council.refuse("invalid_input", "json", "tally")
    assert [each["reviewer_role"] for each in error["details"]["reviews"]] == list(ROLES)
    assert council.ok("tally", "--partial")["status"] == "failed"


def test_a_review_too_long_to_read_is_refused(council):
    council.answer(A, review(A))
    council.answer(I, review(I))
    council.inbox.env = council.orch.env = council.inbox.env | {"ORCH_MAX_TEXT_BYTES": "8388608"}
    council.claim(R)
    assert council.done(R, "x" * 3_000_000).status == 0
    assert "at most" in council.refuse("invalid_input", "text", "tally")["message"]


def test_harness_envelopes_are_opened_and_recorded(council):
    wrapped = {
        "type": "result",
        "result": "Here:\n```json\n" + json.dumps(review(R, QUEUE)) + "\n```",
    }
    council.answer(A, "Done.\n" + json.dumps(review(A, QUEUE), indent=1) + "\nBye")
    council.answer(I, json.dumps(review(I, QUEUE))[:-1] + ",}")
    council.answer(R, wrapped)
    data = council.ok("tally")
    assert [one["parse_mode"] for one in data["reviewers"]] == ["object", "mended", "envelope"]
    assert data["summary"]["consensus"] == 1


def test_a_review_may_be_the_payload(council):
    for role in ROLES:
        council.claim(role)
        words = ("--agent", role, "--thread", council.threads[role])
        payload = json.dumps(review(role, QUEUE))
        council.inbox.ok("done", *words, "--payload-json", payload, "--validate")
    assert council.ok("tally")["summary"]["consensus"] == 1


def test_control_characters_are_kept_in_json_and_shown_in_plain(council):
    nasty = finding("Clear\x1b[2J\u202e the\nscreen")
    council.answer_all(a=[nasty])
    assert council.ok("tally")["groups"][0]["title"] == nasty["title"]
    text = council.orch.say("council", "tally", "--run", "C1")
    assert "\x1b" not in text
    assert "⟨U+001B⟩[2J⟨U+202E⟩ the screen" in text


def test_as_many_findings_as_there_may_be(council):
    many = [finding(f"Problem {n} of module m{n % 7}", summary=f"detail {n}") for n in range(50)]
    council.answer_all(a=many, i=many[:20], r=many[:20])
    data = council.ok("tally")
    assert sum(len(group["members"]) for group in data["groups"]) == 90
    assert data["summary"]["consensus"] == 20


def test_lines_that_the_diff_does_not_show_are_nulled(inbox):
    diff = "--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n a\n+b\n"
    path = inbox.cwd / "change.diff"
    path.write_text(diff)
    council = Council(inbox)
    council.start("--target-file", str(path), "--mode", "code-review", target=None)
    right = finding("Right", file="x.py", line_start=2)
    wrong = finding("Wrong", file="x.py", line_start=40)
    council.answer_all(a=[right], i=[wrong])
    members = {g["title"]: g["members"][0] for g in council.ok("tally")["groups"]}
    assert (members["Right"]["line_start"], members["Right"]["flags"]) == (2, [])
    assert (members["Wrong"]["line_start"], members["Wrong"]["flags"]) == (
        None,
        ["location_unverified"],
    )


def test_the_quorum_is_the_councils_own(inbox):
    council = Council(inbox)
    council.start("--quorum", "1")
    council.answer(A, review(A, QUEUE, verdict="block"))
    data = council.ok("tally", "--partial")
    assert (data["status"], data["quorum"], data["verdict"]) == ("partial", 1, "block")


def test_a_tally_in_a_closed_run_is_read_but_not_written(council):
    council.answer_all(a=[QUEUE])
    first = council.ok("tally")
    council.orch.ok("run", "close", "--run", "C1")
    assert council.ok("tally") == first
    council.refuse("invalid_state", "closed", "tally", "--similarity", "strict")


def test_the_same_key_gives_the_same_tally(council):
    council.answer(A, review(A, QUEUE))
    council.answer(I, review(I, QUEUE))
    first = council.ok("tally", "--partial", "--key", "k")
    council.answer(R, review(R, QUEUE))
    assert council.ok("tally", "--partial", "--key", "k") == first | {"replayed": True}
    council.refuse("key_conflict", "other_arguments", "tally", "--key", "k")
    assert council.ok("tally")["revision"] == 2


def test_a_stored_tally_reads_back_as_the_model(council):
    council.answer_all(a=[QUEUE, TYPO], r=[QUEUE])
    council.ok("tally")
    tally = Tally.model_validate(council.ok("show")["tally"])
    assert [one.reviewer_role for one in tally.reviewers] == list(SHORT.values())


def test_two_tallies_at_once_make_one_revision(council):
    council.answer_all(a=[QUEUE], i=[QUEUE])
    words = ("--json", "council", "tally", "--run", "C1")
    running = [council.orch.start(*words) for _ in range(4)]
    answers = [one.wait().data for one in running]
    assert all(answer == answers[0] for answer in answers)
    assert [t["revision"] for t in council.ok("show")["tallies"]] == [1]
