"""Time left of a run, as its last tasks took: pure, and no promise."""

import math


def seconds(took_ms: float | None, waiting: int, ages_ms: "list[int]", chain: int) -> int | None:
    """Return the seconds until all that can be done is done, None where nothing tells.

    `took_ms`: how long a task took lately; `waiting` are not begun; `ages_ms` tells of each that
    is at work how long it is; `chain`: how many at most wait for each other in a row. As many work
    as do now; what stands in a row is not shortened by that.
    """
    if took_ms is None or not ages_ms:
        return None
    begun = [max(0.0, took_ms - age) for age in ages_ms]
    spread = (sum(begun) + waiting * took_ms) / len(ages_ms)
    in_a_row = chain * took_ms
    return math.ceil(max(spread, in_a_row, *begun) / 1000)
