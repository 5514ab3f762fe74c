"""What the shipped scripts of the programs load first."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def first_of(program: str) -> tuple[str, ...]:
    """Return the modules that a program's script hands to `prepare`."""
    tree = ast.parse((ROOT / program / "cli" / "bin" / program).read_text(encoding="utf-8"))
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "quick_start.prepare"
    )
    return tuple(ast.literal_eval(one) for one in call.args)
