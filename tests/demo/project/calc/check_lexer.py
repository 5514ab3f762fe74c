"""Checks of the lexer."""

import unittest

from calc.lexer import tokens


class Lexer(unittest.TestCase):
    def test_decimals(self):
        assert tokens("1.5+2") == [1.5, "+", 2.0]

    def test_space(self):
        assert tokens(" ( 1 ) ") == ["(", 1.0, ")"]
