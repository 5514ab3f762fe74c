"""Clients killed at random and at every named point: nothing acknowledged is lost or done twice."""

import pytest

from tests.torture import runner

pytestmark = [
    pytest.mark.layers,
    pytest.mark.on_file("clients and servers killed at random: tests/pg/test_killed.py"),
]


def test_clients_of_the_library():
    totals = runner.require_clean("kill")
    assert totals["kills"] == 8 * runner.budget("kill")
    assert totals["stops"] > runner.least(100, 10)
    if runner.WHOLE:  # A tenth meets 6 on average, and now and then none.
        assert totals["committed but unanswered"] > 0, "no kill fell between COMMIT and answer"


def test_processes_of_the_console_script():
    totals = runner.require_clean("cli")
    assert totals["kills"] == runner.budget("cli")


def test_every_verb_at_every_crash_point():
    totals = runner.require_clean("points")
    assert totals["kills"] >= 2 * 19 and totals["kills at points of the file"] == 6


def test_creations_upgrades_and_backups():
    totals = runner.require_clean("upgrade")
    assert totals["kills at random moments"] == runner.budget("upgrade")
    assert totals["newer stores refused"] == 3
