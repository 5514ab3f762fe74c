"""What follows from the order of tasks: worked examples small enough to check by hand."""

from orch.plans import graph

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "lone": []}
MINUTES = {"a": 10, "b": 30, "c": 5, "d": 10, "lone": 20}
NO_LOCKS: dict[str, list[str]] = {name: [] for name in DIAMOND}


def test_order_puts_a_task_behind_what_it_waits_for():
    found = graph.order({"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": ["elsewhere"]})
    assert found[0] == "a"
    assert found[-1] == "d"
    assert sorted(found) == ["a", "b", "c", "d"]


def test_cycles_are_disjoint_and_name_no_bystander():
    waits = {"a": ["b"], "b": ["a"], "on": ["a"], "self": ["self"], "free": [], "x": ["free"]}
    assert sorted(sorted(cycle) for cycle in graph.cycles(waits)) == [["a", "b"], ["self"]]
    assert graph.cycles(DIAMOND) == []


def test_the_critical_path_is_the_chain_that_takes_longest():
    assert graph.critical_path(DIAMOND, MINUTES) == (["a", "b", "d"], 50)
    assert graph.critical_path({}, {}) == ([], 0)


def test_tasks_run_at_once_when_nothing_keeps_them_apart():
    assert graph.schedule(DIAMOND, MINUTES, NO_LOCKS) == (3, 50)
    assert graph.schedule({}, {}, {}) == (0, 0)


def test_a_shared_lock_lets_one_wait_for_the_other():
    locks = NO_LOCKS | {"b": ["db"], "c": ["db"], "lone": ["db"]}
    most, minutes = graph.schedule(DIAMOND, MINUTES, locks)
    assert most == 2
    assert minutes == 20 + 30 + 5 + 10  # lone, b and c one after the other, then d.


def test_every_waiter_on_a_lock_gets_its_turn():
    waits: dict[str, list[str]] = {f"t{i}": [] for i in range(50)}
    minutes = dict.fromkeys(waits, 1)
    assert graph.schedule(waits, minutes, {name: ["one"] for name in waits}) == (1, 50)
    pairs = {name: ["even" if i % 2 else "odd"] for i, name in enumerate(waits)}
    assert graph.schedule(waits, minutes, pairs) == (2, 25)


def test_reach_knows_what_comes_before_over_any_distance():
    bit, before = graph.reach(DIAMOND)
    assert before["d"] == bit["a"] | bit["b"] | bit["c"]
    assert not before["lone"]
