"""Requests: what a person wants, planned by an engineer agent, applied by a person."""

import json
import signal
from pathlib import Path

import jsonschema
import pytest

from orch.cli import shapes
from tests.support import runs
from tests.support.cli import until
from tests.support.runs import Lead
from tests.support.workers import Shop

SCHEMAS = shapes.schemas()
PLAN = {
    "tasks": [
        {"id": "model", "acceptance": "old stores open", "allowed_paths": ["app/**"]},
        {"id": "page", "dependencies": ["model"], "allowed_paths": ["web/**"]},
    ]
}
BAD = {"tasks": [{"id": "a", "dependencies": ["b"]}, {"id": "b", "dependencies": ["a"]},
                 {"id": "c", "colour": 1, "spec_file": "spec.md"}]}  # fmt: skip


@pytest.fixture
def lead(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Lead:
    return runs.lead(tmp_path, empty_store, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shop = Shop(tmp_path, monkeypatch)
    yield shop
    shop.close()


def orch(lead: Lead, *words: str) -> dict:
    """Run a command about requests; its answer has the published shape."""
    data = lead.orch.ok(*words)
    jsonschema.Draft202012Validator(SCHEMAS[" ".join(words[:2])]).validate(data)
    return data


def new(lead: Lead, *flags: str, request: str = "q") -> dict:
    words = ("request", "new", "--title", "Dark mode", "--body", "Every page.")
    return orch(lead, *words, "--request", request, *flags)


def show(lead: Lead, request: str = "q") -> dict:
    return orch(lead, "request", "show", request)


def status(lead: Lead, request: str = "q") -> str:
    return show(lead, request)["request"]["status"]


def ask(lead: Lead, *flags: str, request: str = "q", run: str = "r") -> dict:
    """Send a request to the engineer `eng`, who claims its thread; return the answer."""
    sent = orch(lead, "request", "plan", request, "--agent", "eng", "--run", run, *flags)
    lead.inbox.ok("claim", "--agent", "eng", "--thread", sent["attempt"]["thread_id"])
    return sent


def deliver(lead: Lead, plan: object, *flags: str, request: str = "q") -> dict:
    """Let the engineer deliver; return what the request then shows."""
    thread = show(lead, request)["attempt"]["thread_id"]
    body = plan if isinstance(plan, str) else json.dumps(plan)
    words = ("done", "--agent", "eng", "--thread", thread, "--summary", "s", "--body", body)
    lead.inbox.ok(*words, *flags)
    return show(lead, request)


def claim_again(lead: Lead, request: str = "q") -> str:
    thread = show(lead, request)["attempt"]["thread_id"]
    lead.inbox.ok("claim", "--agent", "eng", "--thread", thread)
    return thread


def test_a_request_is_stored_with_an_id_of_its_own(lead: Lead) -> None:
    made = orch(lead, "request", "new", "--title", "T", "--body", "B", "--from", "alice",
                "--priority", "high", "--run", "r")  # fmt: skip
    found = made["request"]
    assert found["request_id"].startswith("req_") and found["status"] == "new"
    assert (found["requester"], found["priority"], found["run_id"]) == ("alice", "high", "r")
    assert made["next"] == f"orch request plan {found['request_id']} --harness claude"
    event, = lead.events("request_new")  # fmt: skip
    assert (event["actor"], event["summary"]) == ("alice", "T")
    other = new(lead)["request"]
    assert (other["request_id"], other["requester"], other["run_id"]) == ("q", "leader", None)
    listed = orch(lead, "request", "list")["requests"]
    assert [r["request_id"] for r in listed] == ["q", found["request_id"]]
    assert len(orch(lead, "request", "list", "--run", "r")["requests"]) == 1
    assert orch(lead, "request", "list", "--status", "planned")["requests"] == []
    body = lead.home / "body"
    body.write_text("from a file")
    read = orch(lead, "request", "new", "--title", "T", "--body-file", str(body))
    assert read["request"]["body"] == "from a file"


def test_once_by_its_key(lead: Lead) -> None:
    words = ("request", "new", "--title", "T", "--body", "B", "--key", "k")
    first, again = orch(lead, *words), orch(lead, *words)
    assert again.pop("replayed") is True and first == again
    new(lead)
    words = ("request", "plan", "q", "--agent", "eng", "--run", "r", "--key", "k")
    first, again = orch(lead, *words), orch(lead, *words)
    assert again.pop("replayed") is True and first == again
    assert len(lead.attempts("plan-q")) == 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--title", "T"), "flag"),
        (("--title", "T", "--body", "  \n "), "flag"),
        (("--title", " ", "--body", "B"), "value"),
        (("--title", "a\nb", "--body", "B"), "value"),
        (("--body", "B"), "flag"),
        (("--title", "T", "--body", "B", "--request", "../x"), "value"),
        (("--title", "T", "--body", "B", "--request", "x" * 53), "value"),
        (("--title", "T", "--body", "B", "--priority", "soon"), "value"),
        (("--title", "T", "--body-file", "nowhere"), "file"),
        (("--title", "T", "--body", "x" * (1 << 20) + "x"), "text"),
    ],
)
def test_no_request(lead: Lead, flags: tuple[str, ...], reason: str) -> None:
    if len(flags[-1]) > 1 << 17:  # Longer than one argument may be.
        path = lead.home / "long"
        path.write_text(flags[-1])
        flags = (*flags[:-2], "--body-file", str(path))
    lead.orch.refuse("invalid_input", reason, "request", "new", *flags)
    assert orch(lead, "request", "list")["requests"] == []


