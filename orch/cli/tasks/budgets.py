"""run budget, and --budget of run init: what a run may spend."""

from difflib import get_close_matches

from orch.operations import budgets, runs
from orch.store import runs as run_rows
from schema.failures import Failure
from schema.json_text import Json, obj

TYPE_CHECKING = False
if TYPE_CHECKING:
    from inbox.cli.call import Call
    from orch.store.budgets import Limits

# What is typed: (the store's column, how many of its units one is, whether parts of one count).
_NAMES = {
    "cost_usd": ("cost_microusd", 1_000_000, True),
    "tokens": ("tokens", 1, False),
    "turns": ("turns", 1, False),
    "attempts": ("attempts", 1, False),
    "seconds": ("seconds", 1, False),
    "minutes": ("seconds", 60, True),
    "hours": ("seconds", 3600, True),
}
_MOST = 10**15
_LONGEST = 18


def budget(call: "Call", *, run: str, budget: tuple[str, ...], key: str | None) -> None:
    """Show what a run may spend and has spent; with --budget, change what it may."""
    limits = read(budget)
    if not budget:
        with call.db.read() as tx:
            runs.require(tx, run)
            call.say(obj(run=run_rows.budgeted(tx, run)))
        return
    with call.db.write() as tx:
        found = runs.require(tx, run)

        def _change() -> Json:
            runs.refuse_closed(found)
            call.committed = budgets.change(tx, found, limits)
            document = run_rows.budgeted(tx, run)
            return obj(run=document, event_id=call.committed)

        answer = call.once(tx, found.leader, _change)
    call.say(answer, call.committed)


def read(given: tuple[str, ...]) -> "Limits":
    """Return the limits of --budget by the store's names. Raises: invalid_input, all at once."""
    limits: Limits = {}
    problems = []
    for part in (part.strip() for text in given for part in text.split(",")):
        name, equals, text = part.partition("=")
        if name not in _NAMES:
            near = get_close_matches(name, _NAMES, 1)
            problems.append(
                f"{part[:40]!r}: unknown" + (f"; did you mean {near[0]}?" if near else "")
            )
            continue
        kind, unit, in_parts = _NAMES[name]
        amount = _amount(text, unit, in_parts) if equals else None
        if kind in limits:
            problems.append(f"{part[:40]!r}: {kind.replace('_microusd', '')} is there twice")
        elif text == "none":
            limits[kind] = None
        elif amount is None:
            wanted = "a number" if in_parts else "a whole number"
            problems.append(f"{part[:40]!r}: {name} wants {wanted} from 0 on, or none")
        else:
            limits[kind] = amount
    if problems:
        raise Failure(
            "invalid_input",
            "value",
            "--budget: " + "; ".join(problems),
            hint="like --budget cost_usd=5,tokens=200000,turns=50,attempts=20,hours=2",
            details={"problems": problems},
        )
    return limits


def _amount(text: str, unit: int, in_parts: bool) -> int | None:
    """Return `text` in units of the store; None for what is no amount."""
    whole = text.replace(".", "", 1) if in_parts else text
    if not (whole.isascii() and whole.isdigit() and len(text) <= _LONGEST):
        return None
    amount = round(float(text) * unit) if in_parts else int(text) * unit
    return amount if amount <= _MOST else None
