"""Checks of the parser."""

import unittest

from calc.parser import value


class Parser(unittest.TestCase):
    def test_product_before_sum(self):
        assert value("2 + 3 * 4") == 14

    def test_parentheses(self):
        assert value("(2 + 3) * 4") == 20