def test_unknown_twice_and_closed(lead: Lead) -> None:
    new(lead, request="dark-mode")
    for words in (("show",), ("plan", "--agent", "e")):
        error = lead.orch.refuse(
            "not_found", "request", "request", words[0], "dark-mod", *words[1:]
        )
        assert "dark-mode" in error["hint"]
    lead.refuse("not_found", "request", "plan", "apply", "--request", "dark-mod")
    error = lead.orch.refuse("invalid_state", "duplicate", "request", "new", "--title", "T",
                             "--body", "B", "--request", "dark-mode")  # fmt: skip
    assert "orch request show dark-mode" in error["hint"]
    lead.orch.refuse("not_found", "run", "request", "new", "--title", "T", "--body", "B", "--run",
                     "x")  # fmt: skip
    lead.orch.refuse("not_found", "run", "request", "list", "--run", "x")
    lead.orch.refuse("invalid_input", "flag", "request", "plan", "dark-mode")
    lead.do("run", "close")
    lead.refuse("invalid_state", "closed", "request", "new", "--title", "T", "--body", "B")
    lead.refuse("invalid_state", "closed", "request", "plan", "dark-mode", "--agent", "e")
    assert status(lead, "dark-mode") == "new"
    lead.orch.refuse("invalid_input", "flag", "request", "plan", "dark-mode", "--agent", "e",
                     "--", "prog")  # fmt: skip


