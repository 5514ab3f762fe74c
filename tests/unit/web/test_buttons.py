"""Buttons of a row on the page: what it needs stands first, and what is a terminal's says why."""

import pytest

from orch.board_app.rows import Row
from orch.steps.model import read
from orch.web import buttons


def _row(kind: str, command: str, task: str = "t") -> Row:
    return Row("needs", "r", task, "!", "red", "", "", "", read(command), kind)


@pytest.mark.parametrize(
    ("kind", "command", "first"),
    [
        ("failed", "orch retry r/t", "retry"),
        ("question", "orch answer r/t --body TEXT", "answer"),
        ("landing", "orch queue run --run r", "land what is queued"),
        ("stale", "orch reassign r/t --to AGENT --reason TEXT", "reassign"),
        ("check_error", "orch verify run r/t", "verify"),
        ("approval", "orch council start --task r/t", "have a council read it"),
    ],
)
def test_what_a_row_needs_is_its_first_button_and_stands_out(
    kind: str, command: str, first: str
) -> None:
    row = _row(kind, command)
    offered = buttons.of_row(row, by_diff=False)
    assert (offered[0].label, offered[0].is_main) == (first, True)
    assert not any(button.is_main for button in offered[1:])
    assert buttons.why_terminal(row) == ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("orch review r/t --harness H", "a reviewer works in that terminal"),
        ("orch work --agent w1 --harness claude", "its agents work in that terminal"),
        ("git -C /w add -A && git -C /w commit -m TEXT", "it is git's"),
        ("orch doctor", ""),
        ("orch trace r/t", ""),
        ("orch council report --run council-t", ""),
    ],
)
def test_what_no_button_gives_says_why_it_is_a_terminals(command: str, why: str) -> None:
    row = _row("problem", command)
    assert not any(button.is_main for button in buttons.of_row(row, by_diff=True))
    found = buttons.why_terminal(row)
    assert why in found and bool(why) is bool(found)


def test_a_word_about_work_stands_beside_its_change_alone() -> None:
    row = _row("approval", "orch queue approve ent_2 --as NAME")
    beside = [button.label for button in buttons.of_row(row, by_diff=True)]
    away = [button.label for button in buttons.of_row(row, by_diff=False)]
    assert beside[0] == "approve" and "reject" in beside and "retry" in beside
    assert not {"approve", "reject", "land"} & set(away) and buttons.is_after_diff(row)


def test_what_a_council_says_is_read_on_the_page_of_its_run() -> None:
    row = _row("review", "orch council report --run council-t")
    assert buttons.councils_of(row) == ["council-t"]
    assert buttons.councils_of(_row("failed", "orch retry r/t")) == []
