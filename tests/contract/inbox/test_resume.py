"""A wait that a signal ends says how to go on, at every moment: no event is told twice or lost."""

import json
import re
from pathlib import Path

import pytest

from tests.support import runs
from tests.support.cli import Answer, Cli
from tests.support.moments import PRINTED, stopped_at
from tests.support.threads import claimed

_WATCH = ("watch", "--json", "--after-event", "1")
_REPLY = ("wait-reply", "--json", "--agent", "lead", "--after-event", "1", "--thread")


def goes_on(answer: Answer) -> None:
    """Require that a stopped wait goes on behind what it told, each line of it whole."""
    told = [int(n) for n in re.findall(r'"event_id":(\d+)', answer.out)]
    went_on = re.findall(r"--after-event (\d+)", answer.out + answer.err)
    assert answer.status == 143, answer
    assert int(went_on[-1]) == max(told, default=1), answer
    for line in answer.lines:
        json.loads(line)


@pytest.mark.parametrize("moment", ["call say", "return shield"])
def test_what_a_wait_found_is_told_or_found_again(inbox: Cli, moment: str) -> None:
    thread, _ = claimed(inbox)
    inbox.ok("reply", "--from", "worker-1", "--thread", thread, "--body", "there")
    goes_on(stopped_at(inbox, moment, *_WATCH))
    goes_on(stopped_at(inbox, moment, *_REPLY, thread))


@pytest.mark.parametrize("moment", [PRINTED, "return shield"])
def test_a_stream_goes_on_behind_its_last_line(inbox: Cli, moment: str) -> None:
    claimed(inbox)
    goes_on(stopped_at(inbox, moment, *_WATCH, "--follow"))


def test_a_stream_of_a_run_goes_on_behind_its_last_line(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = runs.lead(tmp_path, empty_store, monkeypatch)
    events = ("events", "--json", "--run", "r", "--follow", "--after-event", "0")
    goes_on(stopped_at(lead.orch, PRINTED, *events))


def test_a_failure_that_is_printed_when_the_signal_comes_ends_by_the_signal(inbox: Cli) -> None:
    answer = stopped_at(inbox, PRINTED, "show", "--json", "--thread", "thr_zzzzzz")
    assert answer.status == 143
    assert "Traceback" not in answer.err
    assert answer.err.strip().endswith("nothing was changed")