def test_from_a_request_to_tasks_that_know_it(lead: Lead) -> None:
    new(lead, "--from", "alice")
    sent = ask(lead)
    assert sent["request"]["status"] == "planning" and sent["task"]["status"] == "dispatched"
    thread = lead.inbox.ok("show", "--thread", sent["attempt"]["thread_id"])
    published = lead.orch.ok("plan", "schema")["schema"]
    assert thread["thread"]["expects"] == published
    brief = thread["messages"][0]["body"]
    for part in ("| Every page.", json.dumps(published, separators=(",", ":"), ensure_ascii=False),
                 "An example:", "--status blocked", "inbox done --summary TEXT --body-file",
                 f"orch plan check {sent['attempt']['out_path']}/plan.json --run r"):  # fmt: skip
        assert part in brief
    assert "rules: leave" not in brief and "checks that there are: none" in brief
    lead.refuse("invalid_state", "not_ready", "plan", "apply", "--request", "q")
    error = lead.orch.refuse("invalid_state", "transition", "request", "plan", "q", "--agent", "x")
    assert "eng is planning request q" in error["message"]
    shown = deliver(lead, PLAN, "--validate")
    assert (shown["request"]["status"], shown["task"]["status"]) == ("planned", "done")
    assert json.loads(shown["plan"]["text"]) == PLAN and shown["plan"]["problems"] == []
    assert shown["next"] == "orch plan apply --request q --dry-run"
    assert [t["task_id"] for t in lead.do("task", "list")["tasks"]] == ["plan-q"]
    for words in (("plan", "check"), ("plan", "apply", "--dry-run")):
        seen = lead.orch.ok(*words[:2], "--request", "q", *words[2:])
        assert [c["change"] for c in seen["changes"]] == ["added", "added"]
    lint = lead.orch.refuse("invalid_input", "schema", "plan", "lint", "--request", "q")
    assert {p["rule"] for p in lint["details"]["problems"]} == {"acceptance", "checks"}
    done = lead.orch.ok("plan", "apply", "--request", "q", "--key", "k")
    assert done["run_id"] == "r" and done["event_id"] == lead.events("request_applied")[0][
        "event_id"]  # fmt: skip
    assert lead.orch.ok("plan", "apply", "--request", "q", "--key", "k")["replayed"] is True
    again = lead.orch.ok("plan", "apply", "--request", "q")
    assert [c["change"] for c in again["changes"]] == ["unchanged"] * 2 and again["event_id"] == 0
    shown = show(lead)
    assert (shown["request"]["status"], shown["request"]["tasks"]) == ("applied", 2)
    assert [t["task_id"] for t in shown["tasks"]] == ["model", "page"]
    task = lead.do("task", "show", "--task", "page")["task"]
    assert task["request_id"] == "q"
    shown = lead.orch.quick("task", "show", "r/page")
    assert "of request q\n" in shown.out and "orch request show q" in shown.steps
    steps = [s["what"] for s in lead.do("trace", "--task", "page")["steps"]]
    assert steps[:3] == ["request_new by alice", "request_planning by leader",
                         "request_planned by eng"]  # fmt: skip
    assert steps.index("request_applied by leader") > 2 and "task_added by leader" in steps
    assert lead.do("trace", "--task", "plan-q")["request_id"] == "q"
    assert lead.doctor() == []


def test_without_a_run_it_gets_one_of_its_own(lead: Lead) -> None:
    new(lead)
    sent = orch(lead, "request", "plan", "q", "--agent", "eng")
    assert (sent["request"]["run_id"], sent["task"]["task_id"]) == ("q", "plan-q")
    run = lead.do("run", "show", run="q")["run"]
    assert (run["goal"], run["repo_path"]) == ("Dark mode", str(lead.top))
    lead.inbox.ok("claim", "--agent", "eng", "--next")
    deliver(lead, PLAN)
    assert lead.orch.ok("plan", "apply", "--request", "q")["run_id"] == "q"
    ready = lead.do("ready", run="q")["tasks"]
    assert [t["task_id"] for t in ready] == ["model"]
    new(lead, request="other")
    for words, reason in ((("--repo-path", "nowhere"), "file"), (("--repo-path", "/"), "file")):
        lead.orch.refuse(
            "invalid_input", reason, "request", "plan", "other", "--agent", "e", *words
        )
    lead.orch.refuse("invalid_state", "terminal", "request", "plan", "q", "--agent", "e")
    lead.orch.refuse("invalid_input", "flag", "request", "plan", "other", "--agent", "e", "--run",
                     "q", "--repo-path", ".")  # fmt: skip


def test_questions_go_the_way_of_any_task(lead: Lead) -> None:
    new(lead)
    sent = ask(lead)
    thread = sent["attempt"]["thread_id"]
    lead.inbox.ok("update", "--agent", "eng", "--thread", thread, "--status", "blocked", "--body",
                  "All pages?")  # fmt: skip
    assert lead.do("wait", "--for", "task_blocked")["task"]["task_id"] == "plan-q"
    question, = lead.do("blocked")["tasks"]  # fmt: skip
    assert question["question"]["body"] == "All pages?"
    shown = show(lead)
    assert (shown["request"]["status"], shown["question"]["body"]) == ("asked", "All pages?")
    assert shown["next"] == "orch answer r/plan-q --body TEXT"
    said = lead.orch.say("request", "show", "q")
    assert "| All pages?" in said and said.splitlines()[-1] == "next: " + shown["next"]
    lead.do("answer", "--task", "plan-q", "--body", "All.")
    assert show(lead)["next"] == "orch wait --run r", "it is answered already"
    lead.inbox.ok("wait-reply", "--agent", "eng", "--thread", thread)
    lead.inbox.ok("update", "--agent", "eng", "--thread", thread, "--status", "in_progress",
                  "--summary", "s")  # fmt: skip
    assert status(lead) == "planning"
    assert deliver(lead, PLAN)["request"]["status"] == "planned"
    kinds = [e["event_type"] for e in lead.events() if e["event_type"].startswith("request_")]
    assert kinds == ["request_planning", "request_asked", "request_planning", "request_planned"]


