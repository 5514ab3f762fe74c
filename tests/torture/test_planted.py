"""Every planted bug must be caught, or the layers prove nothing."""

import pytest

from tests.torture import planted, runner


@pytest.mark.parametrize("plant", planted.PLANTS)
def test_caught(plant):
    assert runner.caught(plant)
