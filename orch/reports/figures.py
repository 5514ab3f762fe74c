"""Numbers made fit to read: durations, moments, percentiles, sums of money. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def moment(ms: "int | None") -> str:
    """Return a moment as people read it, to the second."""
    return "–" if ms is None else f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def duration(ms: "int | float | None") -> str:
    """Return a length of time in at most two units: 0.4 s, 12 s, 3 min 20 s, 2 d 4 h."""
    if ms is None:
        return "–"
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    left = round(ms / 1000) * 1000
    for n, (length, unit) in enumerate(_UNITS):
        if left >= length:
            count, rest = divmod(left, length)
            if unit == "s":
                return f"{count:g} s"
            small, small_unit = _UNITS[n + 1]
            return (
                f"{count:g} {unit} {rest // small:g} {small_unit}"
                if rest >= small
                else (f"{count:g} {unit}")
            )
    return "0 s"


def percentile(values: Sequence[float], share: float) -> "float | None":
    """Return the value below which `share` (0 to 1) of the values lie, interpolated."""
    if not values:
        return None
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def money(microusd: "int | None") -> str:
    """Return a cost, with as many places as a small one needs."""
    if microusd is None:
        return "–"
    return f"{microusd / 1e6:.2f} USD" if microusd >= 100_000 else f"{microusd / 1e6:.4f} USD"


def short(text: str, most: int) -> str:
    """Return `text`, or its beginning and how much more of it there is."""
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text) - most} more characters)"
