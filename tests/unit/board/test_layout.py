"""The board's screen: what stands where, at every size; pure (orch/board_app/layout.py)."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from orch.board_app import layout, rows
from orch.board_app.keys import KEYS, steps_of
from orch.reports.style import columns
from schema.steps import command
from tests.support.steps import bound

_COUNTS = dict.fromkeys(
    ("planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
     "cancelled"), 0
)  # fmt: skip


def _run(run_id: str, target: str, landed: int, left: int | None, **counts: int) -> dict:
    found = {**_COUNTS, **counts}
    return {"run_id": run_id, "target": target, "end": "open", "driver_pid": None, "paused": False,
            "counts": {**found, "total": sum(found.values())}, "landed": landed, "locked": 0,
            "cost_usd": None, "seconds_left": left, "holds": None, "review_of": None}  # fmt: skip


def _need(task: str | None, kind: str, text: str, command: str, run: str = "shop") -> dict:
    return {"run_id": run, "task_id": task, "kind": kind, "who": "w-2", "text": text,
            "since": "2026-11-30T14:04:53.000Z", "command": command}  # fmt: skip


def _work(task: str, status: str, doing: str | None, **more: object) -> dict:
    return {"run_id": "shop", "task_id": task, "title": f"The {task}", "status": status,
            "attempt_no": 2, "max_attempts": 3, "who": "w-1", "claimed": True,
            "since": "2026-11-30T14:02:05.000Z", "begun_at": "2026-11-30T13:59:05.000Z",
            "liveness": "live", "harness": "claude", "turn_no": 2, "answered": False,
            "last_message": "thread claimed", "last_message_from": "w-1",
            "last_message_at": "2026-11-30T14:02:05.000Z", "doing": doing, "added": None,
            "removed": None, "checks": [], "cost_usd": None, **more}  # fmt: skip


def _done(task: str, landing: str | None, commit: str | None, place: int | None = None) -> dict:
    return {"run_id": "shop", "task_id": task, "title": f"The {task}", "status": "done",
            "who": "w-1", "at": "2026-11-30T14:00:00.000Z", "result": "did it",
            "landing": landing, "landing_since": "2026-11-30T14:04:05.000Z",
            "landed_commit": commit, "landed_on": "main" if landing else None, "position": place,
            "waits_for": None, "added": 120 if commit else None,
            "removed": 3 if commit else None}  # fmt: skip


def _ready(task: str, title: str = "A thing") -> dict:
    return {"run_id": "shop", "task_id": task, "title": title, "default_to": None,
            "command": f"orch dispatch shop/{task} --execution-mode code --to AGENT"}  # fmt: skip


DOCUMENT = {
    "at": "2026-11-30T14:05:05.000Z",
    "runs": [_run("shop", "main", 12, 1530, done=13, running=2, planned=4, ready=3),
             {**_run("docs", "", 18, None, done=18, blocked=1, ready=1),
              "holds": "4 tasks ended alike", "cost_usd": 3.118, "driver_pid": 4121}],
    "needs": [
        _need("login", "question", "Which session store,\nredis or [b]the[/b] database?",
              "orch answer shop/login --body TEXT"),
        _need("cart-tax", "failed", "check failed 3x unit: test_tax.py::test_round",
              "orch retry shop/cart-tax"),
        _need("guide", "landing", "awaiting_approval: needs 1 human",
              "orch queue approve ent_2 --as NAME", "docs"),
        _need(None, "finished", "all is over: 3 done", "orch cleanup --run api --all-completed "
              "&& orch run close --run api", "api"),
    ],
    "at_work": [
        _work("search", "running", "-> edit api/search.py", added=41, removed=7, cost_usd=0.41),
        _work("cart", "verifying", None, checks=[{"check": "unit", "status": "passed"},
                                                 {"check": "lint", "status": "pending"}]),
    ],
    "again": [
        {"run_id": "shop", "task_id": "pay", "title": "Pay", "attempt_no": 2, "max_attempts": 3,
         "reason": "crashed: exit 137", "who": "w-1", "since": "2026-11-30T14:03:05.000Z",
         "due": "2026-11-30T14:05:53.000Z", "cost_usd": None},
    ],
    "ready": [_ready("coupon", "Coupons 折扣")],
    "done": [_done("faq", "testing", None, 1), _done("menu", "landed", "99ab01c" * 5),
             _done("card", None, None)],
    "more": {"needs": 0, "at_work": 0, "again": 0, "ready": 3, "done": 0},
    "high_event_id": 9,
}  # fmt: skip


def _drawn(wide: int, high: int, view: layout.View | None = None, doc: dict | None = None):
    view = view or layout.View()
    found = rows.chosen(rows.rows(doc or DOCUMENT), view.filters, view.run)
    view.cursor = view.cursor or found[0].identity
    drawn = layout.frame(doc or DOCUMENT, found, view, wide, high)
    return ["".join(text for _, text in line).rstrip() for line in drawn.lines]


_AT_80 = """\
orch · 2 runs · 30/42 landed · 4 need you · driving 4121 · $3.12    14:05:05 UTC
1 shop ▕██████░░░░░▏ 12/22  2 at work  2 need you   → main          ~26 min left
2 docs ▕██████████░▏ 18/20  nothing begins: storm  1 needs you  → its own branch
─ NEEDS YOU 4 ──────────────────────────────────────────────────────────────────
? shop/login    w-2 asks        Which session store, redis or [b]the[/b] d…  12s
✗ shop/cart-tax failed          check failed 3x unit: test_tax.py::test_ro…  12s
◇ docs/guide    needs approval  needs 1 human                                12s
✓ api           finished        all is over: 3 done                          12s
─ AT WORK 4 ────────────────────────────────────────────────────────────────────
▶ shop/search   w-1 turn 2      -> edit api/search.py                +41 -7   3m
◎ shop/cart     checks          unit ✓  lint …                                3m
⇥ shop/faq      queue 1 of 1    is tested  The faq                            1m
↻ shop/pay      again in 48 s   crashed: exit 137; attempt 2 of 3             2m
─ NEXT 8: 4 ready, 4 wait for others ───────────────────────────────────────────
◔ shop/coupon   for nobody yet  Coupons 折扣
─ LANDED 2 ─────────────────────────────────────────────────────────────────────
✓ shop/menu     14:04:05        main 99ab01c did it                      +120 -3
✓ shop/card     done            did it                                        5m

