"""Machines: what may follow what, and what is said when it may not."""

import pytest

from inbox.machines import THREAD
from schema.failures import Failure
from schema.machine import Machine, Rule

LAMP = Machine(
    "lamp",
    "off",
    ("off", "on", "broken"),
    (
        Rule("off", "switch", "on", "light"),
        Rule("on", "switch", "off", "dark"),
        Rule("on", "drop", "broken", "glass"),
        Rule("on", "drop", "off", "luck"),
        Rule("on", "look", "on", "nothing changes"),
    ),
)


def test_next_follows_the_rules() -> None:
    assert LAMP.next("off", "switch") == "on"
    assert LAMP.next("on", "drop") == "broken"
    assert LAMP.next("on", "drop", "off") == "off"
    assert LAMP.terminal == ("broken",)
    assert LAMP.edges() == {("off", "on"), ("on", "off"), ("on", "broken")}


def test_a_move_that_no_rule_names_is_refused_with_what_is_allowed() -> None:
    with pytest.raises(Failure) as refused:
        LAMP.next("off", "drop")
    assert (refused.value.reason, refused.value.hint) == ("transition", "possible now: switch")
    with pytest.raises(Failure) as refused:
        LAMP.next("on", "drop", "on")
    assert refused.value.reason == "transition"
    with pytest.raises(Failure) as refused:
        LAMP.next("broken", "switch")
    assert refused.value.reason == "terminal"


@pytest.mark.parametrize("state", THREAD.states)
def test_a_thread_that_is_final_stays_so(state: str) -> None:
    """I5: never claimed again, nor anything else."""
    events = {rule.event for rule in THREAD.rules}
    assert (state in THREAD.terminal) == (state in ("done", "failed", "cancelled"))
    if state in THREAD.terminal:
        for event in events:
            with pytest.raises(Failure):
                THREAD.next(state, event)
    else:
        assert THREAD.next(state, "cancel") == "cancelled"
