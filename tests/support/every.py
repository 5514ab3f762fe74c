"""A check of many cases in one test: it is made for each of them, and all that fail are told.

A test by itself costs 10 ms of collection, start and report, whatever it does; the house has
thousands of cases that take less. Where a case has files or processes of its own, parametrize.
"""

import inspect
from collections.abc import Callable, Iterable

import pytest


def every(cases: Iterable, ids: Iterable[str]) -> Callable[[Callable], Callable]:
    """Let a test be made for each case, which is its first parameters; the others are fixtures."""
    named = list(zip(ids, cases, strict=True))
    assert named, "a check of nothing"

    def _of(check: Callable) -> Callable:
        def _all(**fixtures: object) -> None:
            wrong = []
            for name, case in named:
                try:
                    check(*_parts(case), **fixtures)
                except (Exception, pytest.fail.Exception) as error:
                    wrong.append((name, error))
            if wrong:
                told = "\n\n".join(f"{name}: {error}" for name, error in wrong)
                raise AssertionError(f"{len(wrong)} of {len(named)}\n{told}") from wrong[0][1]

        fixtures = [*inspect.signature(check).parameters.values()][len(_parts(named[0][1])) :]
        _all.__signature__ = inspect.Signature(fixtures)  # type: ignore[attr-defined]
        _all.__name__, _all.__doc__, _all.__module__ = (
            check.__name__,
            check.__doc__,
            check.__module__,
        )
        return _all

    return _of


def _parts(case: object) -> tuple:
    return case if type(case) is tuple else (case,)
