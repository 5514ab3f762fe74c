"""Clients of a server killed at random, and it itself: nothing told is lost or done twice."""

import pytest

from tests.support import servers
from tests.torture import runner

IS_HERE = servers.programs() is not None  # Where it is not, that is said once: .ci/run.
pytestmark = [
    pytest.mark.layers if IS_HERE else pytest.mark.skip(reason=servers.NEEDED),
    pytest.mark.skipif(not runner.WHOLE, reason="seconds: make layers"),
]


def test_clients_and_the_server():
    totals = runner.require_clean("server")
    assert totals["kills"] == 8 * runner.budget("server")
    assert totals["kills of the server"] == 1
    assert totals["acknowledged"] > 20
