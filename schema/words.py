"""Words about numbers: people read `1 task`, and nobody writes that out twice."""


def many(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun: 1 file, 2 files."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
