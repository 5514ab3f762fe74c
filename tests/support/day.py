"""A run in the middle of its day: something of everything that a board or a page shows."""

from pathlib import Path

from tests.support.queues import Landing, check
from tests.support.runs import Lead

POLICY = """\
[policy]
humans = ["ana"]
builtin = false
low = []
medium = []
high = ["human"]
"""


def day(home: Path, store: Path) -> Landing:
    """Return the run r: landed, awaiting approval, failed, asked, at work, ready, planned."""
    lead = Lead(home, store)
    lead.config(
        POLICY + check("unit", "test ! -e red.txt || { echo 'test_tax.py:9: 0.3'; exit 1; }")
    )
    lead.run("--target", "main")
    land = Landing(lead)
    land.work("menu", {"menu.txt": "soup\n"}, "--title", "Menu of the day")
    land.add("menu")
    land.run()
    land.work("login", {"login.py": "print('in')\n"}, "--risk", "high", "--title", "Log in")
    land.add("login")
    land.try_run()
    lead.task("tax", "--required-check", "unit", "--title", "Tax of a cart")
    sent = lead.dispatch("tax")
    lead.claim(sent)
    lead.commit(sent, "red.txt")
    lead.done(sent)
    lead.now("tax")
    lead.verify("tax")
    lead.task("session", "--title", "Keep a session")
    sent = lead.dispatch("session")
    lead.claim(sent)
    lead.ask(sent, "Which store: redis, or the <b>database</b>?")
    lead.task("search", "--title", "Search")
    lead.claim(lead.dispatch("search"))
    lead.task("coupon", "--execution-mode", "code", "--title", "Coupons")
    lead.task("gift", "--depends-on", "coupon,search", "--title", "Gifts")
    lead.do("status")
    return land