def test_a_plan_that_breaks_a_rule_goes_back_with_every_problem(lead: Lead) -> None:
    lead.config('[check.unit]\ncommand = ["true"]\n')
    new(lead)
    ask(lead)
    thread = show(lead)["attempt"]["thread_id"]
    error = lead.inbox.refuse(
        "invalid_input", "schema", "done", "--validate", "--agent", "eng", "--thread", thread,
        "--body", json.dumps(BAD),
    )  # fmt: skip
    assert "colour" in str(error)
    shown = deliver(lead, BAD)
    assert shown["request"]["status"] == "planning", "it went back by itself"
    assert shown["attempt"]["attempt_no"] == 2 and shown["attempt"]["assigned_to"] == "eng"
    told = [p["message"] for p in shown["plan"]["problems"]]
    assert len(told) == 2 and "forever: a -> b -> a" in " ".join(told)
    assert "unknown field" in " ".join(told)
    brief = lead.inbox.ok("show", "--thread", shown["attempt"]["thread_id"])["messages"][0]["body"]
    assert all(words in brief for words in told) and "unit" in brief
    assert lead.attempts("plan-q")[0]["status"] == "failed"
    claim_again(lead)
    assert deliver(lead, "no plan: [")["attempt"]["attempt_no"] == 3
    claim_again(lead)
    shown = deliver(lead, {"tasks": [{"id": "x", "spec_file": "a.md"}, {"id": "plan-q"}]})
    assert shown["request"]["status"] == "refused", "three times by itself, then a person decides"
    words = " ".join(p["message"] for p in shown["plan"]["problems"])
    assert "write the text into spec" in words and "is this task itself" in words
    assert shown["next"].startswith("orch request plan q --agent")
    lead.refuse("invalid_state", "not_ready", "plan", "apply", "--request", "q")
    lead.orch.ok("request", "plan", "q", "--agent", "eng", "--body", "Think of the model first.")
    thread = claim_again(lead)
    assert "Think of the model first." in lead.inbox.ok("show", "--thread", thread)["messages"][0][
        "body"]  # fmt: skip
    assert deliver(lead, PLAN)["request"]["status"] == "planned"
    assert show(lead)["request"]["plans"] == 4
    assert lead.doctor() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "aliases are not read"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchors are not read"),
        ("[" * 5000 + "]" * 5000, "64"),
        ('{"tasks": []}', "holds no task"),
        ('{"tasks": [{"id": "a"}, {"id": "a"}]}', "is there twice"),
        ('{"tasks": [{"id": "a", "dependencies": ["nowhere"]}]}', "there is no task nowhere"),
        ("just words", "holds no task"),
        ("```\nnot a plan\n```", "holds no task"),
    ],
)
def test_answers_that_are_no_plan(lead: Lead, text: str, words: str) -> None:
    new(lead)
    ask(lead)
    shown = deliver(lead, text)
    assert any(words in p["message"] for p in shown["plan"]["problems"]), shown["plan"]
    assert shown["request"]["status"] == "planning"


@pytest.mark.parametrize(
    "text",
    ["tasks:\n- id: a\n  priority: 1\n", "```yaml\n- id: a\n```", "```json\n" + '{"id": "a"}\n```'],
)
def test_a_plan_in_yaml_or_in_a_fence_is_a_plan(lead: Lead, text: str) -> None:
    new(lead)
    ask(lead)
    assert deliver(lead, text)["request"]["status"] == "planned"


def test_a_plan_as_a_payload_and_a_result_that_says_nothing(lead: Lead) -> None:
    new(lead)
    ask(lead)
    thread = show(lead)["attempt"]["thread_id"]
    lead.inbox.ok("done", "--agent", "eng", "--thread", thread, "--summary", "done")
    assert "no plan in the result" in show(lead)["plan"]["problems"][0]["message"]
    thread = claim_again(lead)
    lead.inbox.ok("done", "--validate", "--agent", "eng", "--thread", thread, "--summary", "s",
                  "--payload-json", json.dumps(PLAN))  # fmt: skip
    assert status(lead) == "planned"


