"""The bus against its model, and the model's judgement of the file afterwards."""

from tests.torture import runner
from tests.torture.layers import LAYERS


def test_the_bus_does_what_the_model_says():
    totals = runner.require_clean("machine")
    assert totals["examples"] >= LAYERS["machine"][2]
    assert totals["commands"] > 2_000  # Hypothesis also draws runs that are shorter than 40.
