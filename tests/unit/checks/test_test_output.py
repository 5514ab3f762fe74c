"""What test runners print: zero tests is told, and a few are not taken for none."""

import pytest

from orch.checks import test_output

NOTHING = [
    "collected 0 items\n\n==== no tests ran in 0.01s ====",
    "Ran 0 tests in 0.000s\n\nOK",
    "Ran 0 tests in 0.000s\n\nNO TESTS RAN",
    "?   \texample.com/a\t[no test files]",
    "ok  \texample.com/a\t0.003s [no tests to run]",
    "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored",
    "No tests found, exiting with code 0",
    "  0 passing (1ms)",
    "1..0 # skipped",
    "Tests run: 0, Failures: 0, Errors: 0, Skipped: 0",
]
SOMETHING = [
    "===== 10 passed in 0.12s =====",
    "collected 10 items\n\n10 passed",
    "collected 0 items / 1 deselected\ncollected 3 items\n3 passed",
    "Ran 10 tests in 0.010s\n\nOK",
    "Ran 0 tests in 0.000s\nOK\nRan 3 tests in 0.1s\nOK",
    "?   \texample.com/a\t[no test files]\nok  \texample.com/b\t0.003s",
    "?   \texample.com/a\t[no test files]\nok  \texample.com/b\t(cached)",
    "running 3 tests\ntest result: ok. 3 passed\n\nrunning 0 tests\ntest result: ok. 0 passed",
    "  10 passing (1ms)",
    "  100 passing (1ms)\n  0 pending",
    "1..3\nok 1\nok 2\nok 3",
    "Tests run: 0, Failures: 0\nTests run: 20, Failures: 0",
    "",
    "lint: all is well",
    "10 tests ran",
]


@pytest.mark.parametrize("output", NOTHING)
def test_nothing_ran(output: str) -> None:
    assert test_output.ran_nothing(output)


@pytest.mark.parametrize("output", SOMETHING)
def test_something_ran_or_nothing_is_said(output: str) -> None:
    assert not test_output.ran_nothing(output)
