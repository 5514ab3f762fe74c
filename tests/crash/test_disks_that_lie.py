"""Power cut anywhere, and every operation of the disk failing once and for good."""

import pytest

from tests.torture import runner

pytestmark = [
    pytest.mark.layers,
    pytest.mark.on_file("its own disk; a full one of a server: tests/pg/test_surroundings.py"),
]


def test_power_cuts():
    totals = runner.require_clean("powercut")
    assert totals["images"] >= runner.budget("powercut")
    assert totals["of them second cuts"] > runner.least(500, 50)


def test_failing_operations():
    totals = runner.require_clean("disk")
    assert totals["verbs swept"] == runner.budget("disk")
    assert totals["faults met"] > runner.least(2_500, 100)
    assert totals["answered done"] > 0, "no failed COMMIT was ever durable after all"
    assert totals["runs beside another process"] > runner.least(200, 3)
    assert totals["file size limits"] > runner.least(200, 5)
