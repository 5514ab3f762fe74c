"""Output of test runners: did anything run at all? Pure.

A gate that passes because nothing ran is worse than one that fails. Known runners are
recognised by the line with which they admit it; a line that counts tests outweighs it, since
one command may run several suites of which one is empty.
"""

import re

_NOTHING = re.compile(
    r"no tests ran|collected 0 items|^ran 0 tests|no tests? (?:were )?found|no test files"
    r"|no tests to run|running 0 tests|(?<!\d)0 passing|^1\.\.0\b|\b0 tests? (?:run|executed)"
    r"|\btests run: 0\b",
    re.MULTILINE,
)
_SOMETHING = re.compile(
    r"(?<!\d)0*[1-9]\d* (?:passed|passing|failed|failing|ok\b|examples?|assertions?)"
    r"|^ran 0*[1-9]\d* tests?|running 0*[1-9]\d* tests?|collected 0*[1-9]\d* items?"
    r"|^ok\s+\S+\s+(?!\[no test)(?:\(cached\)|[\d.]+m?s)(?!\s+\[no tests)|^1\.\.[1-9]"
    r"|\btests run: 0*[1-9]",
    re.MULTILINE,
)


def ran_nothing(output: str) -> bool:
    """Say whether the output admits that no test ran, and none of it says that one did."""
    text = output.lower()
    return bool(_NOTHING.search(text)) and not _SOMETHING.search(text)
