"""The board's screen: what stands where, at every size; pure (orch/board_app/layout.py)."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from orch.board_app import layout, rows
from orch.board_app.keys import KEYS, steps_of
from orch.reports.style import columns
from tests.support.steps import bound

_COUNTS = dict.fromkeys(
    ("planned", "ready", "dispatched", "running", "blocked", "verifying", "done", "failed",
     "cancelled"), 0
)  # fmt: skip


def _run(run_id: str, target: str, **counts: int) -> dict:
    found = {**_COUNTS, **counts}
    return {"run_id": run_id, "target": target, "end": "open", "driver_pid": None, "paused": False,
            "counts": {**found, "total": sum(found.values())}}  # fmt: skip


def _need(task: str | None, kind: str, text: str, command: str, run: str = "shop") -> dict:
    return {"run_id": run, "task_id": task, "kind": kind, "who": "w-2", "text": text,
            "since": "2026-11-30T14:04:53.000Z", "command": command}  # fmt: skip


def _done(task: str, landing: str | None, commit: str | None) -> dict:
    return {"run_id": "shop", "task_id": task, "title": f"The {task}", "status": "done",
            "who": "w-1", "at": "2026-11-30T14:00:00.000Z", "result": "did it",
            "landing": landing, "landing_since": "2026-11-30T14:04:05.000Z",
            "landed_commit": commit}  # fmt: skip


DOCUMENT = {
    "at": "2026-11-30T14:05:05.000Z",
    "runs": [_run("shop", "main", done=12, running=2, planned=4, ready=2),
             _run("docs", "", done=18, blocked=1, ready=1)],
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
        {"run_id": "shop", "task_id": "search", "title": "Search", "status": "running",
         "attempt_no": 1, "who": "w-1", "claimed": True, "since": "2026-11-30T14:02:05.000Z",
         "liveness": "live", "harness": "claude", "turn_no": 2, "answered": False,
         "last_message": "edits api/search.py", "last_message_from": "w-1",
         "last_message_at": "2026-11-30T14:02:05.000Z"},
    ],
    "ready": [{"run_id": "shop", "task_id": "coupon", "title": "Coupons 折扣", "default_to": None,
               "command": "orch dispatch shop/coupon --execution-mode code --to AGENT"}],
    "done": [_done("faq", "testing", None), _done("menu", "landed", "99ab01c" * 5),
             _done("card", None, None)],
    "more": {"needs": 0, "at_work": 0, "ready": 1, "done": 0},
    "high_event_id": 9,
}  # fmt: skip


def _drawn(wide: int, high: int, view: layout.View | None = None, doc: dict | None = None):
    view = view or layout.View()
    found = rows.chosen(rows.rows(doc or DOCUMENT), view.filters, view.run)
    view.cursor = view.cursor or found[0].identity
    drawn = layout.frame(doc or DOCUMENT, found, view, wide, high)
    return ["".join(text for _, text in line).rstrip() for line in drawn.lines]


_AT_80 = """\
orch · 2 runs · 30/40 done · 4 need you                             14:05:05 UTC
1 shop ▕███████░░░░▏ 12/20  2 at work, 2 need you   → main
2 docs ▕██████████░▏ 18/20  1 at work, 1 needs you  → its own branch
─ NEEDS YOU 4 ──────────────────────────────────────────────────────────────────
? shop/login    w-2 asks        Which session store, redis or [b]the[/b] d…  12s
✗ shop/cart-tax failed          check failed 3x unit: test_tax.py::test_ro…  12s
⇥ docs/guide    to be landed    awaiting_approval: needs 1 human             12s
✓ api           finished        all is over: 3 done                          12s
─ AT WORK 2 ────────────────────────────────────────────────────────────────────
▶ shop/search   w-1 turn 2      edits api/search.py                           3m
⇥ shop/faq      is tested       The faq                                       1m
─ NEXT 1 and 1 more, 4 wait for others ─────────────────────────────────────────
◔ shop/coupon   for nobody yet  Coupons 折扣
─ LANDED 2 ─────────────────────────────────────────────────────────────────────
✓ shop/menu     landed          99ab01c99 did it                              1m
✓ shop/card     done            did it                                        5m



─ shop/login ───────────────────────────────────────────────────────────────────
Which session store, redis or [b]the[/b] database?
$ orch answer shop/login --body TEXT
a answer c continue s stop x cancel p pause l log d diff g graph t trace i show
↵ does  / filter  1-9 run  Tab pane  u undo  ? keys  q quit               1 of 9"""


def test_at_80_by_24_it_reads_so() -> None:
    assert "\n".join(_drawn(80, 24)) == _AT_80


def test_the_rule_says_who_tries_it() -> None:
    view = layout.View()
    view.cursor = ("work", "shop", "search", "")
    assert "─ shop/search  attempt 1 by w-1, claude turn 2 ─" in "\n".join(_drawn(80, 24, view))


def test_on_a_small_terminal_the_needs_stay_and_the_rest_is_counted() -> None:
    shown = _drawn(60, 14)
    assert [line for line in shown if line.startswith("─ ")][:2] == [
        "─ NEEDS YOU 4 ───────────────────────────────────── 2 more ─",
        "─ AT WORK 2 ─────────────────────────────────────── 1 more ─",
    ]
    assert shown[-2].startswith("$ orch answer shop/login")
    assert "".join(_drawn(20, 5)) == "20x5 is too small: the board needs 40x10. q quits."


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
