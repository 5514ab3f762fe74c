"""Every planted bug must be caught, or the layers prove nothing: `make layers`."""

import pytest

from tests.torture import planted, runner

pytestmark = [
    pytest.mark.layers,
    pytest.mark.on_file("bugs planted under the layers of files"),
]


@pytest.mark.skipif(not runner.WHOLE, reason="planted bugs: make layers")
@pytest.mark.parametrize("plant", planted.PLANTS)
def test_caught(plant):
    runner.require_caught(plant)
