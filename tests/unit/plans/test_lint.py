"""The rules of plan lint, each with what it refuses and what it lets pass."""

import time

from orch.config.model import PlanPolicy
from orch.plans import lint
from orch.plans.lint import Finding, PlannedTask


def _work(
    task_id: str, *allowed: str, waits: tuple[str, ...] = (), locks=(), **more
) -> PlannedTask:
    work = PlannedTask(task_id)
    work.allowed, work.waits_for, work.locks = list(allowed), list(waits), list(locks)
    work.accepted = work.checked = True
    for name, value in more.items():
        setattr(work, name, value)
    return work


def _find(*work: PlannedTask, files=None, **policy: int) -> list[Finding]:
    asked = PlanPolicy()
    for name, value in policy.items():
        setattr(asked, name, value)
    return lint.find({one.task_id: one for one in work}, asked, files)


def _told(found: list[Finding]) -> list[tuple[str, str]]:
    return [(one.rule, one.task_id) for one in found]


def test_sound_work_has_no_finding():
    assert _find(_work("a", "src/a"), _work("b", "src/ab", waits=("a",))) == []


def test_work_that_may_meet_must_not_own_the_same_files():
    (found,) = _find(_work("a", "docs/**", "src/*.py"), _work("b", "src/a.py", "src/b.py"))
    assert (found.rule, found.level, found.field) == ("overlap", "refuse", "allowed_paths")
    assert (
        "src/*.py overlaps src/a.py of b" in found.message or "src/a.py overlaps" in found.message
    )


def test_order_or_a_lock_keeps_work_apart():
    a = _work("a", "src")
    assert not _find(a, _work("b", "src/x", waits=("m",)), _work("m", waits=("a",)))
    assert not _find(_work("a", "src", locks=["l"]), _work("b", "src", locks=["l", "m"]))
    assert _told(_find(_work("a", "src", locks=["k"]), _work("b", "src", locks=["l"])))


def test_folders_patterns_and_names_are_compared_as_dispatch_does():
    for one, other, meet in (
        ("src", "src/deep/er.py", True),
        ("**/x.py", "a/b/x.py", True),
        ("src/a", "src/ab", False),
        ("./src/a", "src/a", True),
        ("src/*/t.py", "src/lib/*.py", True),
        ("src/*.py", "src/a.js", False),
        ("*", "docs", True),
    ):
        found = _find(_work("a", one), _work("b", other))
        assert bool(found) is meet, (one, other)


def test_what_the_plan_does_not_name_counts_but_is_not_judged():
    other = _work("other", "src", planned=False, accepted=False)
    assert _told(_find(other, _work("mine", "src"))) == [("overlap", "mine")]
    assert _find(other, _work("third", "src", planned=False)) == []
    assert _find(_work("past", "src", over="done"), _work("mine", "src")) == []


def test_budgets_count_minutes_files_and_bytes():
    files = [(f"src/{i}.py", 10) for i in range(5)] + [("README", 1000)]
    big = _work("big", "src", minutes=90)
    assert not _find(big, files=files)
    over = _find(big, files=files, max_minutes=60, max_files=4, max_bytes=49)
    assert [found.message.split(" ")[0] for found in over] == ["90", "5", "50"]
    assert not _find(big, files=files, max_minutes=90, max_files=5, max_bytes=50)
    assert not _find(big, files=None, max_files=1)
    assert not _find(_work("none"), files=files, max_files=1, max_bytes=1)


def test_work_must_say_what_is_done_and_be_checked():
    found = _find(
        _work("a", accepted=False),
        _work("b", checked=False),
        _work("c", checked=False, mode="analysis"),
    )
    assert _told(found) == [("acceptance", "a"), ("checks", "b")]


def test_nothing_waits_for_what_is_cancelled():
    gone = _work("gone", over="cancelled", planned=False)
    assert _told(_find(gone, _work("a", waits=("gone",)))) == [("orphans", "a")]
    assert not _find(_work("past", over="done"), _work("a", waits=("past",)))


def test_levels_come_from_the_policy():
    policy = PlanPolicy()
    policy.levels |= {"acceptance": "off", "checks": "warn"}
    found = lint.find({"a": _work("a", accepted=False, checked=False)}, policy, None)
    assert [(one.rule, one.level) for one in found] == [("checks", "warn")]


def test_thousands_of_tasks_are_compared_in_seconds():
    apart = [_work(f"t{i}", f"src/p{i}/**", f"tests/p{i}") for i in range(3000)]
    same = [_work("first", "src/p7/x.py")]
    chain = [_work(f"c{i}", "lib", waits=(f"c{i - 1}",) if i else ()) for i in range(500)]
    begun = time.process_time()
    assert _told(_find(*apart, *same, *chain)) in ([("overlap", "first")], [("overlap", "t7")])
    assert time.process_time() - begun < 5


def test_a_flood_of_overlaps_is_cut():
    assert len(_find(*(_work(f"t{i}", "src") for i in range(60)))) == lint.MAX_OVERLAPS
