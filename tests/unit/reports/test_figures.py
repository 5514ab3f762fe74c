"""Where the time of an attempt went, and the figures made of it."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from orch.reports import metrics, phases, prometheus
from orch.reports.figures import duration, money, percentile, short
from orch.store.history_model import (
    AttemptHistory,
    EntryHistory,
    History,
    Landing,
    LeaseHistory,
    Question,
    TaskHistory,
    TurnHistory,
)
from schema.moments import stamp

QUICK = settings(max_examples=60, deadline=None, derandomize=True)


def attempt(number: int = 1, status: str = "done", **more: object) -> AttemptHistory:
    """Return an attempt: dispatched at 0, claimed at 2 s, done at 10 s."""
    found = AttemptHistory(
        number, 1, number, number, "thr_1", "w1", status, "code", "/r", "b", "h", "br", "/w",
        "created", 0, "[]", "unknown", 0, 0, 0, 10_000, "did it",
    )  # fmt: skip
    found.leases.append(LeaseHistory("w1", 2000, 10_000, "done"))
    for name, value in more.items():
        setattr(found, name, value)
    return found


def history(*attempts: AttemptHistory, status: str = "done", now: int = 20_000) -> History:
    """Return a run `r` with one task."""
    task = TaskHistory(
        1, "t", "title", status, 1, "w1", "", len(attempts), 0, 0, None, None, list(attempts)
    )
    return History("r", now, [task], [])


def told(one: AttemptHistory, now: int = 20_000) -> list[tuple[str, int, int]]:
    return [(span.phase, span.start, span.end) for span in phases.spans(one, now)]


def test_an_attempt_waits_works_asks_and_is_verified():
    one = attempt(verifications=[(10_000, 11_000)])
    one.questions.append(Question("w1", "?", 4000, "yes", 7000))
    assert told(one) == [
        ("queued", 0, 2000), ("working", 2000, 4000), ("asking", 4000, 7000),
        ("working", 7000, 10_000), ("verifying", 10_000, 11_000),
    ]  # fmt: skip
    assert phases.worked(one) == 5000


def test_what_goes_on_ends_now_and_is_no_finished_work():
    one = attempt(status="running", ended_at=None, leases=[LeaseHistory("w1", 2000, None, None)])
    assert told(one, 5000) == [("queued", 0, 2000), ("working", 2000, 5000)]
    assert phases.worked(one) is None
    waiting = attempt(status="dispatched", ended_at=None, leases=[])
    assert told(waiting, 5000) == [("queued", 0, 5000)] and phases.worked(waiting) is None
    asking = attempt(status="blocked", ended_at=None, leases=[LeaseHistory("w1", 2000, None, None)])
    asking.questions.append(Question("w1", "?", 3000))
    assert told(asking, 5000)[-1] == ("asking", 3000, 5000)


def test_a_lost_lease_is_followed_by_waiting_again():
    one = attempt(
        leases=[LeaseHistory("w1", 2000, 3000, "claim"), LeaseHistory("w2", 5000, 10_000, "done")]
    )
    assert [p for p, _, _ in told(one)] == ["queued", "working", "queued", "working"]
    assert one.worker == "w2" and phases.worked(one) == 6000


@QUICK
@given(st.lists(st.integers(0, 100), min_size=6, max_size=6), st.integers(0, 100))
def test_phases_are_in_order_and_never_overlap(moments, now):
    a, b, c, d, e, f = sorted(moments)
    one = attempt(created_at=a, leases=[LeaseHistory("w1", b, e, "done")], ended_at=f)
    one.questions += [Question("w1", "?", c, "!", d), Question("w1", "?", d)]
    spans = phases.spans(one, now)
    assert all(p.end <= q.start for p, q in pairwise(spans))
    assert all(span.start < span.end for span in spans)


def test_figures_of_a_retried_task():
    found = metrics.figures([history(attempt(1, "failed"), attempt(2), status="done")])
    totals = found["totals"]
    assert (totals["attempts"], totals["retries"], totals["success_rate"]) == (2, 1, 0.5)
    assert totals["seconds"]["work"] == {
        "count": 2, "sum": 16.0, "p50": 8.0, "p90": 8.0, "p99": 8.0, "max": 8.0,
    }  # fmt: skip
    assert totals["seconds"]["turnaround"]["max"] == 10.0
    assert totals["conflicts"] is None and totals["cost_usd"] is None
    assert found["by_harness"][0]["name"] is None


def test_what_the_queue_and_the_harness_say_is_counted():
    one = attempt()
    one.turns.append(TurnHistory(1, "w1", "claude", "done", 0, 5, 10, 20, 1_500_000))
    seen = history(one)
    seen.tasks[0].landing = Landing("conflict", conflicts=1)
    seen.tasks[0].entries += [EntryHistory("superseded", n, 0, None) for n in (1, 1)]
    totals = metrics.figures([seen])["totals"]
    assert (totals["conflicts"], totals["input_tokens"], totals["cost_usd"]) == (2, 10, 1.5)
    (row,) = metrics.rows([seen])
    assert (row["landing"], row["harness"], row["work_seconds"]) == ("conflict", "claude", 8.0)
    assert phases.graph(seen, "g").nodes[0].facts == "does not merge · 8.0 s · w1"


@QUICK
@given(st.text(max_size=30))
def test_any_name_is_a_label_and_any_title_a_cell(name):
    one = attempt(turns=[TurnHistory(1, "w", name, "done", 0, 5, None, None, None)])
    seen = history(one)
    seen.tasks[0].title = name
    families = text_string_to_metric_families(prometheus.prometheus(metrics.figures([seen])))
    labels = {s.labels["harness"] for f in families for s in f.samples if "harness" in s.labels}
    assert labels == {name}
    text = prometheus.table(metrics.rows([seen]))
    shown = "'" + name if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
    assert next(csv.DictReader(io.StringIO(text, newline="")))["title"] == shown


@QUICK
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_percentiles_rise_within_the_values(values):
    found = [percentile(values, share) for share in (0, 0.5, 0.9, 0.99, 1)]
    assert found == sorted(found) and (found[0], found[-1]) == (min(values), max(values))


def test_no_value_has_no_percentile():
    assert percentile([], 0.5) is None and percentile([1, 2], 0.5) == 1.5


@pytest.mark.parametrize(
    ("ms", "words"),
    [(0, "0.0 s"), (340, "0.3 s"), (12_000, "12 s"), (200_000, "3 min 20 s"), (3_600_000, "1 h"),
     (187_200_000, "2 d 4 h"), (59_999, "1 min"), (3_599_999, "1 h"), (None, "–")],
)  # fmt: skip
def test_durations_take_two_units_at_most(ms, words):
    assert duration(ms) == words


def test_a_text_that_is_too_long_says_how_much_more_there_is():
    assert short("abc", 3) == "abc" and short("abcdef", 3) == "abc… (3 more characters)"


def test_moments_and_money():
    assert stamp(1_764_085_000_007) == "2025-11-25T15:36:40.007Z" and stamp(None) is None
    assert (money(1_230_000), money(1234), money(None)) == ("1.23 USD", "0.0012 USD", "–")
