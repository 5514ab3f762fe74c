"""Tokens into a value: multiplication before addition, parentheses before both."""

from calc.lexer import tokens


def value(text):
    """Return the value of an expression. Raises: ValueError."""
    left = tokens(text)
    found = _sum(left)
    if left:
        raise ValueError(f"unexpected {left[0]}")
    return found


def _sum(left):
    found = _product(left)
    while left and left[0] in ("+", "-"):
        found = found + _product(left) if left.pop(0) == "+" else found - _product(left)
    return found


def _product(left):
    found = _atom(left)
    while left and left[0] in ("*", "/"):
        found = found * _atom(left) if left.pop(0) == "*" else found / _atom(left)
    return found


def _atom(left):
    if not left:
        raise ValueError("something is missing at the end")
    token = left.pop(0)
    if token == "(":
        token = _sum(left)
        if not left or left.pop(0) != ")":
            raise ValueError("a parenthesis is not closed")
    if not isinstance(token, float):
        raise ValueError(f"unexpected {token}")
    return token
