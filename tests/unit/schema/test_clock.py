"""When a lease is over (I13): the clock rule alone; tests/torture runs it over histories."""

import pytest

from schema.clock import Clock, Instant

TTL = 900_000
WALL, BOOT = 1_700_000_000_000, 5_000_000


def left(wall: int, boot: int, domain: str = "here") -> int:
    now = Instant(wall, boot, domain)
    return now.remaining_ms("here", BOOT + TTL, WALL + TTL, TTL)


def test_in_its_own_boot_the_boot_clock_decides() -> None:
    assert left(WALL, BOOT) == TTL
    assert left(WALL + 10 * TTL, BOOT + 1000) == TTL - 1000  # The wall clock jumped ahead.
    assert left(WALL - 10 * TTL, BOOT + TTL) == 0  # It was set back a long way.
    assert left(WALL, BOOT + TTL + 1) == -1


@pytest.mark.parametrize("domain", ["another boot", "another time namespace"])
def test_elsewhere_the_wall_clock_decides(domain: str) -> None:
    assert left(WALL + 1000, 0, domain) == TTL - 1000
    assert left(WALL + TTL, BOOT, domain) == 0


def test_a_deadline_too_far_away_means_that_a_clock_went_back() -> None:
    assert left(WALL - 5_000, 0, "elsewhere") == TTL + 5_000
    assert left(WALL - 5_001, 0, "elsewhere") == 0
    assert left(WALL, BOOT - 5_000) == TTL + 5_000
    assert left(WALL, BOOT - 5_001) == 0


def test_the_machines_clocks() -> None:
    clock = Clock()
    first, second = clock.now(), clock.now()
    assert first.domain == second.domain != ""
    assert Clock().now().domain == first.domain
    assert second.boot_ms >= first.boot_ms > 0
    assert first.wall_ms > WALL