def test_an_engineer_who_gives_up_and_one_that_is_called_off(lead: Lead) -> None:
    new(lead)
    sent = ask(lead)
    lead.inbox.ok("fail", "--agent", "eng", "--thread", sent["attempt"]["thread_id"], "--summary",
                  "too vague")  # fmt: skip
    shown = show(lead)
    assert (shown["request"]["status"], shown["task"]["status"]) == ("failed", "failed")
    assert shown["request"]["reason"] == "r/plan-q is failed: too vague"
    sent = ask(lead)
    assert sent["attempt"]["attempt_no"] == 2
    lead.do("cancel", "--task", "plan-q")
    assert status(lead) == "failed"
    sent = ask(lead)
    assert (sent["task"]["task_id"], sent["attempt"]["attempt_no"]) == ("plan-q-2", 1)
    assert deliver(lead, PLAN)["request"]["status"] == "planned"
    sent = orch(lead, "request", "plan", "q", "--agent", "eng", "--body", "smaller")
    assert sent["task"]["task_id"] == "plan-q-3", "a sound plan can be planned anew"
    lead.refuse("invalid_state", "not_ready", "plan", "apply", "--request", "q")
    lead.run(run="s")
    lead.do("cancel", "--task", "plan-q-3")
    lead.orch.refuse("invalid_state", "transition", "request", "plan", "q", "--agent", "e", "--run",
                     "s")  # fmt: skip


def test_a_leader_may_retry_or_reassign_the_planning_like_any_task(lead: Lead) -> None:
    new(lead)
    sent = ask(lead)
    lead.inbox.ok("fail", "--agent", "eng", "--thread", sent["attempt"]["thread_id"], "--summary",
                  "too vague")  # fmt: skip
    assert status(lead) == "failed"
    sent = lead.do("retry", "--task", "plan-q", "--body", "Look again.")
    assert status(lead) == "planning"
    brief = sent["message"]["body"]
    assert "| Every page." in brief and "Look again." in brief and "too vague" in brief
    assert sent["thread"]["expects"] is not None
    lead.do("reassign", "--task", "plan-q", "--to", "eng2")
    assert show(lead)["attempt"]["assigned_to"] == "eng2"
    thread = show(lead)["attempt"]["thread_id"]
    lead.inbox.ok("claim", "--agent", "eng2", "--thread", thread)
    lead.inbox.ok("done", "--agent", "eng2", "--thread", thread, "--body", json.dumps(PLAN))
    shown = show(lead)
    assert (shown["request"]["status"], shown["plan"]["agent"]) == ("planned", "eng2")
    assert lead.doctor() == []


def test_a_broken_orch_toml_holds_the_judging_and_is_told(lead: Lead) -> None:
    new(lead)
    ask(lead)
    lead.config("[check\n")
    assert deliver(lead, PLAN)["task"]["status"] == "verifying"
    problem, = lead.do("reconcile")["problems"]  # fmt: skip
    assert problem.startswith("a request waits: ") and "orch.toml" in problem
    lead.config("")
    assert status(lead) == "planned"


def test_a_run_that_is_closed_plans_and_takes_nothing(lead: Lead) -> None:
    for name in ("q", "p"):
        new(lead, request=name)
        ask(lead, request=name)
    deliver(lead, PLAN, request="p")
    lead.do("run", "close")
    lead.refuse("invalid_state", "closed", "plan", "apply", "--request", "p")
    shown = show(lead)
    assert (shown["request"]["status"], shown["request"]["reason"]) == (
        "failed", "run r was closed")  # fmt: skip
    lead.run(run="s")
    lead.refuse("invalid_state", "closed", "request", "plan", "q", "--agent", "eng")
    assert ask(lead, run="s")["request"]["run_id"] == "s"
    assert deliver(lead, PLAN)["request"]["status"] == "planned"
    assert lead.orch.ok("plan", "apply", "--request", "p", "--run", "s")["run_id"] == "s"
    assert lead.doctor() == []


