"""`orch events --type` knows every type of event that the product records."""

import ast
import re
from pathlib import Path

from orch.event_types import EVENT_TYPES

ROOT = Path(__file__).parents[2]
_NOUNS = (
    "thread|task|entry|request|run|drive|turn|queue|approval|repo|council|slot|machine|plan|ticket"
)
_TYPE = re.compile(rf"({_NOUNS})_[a-z_]+")
_RECORDS = re.compile(r"record|_?tell|_set_hold")


def _recorded() -> set[str]:
    """Return the types that stand written out where something is recorded."""
    found: set[str] = set()
    for package in ("inbox", "orch", "council"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _RECORDS.fullmatch(
                    ast.unparse(node.func).rpartition(".")[2]
                ):
                    texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                    found |= {t for t in texts if isinstance(t, str) and _TYPE.fullmatch(t)}
    return found


def test_every_type_that_is_recorded_is_known() -> None:
    found = _recorded()
    assert len(found) > 30
    assert found <= EVENT_TYPES
