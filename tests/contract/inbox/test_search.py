"""search: the text is words, never query syntax."""

import pytest

from tests.support.cli import Cli
from tests.support.threads import claimed, opened


def found(inbox: Cli, *words: str) -> set[str]:
    return {m["message_id"] for m in inbox.ok("search", *words)["messages"]}


def nothing(inbox: Cli, *words: str) -> bool:
    error = inbox.refuse("no_matching_work", "empty", "search", *words)
    return bool(error["message"])


def test_subjects_summaries_and_bodies_are_searched(inbox: Cli) -> None:
    words = ("--from", "a", "--to", "b", "--thread", "t")
    inbox.ok("send", *words, "--subject", "alpha", "--summary", "beta", "--body", "gamma delta")
    for word in ("alpha", "beta", "gamma", "DELTA"):
        assert found(inbox, word) == {"msg_1"}
    assert found(inbox, "alpha", "delta") == found(inbox, "alpha delta") == {"msg_1"}
    assert nothing(inbox, "alpha", "omega")
    assert nothing(inbox, "gam")


def test_an_answer_says_where_it_was_found(inbox: Cli) -> None:
    thread = opened(inbox)
    (match,) = inbox.ok("search", "please")["messages"]
    assert (match["thread_id"], match["subject"], match["status"]) == (
        thread,
        "Fix the parser",
        "pending",
    )


def test_filters(inbox: Cli) -> None:
    first, second = opened(inbox), opened(inbox, to="worker-2")
    held, _ = claimed(inbox, agent="worker-3")
    assert found(inbox, "please") == {"msg_1", "msg_2", "msg_3"}
    assert found(inbox, "please", "--thread", second) == {"msg_2"}
    assert found(inbox, "please", "--agent", "worker-1") == {"msg_1"}
    assert found(inbox, "please", "--agent", "worker-3") == {"msg_3"}  # Assigned to.
    assert len(found(inbox, "please", "--limit", "2")) == 2
    assert nothing(inbox, "please", "--agent", "lead")
    assert first != held


def test_new_messages_are_found_at_once(inbox: Cli) -> None:
    thread = opened(inbox)
    assert nothing(inbox, "fresh")
    inbox.ok("reply", "--from", "lead", "--thread", thread, "--body", "something fresh")
    assert found(inbox, "fresh") == {"msg_2"}


BODY = 'naïve café Fix-123 a.b_c foo:bar "quoted" 100% C++ x=y (z) NEAR AND OR NOT 日本語 O\'Neil'


@pytest.mark.parametrize(
    "text",
    ["naive", "NAÏVE", "cafe\u0301", "Fix-123", "fix 123", "a.b_c", "foo:bar", '"quoted"', "100%",
     "C++", "x=y", "(z)", "NEAR", "AND", "OR", "NOT", "not and or", "日本語", "O'Neil", "b_c",
     '"foo" AND "z"', "AND (z", "near and"],
)  # fmt: skip
def test_words_of_the_text_are_found_whatever_they_look_like(inbox: Cli, text: str) -> None:
    inbox.ok("send", "--from", "a", "--to", "b", "--subject", "s", "--body", BODY)
    assert found(inbox, text) == {"msg_1"}


@pytest.mark.parametrize(
    "text",
    ["foo*", "fo*", "^nothing", "subject:s2", "body : x9", "{subject body}: q", "zz OR naive",
     "NOT zz", "foo NOT zz", 'un"balanced', "'; DROP TABLE message; --", "zz -foo", "NEAR(zz, 5)",
     "naive + zz", "%", "_", "\\", '"', '""', "***", "( )", "?", "-", "😀", "\u200b", "a" * 5000],
)  # fmt: skip
def test_query_syntax_means_nothing(inbox: Cli, text: str) -> None:
    inbox.ok("send", "--from", "a", "--to", "b", "--subject", "s", "--body", BODY)
    answer = inbox.run("--json", "search", "--", text)
    if text in ("foo*", "NOT zz"):  # The words alone: `foo` is one of the text, `zz` is none.
        assert answer.status == {"foo*": 0, "NOT zz": 10}[text]
    else:
        assert (answer.status, answer.error["reason"]) == (10, "empty"), answer


def test_many_messages_are_indexed_in_steps(inbox: Cli) -> None:
    for i in range(5):
        opened(inbox, "--summary", f"number{i}")
    assert [found(inbox, f"number{i}") for i in range(5)] == [{f"msg_{i}"} for i in range(1, 6)]
    searching = [inbox.start("search", "please", "--json") for _ in range(4)]
    assert {len(one.wait().data["messages"]) for one in searching} == {5}
