"""Text into tokens: numbers become floats, everything else stays a character."""

import re

_TOKEN = re.compile(r"(\d+(?:\.\d+)?)|(\S)")


def tokens(text):
    """Return the tokens of an expression."""
    return [float(number) if number else other for number, other in _TOKEN.findall(text)]