─ shop/login ───────────────────────────────────────────────────────────────────
Which session store, redis or [b]the[/b] database?
$ orch answer shop/login --body TEXT
a answer c continue s stop x cancel p pause l log d diff g graph t trace i show
↵ does  / filter  1-9 run  Tab pane  u undo  ? keys  q quit              1 of 11"""


def test_at_80_by_24_it_reads_so() -> None:
    assert "\n".join(_drawn(80, 24)) == _AT_80


def test_the_rule_says_who_tries_it() -> None:
    view = layout.View()
    view.cursor = ("work", "shop", "search", "")
    assert "─ shop/search  attempt 2 of 3 by w-1, 6 min, $0.41 ─" in "\n".join(_drawn(80, 24, view))


def test_on_a_small_terminal_the_needs_stay_and_the_rest_is_counted() -> None:
    shown = _drawn(60, 14)
    assert [line for line in shown if line.startswith("─ ")][:2] == [
        "─ NEEDS YOU 4 ───────────────────────────────────── 2 more ─",
        "─ AT WORK 4 ─────────────────────────────────────── 3 more ─",
    ]
    assert shown[-2].startswith("$ orch answer shop/login")
    assert " ".join(_drawn(20, 5)).strip() == "20x5 is too small: the board needs 40x10. q quits."


def test_what_comes_next_is_folded_into_a_line_until_the_cursor_is_there() -> None:
    doc = {**DOCUMENT, "ready": [_ready(f"t-{n}") for n in range(30)]}
    shown = _drawn(80, 24, doc=doc)
    at = next(n for n, line in enumerate(shown) if line.startswith("─ NEXT"))
    assert shown[at + 1].startswith("◔ shop/t-0  ◔ shop/t-1  ") and shown[at + 1].endswith("Tab")
    assert "… 25 more" in shown[at + 1]
    view = layout.View()
    view.cursor = ("next", "shop", "t-3", "")
    assert any(line.startswith("◔ shop/t-3") for line in _drawn(80, 24, view, doc))


def test_a_review_stands_under_its_task_and_its_run_on_no_line() -> None:
    council = {**_run("council-1", "", 0, None, running=1), "review_of": "shop/cart"}
    doc = {**DOCUMENT, "runs": [*DOCUMENT["runs"], council],
           "at_work": [{**_work("risk", "running", "reads"), "run_id": "council-1"},
                       *DOCUMENT["at_work"]]}  # fmt: skip
    shown = _drawn(80, 24, doc=doc)
    at = next(n for n, line in enumerate(shown) if "shop/cart " in line and "checks" in line)
    assert shown[at + 1].startswith("▶ ↳ risk")
    assert shown[0].startswith("orch · 2 runs")
    assert not any("council-1" in line for line in shown)


def test_a_filter_leaves_what_it_names_and_says_that_it_is_there() -> None:
    view = layout.View()
    view.filters = ["status:failed"]
    shown = _drawn(80, 24, view)
    assert any("shop/cart-tax" in line for line in shown)
    assert not any("shop/login" in line for line in shown[3:])
    assert any(line.startswith("─ shop/cart-tax  /status:failed") for line in shown)
    view = layout.View()
    view.run = "docs"
    assert [line[:6] for line in _drawn(80, 24, view)[1:3]] == ["2 docs", "─ NEED"]
    view = layout.View()
    view.filters, view.cursor = ["nothing has this"], ("", "", "", "")
    assert any("u undoes it" in line for line in _drawn(80, 24, view))


@given(
    wide=st.integers(1, 200), high=st.integers(1, 60), many=st.integers(0, 60),
    at=st.integers(0, 70), text=st.text(max_size=90),
)  # fmt: skip
def test_it_fits_every_size_and_the_cursor_is_on_it(
    wide: int, high: int, many: int, at: int, text: str
) -> None:
    needs = [_need(f"t{n}", "question", text, f"orch answer shop/t{n} --body TEXT")
             for n in range(many)]  # fmt: skip
    doc = {**DOCUMENT, "needs": needs}
    found = rows.rows(doc)
    view = layout.View()
    view.cursor = found[min(at, len(found) - 1)].identity
    drawn = layout.frame(doc, found, view, wide, high)
    assert len(drawn.lines) == high
    assert all(columns("".join(text for _, text in line)) <= wide for line in drawn.lines)
    if wide >= layout.LEAST[0] and high >= layout.LEAST[1]:
        assert view.cursor in [row.identity for row in drawn.at.values()]
    plain = ["".join(text for _, text in layout.plain(line)) for line in drawn.lines]
    assert all(line.isascii() for line in plain)


def test_every_key_gives_a_command_of_the_table_or_says_why_not() -> None:
    found = rows.rows(DOCUMENT)
    assert {row.pane for row in found} == set(rows.PANES)
    for row in found:
        for key in KEYS:
            steps = steps_of(key, row)
            if isinstance(steps, str):
                assert not row.task and row.run in steps
                continue
            for step in steps:
                assert bound(shlex.split(step.line)) is not None, step.line


def test_where_there_is_room_all_of_what_a_row_is_about_is_read() -> None:
    text = "Which session store, " + "redis or the database of the shop, " * 5 + "or both?"
    doc = {**DOCUMENT, "needs": [_need("login", "question", text, "orch answer shop/login")]}
    found = _drawn(80, 40, doc=doc)
    begun = next(n for n, line in enumerate(found) if line.startswith("Which session store"))
    assert " ".join(found[begun : begun + 3]) == text
    assert found[begun + 3].startswith("$ orch answer")
    assert _drawn(80, 12, doc=doc)[-3].startswith("Which session store")  # And here one line of it.


def test_a_review_whose_task_is_not_on_the_board_is_a_run_of_its_own_and_lands_nowhere() -> None:
    alone = {**_run("review", "", 0, None, done=1), "review_of": "gone/parser"}
    read = {**_done("CR1", None, None), "run_id": "review"}
    doc = {**DOCUMENT, "runs": [alone], "needs": [], "at_work": [], "again": [], "ready": [],
           "done": [read]}  # fmt: skip
    assert _drawn(80, 24, doc=doc)[0].startswith("orch · 1 run ")
    (row,) = rows.rows(doc)
    assert not KEYS["m"].fits(row)


def test_a_requested_change_is_words_for_its_next_try() -> None:
    (row,) = [one for one in rows.rows(DOCUMENT) if one.name == "docs/guide"]
    (step,) = steps_of("r", row)
    assert command(step) == "orch queue retry docs/guide --rework --body TEXT"


def test_the_cursor_goes_with_its_task_and_stays_in_its_place_where_that_is_gone() -> None:
    before = rows.rows(DOCUMENT)
    known = [row.identity for row in before]
    cursor = next(row.identity for row in before if row.name == "shop/cart-tax")
    assert rows.cursor_after(cursor, known, before) == cursor
    mended = {**DOCUMENT, "needs": [n for n in DOCUMENT["needs"] if n["task_id"] != "cart-tax"]}
    tried = {**mended, "at_work": [*mended["at_work"], _work("cart-tax", "running", None)]}
    assert rows.cursor_after(cursor, known, rows.rows(tried)) == ("work", "shop", "cart-tax", "")
    gone = rows.rows(mended)
    assert rows.cursor_after(cursor, known, gone) == gone[1].identity
    assert rows.cursor_after(cursor, known, gone[:1]) == gone[0].identity
    assert rows.cursor_after(cursor, known, []) is None