def test_a_plan_file_may_name_its_request(lead: Lead) -> None:
    new(lead)
    plan = lead.home / "plan.yaml"
    plan.write_text("request: q\ntasks:\n- id: a\n- id: b\n  request: other\n")
    error = lead.refuse("invalid_input", "schema", "plan", "apply", str(plan))
    assert "there is no request other" in error["message"]
    new(lead, request="other")
    lead.do("plan", "apply", str(plan))
    assert [show(lead, r)["request"]["status"] for r in ("q", "other")] == ["applied"] * 2
    shown = {t: lead.do("task", "show", "--task", t)["task"]["request_id"] for t in ("a", "b")}
    assert shown == {"a": "q", "b": "other"}
    plan.write_text("tasks:\n- id: a\n  title: new\n- id: c\n")
    lead.do("plan", "apply", str(plan))
    assert lead.do("task", "show", "--task", "a")["task"]["request_id"] == "q", "it keeps it"
    assert lead.do("task", "show", "--task", "c")["task"]["request_id"] is None
    steps = [s["what"] for s in lead.do("trace", "--task", "a")["steps"]]
    assert steps[0] == "request_new by leader" and "request_applied by leader" in steps
    plan.write_text("request: [q]\ntasks:\n- id: a\n")
    error = lead.refuse("invalid_input", "schema", "plan", "check", str(plan))
    assert error["details"]["problems"][0]["path"] == "request"
    exported = lead.do("plan", "export", "--format", "json")
    found = {t["id"]: t.get("request") for t in json.loads(exported["text"])["tasks"]}
    assert found == {"a": "q", "b": "other", "c": None}


def test_a_requests_plan_is_exported_and_applied_from_the_file(lead: Lead) -> None:
    new(lead)
    ask(lead)
    deliver(lead, PLAN)
    lead.orch.refuse("invalid_input", "flag", "plan", "export")
    lead.refuse("invalid_input", "flag", "plan", "export", "--request", "q")
    lead.refuse("invalid_input", "flag", "plan", "check", "x.yaml", "--request", "q")
    lead.orch.refuse("invalid_input", "flag", "plan", "apply", "x.yaml")
    path = lead.home / "plan.yaml"
    said = lead.orch.say("plan", "export", str(path), "--request", "q")
    assert said.startswith("wrote 2 tasks of request q to ")
    lead.run(run="s")
    lead.orch.ok("plan", "apply", str(path), "--run", "s")
    assert lead.do("task", "show", "--task", "page", run="s")["task"]["request_id"] == "q"
    assert status(lead) == "applied"
    names = [t["id"] for t in json.loads(lead.do("plan", "export", "--format", "json")["text"])[
        "tasks"]]  # fmt: skip
    assert names == [], "the task in which it was planned is no part of a plan"


def test_a_spent_budget_holds_the_planning_too(lead: Lead) -> None:
    new(lead)
    lead.do("run", "budget", "--budget", "attempts=0")
    lead.refuse("refused", "budget", "request", "plan", "q", "--agent", "eng")
    assert lead.do("task", "list")["tasks"] == [] and status(lead) == "new"
    lead.do("run", "budget", "--budget", "attempts=1")
    ask(lead)
    deliver(lead, BAD)
    assert status(lead) == "refused"
    assert "a request waits: run r has spent" in lead.do("reconcile")["problems"][0]
    lead.do("run", "budget", "--budget", "attempts=2")
    assert status(lead) == "planning", "it goes back as soon as it may"


def shop_words(shop: Shop, *actions: str, flags: tuple[str, ...] = ()) -> list[str]:
    argv = shop.argv(*actions, harness="command")
    return ["request", "plan", "q", "--run", "r", *flags, "--harness", "command",
            *argv[argv.index("--") :]]  # fmt: skip


def ask_for(shop: Shop) -> None:
    shop.orch.ok("request", "new", "--title", "T", "--body", "B", "--request", "q")


def plan_file(shop: Shop, plan: object, name: str = "plan.json") -> str:
    path = shop.path / ".orch" / name
    path.write_text(json.dumps(plan))
    return str(path)


