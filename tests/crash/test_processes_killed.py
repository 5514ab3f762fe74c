"""Clients killed at random and at every named point: nothing acknowledged is lost or done twice."""

from tests.torture import runner
from tests.torture.layers import LAYERS


def test_clients_of_the_library():
    totals = runner.require_clean("kill")
    assert totals["kills"] == 8 * LAYERS["kill"][2]
    assert totals["stops"] > 100
    assert totals["committed but unanswered"] > 0, "no kill ever fell between COMMIT and answer"


def test_processes_of_the_console_script():
    totals = runner.require_clean("cli")
    assert totals["kills"] == LAYERS["cli"][2]


def test_every_verb_at_every_crash_point():
    totals = runner.require_clean("points")
    assert totals["kills"] >= 2 * 19 and totals["kills at points of the file"] == 6


def test_creations_upgrades_and_backups():
    totals = runner.require_clean("upgrade")
    assert totals["kills at random moments"] == LAYERS["upgrade"][2]
    assert totals["newer stores refused"] == 3
