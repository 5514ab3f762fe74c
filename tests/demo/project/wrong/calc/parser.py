"""Tokens into a value, from left to right."""

from calc.lexer import tokens


def value(text):
    """Return the value of an expression."""
    found, *rest = tokens(text)
    while rest:
        sign, number, *rest = rest
        found = {"+": found + number, "-": found - number, "*": found * number}[sign]
    return found
