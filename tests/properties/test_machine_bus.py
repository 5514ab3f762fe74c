"""The bus against its model, and the model's judgement of the file afterwards."""

import pytest

from tests.torture import runner

pytestmark = [
    pytest.mark.layers,
    pytest.mark.on_file("its clock is turned; both at once: tests/pg/test_same_answers.py"),
]


def test_the_bus_does_what_the_model_says():
    totals = runner.require_clean("machine")
    assert totals["examples"] >= runner.budget("machine")
    assert totals["commands"] > runner.least(2_000, 100)  # Some runs are shorter than 40.
