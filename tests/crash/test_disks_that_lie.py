"""Power cut anywhere, and every operation of the disk failing once and for good."""

from tests.torture import runner
from tests.torture.layers import LAYERS


def test_power_cuts():
    totals = runner.require_clean("powercut")
    assert totals["images"] >= LAYERS["powercut"][2]
    assert totals["of them second cuts"] > 500


def test_failing_operations():
    totals = runner.require_clean("disk")
    assert totals["verbs swept"] == LAYERS["disk"][2]
    assert totals["faults met"] > 2_500
    assert totals["answered done"] > 0, "no failed COMMIT was ever durable after all"
    assert totals["runs beside another process"] > 200
    assert totals["file size limits"] > 200
