"""A crowd on one store: no exit that is no answer, no waiter forgotten, one winner each."""

import pytest

from tests.torture import runner
from tests.torture.contention import CLIENTS, PRIZES, WAITERS

pytestmark = [
    pytest.mark.layers,
    pytest.mark.on_file("the queue of its writers; a crowd on a server: tests/pg/test_order.py"),
]


def test_a_crowd_with_waiters_and_a_race():
    totals = runner.require_clean("contention")
    assert totals["clients"] == CLIENTS
    assert totals["waiters answered"] == WAITERS
    assert totals["races of 16"] == PRIZES