def test_a_harness_plans_it_in_the_foreground(shop: Shop) -> None:
    ask_for(shop)
    data = shop.orch.ok(*shop_words(shop, "brief", f"deliver={plan_file(shop, PLAN)}"))
    jsonschema.Draft202012Validator(SCHEMAS["request plan"]).validate(data)
    assert (data["request"]["status"], data["attempt"]["assigned_to"]) == ("planned", "engineer-q")
    turn, = data["turns"]  # fmt: skip
    assert (turn["outcome"], turn["reported"], turn["task_id"]) == ("done", "done", "plan-q")
    assert "| B" in shop.log("plan-q")
    assert shop.orch.ok("plan", "apply", "--request", "q")["run_id"] == "r"


def test_a_missing_client_is_told_before_anything_is_made(shop: Shop) -> None:
    ask_for(shop)
    for words in (("--harness", "nope"), ("--harness", "command"),
                  ("--harness", "command", "--", "/no/such")):  # fmt: skip
        shop.orch.refuse("invalid_input", "value", "request", "plan", "q", "--run", "r", *words)
    shown = shop.orch.ok("request", "show", "q")
    assert (shown["request"]["status"], shown["task"]) == ("new", None)


def test_a_bad_plan_goes_back_to_the_program_until_a_person_has_to_decide(shop: Shop) -> None:
    ask_for(shop)
    data = shop.orch.ok(*shop_words(shop, "brief", f"hand-in={plan_file(shop, BAD)}"))
    assert data["request"]["status"] == "refused" and len(data["turns"]) == 3
    assert "The plan before was refused" in shop.log("plan-q", 2)
    said = shop.orch.say("request", "show", "q").splitlines()
    assert said[0].startswith("request q status refused") and "forever" in "\n".join(said)


def test_a_plan_that_breaks_a_binding_rule_is_refused_unless_it_is_allowed(shop: Shop) -> None:
    shop.repo.commit("orch.toml", '[plan]\nacceptance = "refuse"\n')
    loose = {"tasks": [{"id": "x", "title": "X"}]}
    ask_for(shop)
    words = shop_words(shop, "brief", f"hand-in={plan_file(shop, loose)}")
    error = shop.orch.refuse("invalid_input", "lint", *words)
    assert {one["rule"] for one in error["details"]["problems"]} == {"acceptance"}
    assert "it does not say what counts as done" in shop.log("plan-q", 2), "the engineer was told"
    shop.orch.refuse("invalid_input", "flag", *words[:5], "--allow", "acceptance", *words[5:])
    allowed = (*words[:5], "--allow", "acceptance", "--reason", "a spike", "--body", "x")
    assert shop.orch.ok(*allowed, *words[5:])["request"]["status"] == "planned"
    shop.orch.ok("plan", "apply", "--request", "q")
    (told,) = shop.orch.ok("events", "--run", "r", "--type", "plan_allowed")["events"]
    assert told["payload"] == {"rules": ["acceptance"], "reason": "a spike", "request_id": "q"}


def test_its_question_waits_in_the_foreground_and_is_answered_from_elsewhere(shop: Shop) -> None:
    ask_for(shop)
    answered = str(shop.path / ".orch" / "answered")
    words = shop_words(shop, "ask=which?", f"until={answered}", f"deliver={plan_file(shop, PLAN)}")
    with shop.orch.start("--json", *words) as running:
        shop.orch.ok("wait", "--run", "r", "--for", "task_blocked")
        assert shop.orch.ok("request", "show", "q")["request"]["status"] == "asked"
        shop.orch.ok("answer", "--run", "r", "--task", "plan-q", "--body", "this")
        Path(answered).touch()
        assert running.wait().data["request"]["status"] == "planned"


def test_cut_off_and_called_again_it_goes_on_with_the_same_planning(shop: Shop) -> None:
    ask_for(shop)
    sign = shop.path / ".orch" / "started"
    with shop.orch.start("--json", *shop_words(shop, f"touch={sign}", "hang")) as running:
        until(sign.exists, "the engineer to begin")
        running.signal(signal.SIGTERM)
        assert running.wait().status == 128 + signal.SIGTERM
    assert shop.orch.ok("request", "show", "q")["request"]["status"] == "planning"
    data = shop.orch.ok(*shop_words(shop, f"deliver={plan_file(shop, PLAN)}"))
    assert (data["request"]["status"], data["attempt"]["attempt_no"]) == ("planned", 1)
