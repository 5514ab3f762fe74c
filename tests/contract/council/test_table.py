"""The council on orch's table: shapes of every answer, help, and what hot commands load."""

import jsonschema
import pytest

from tests.support.cli import Cli
from tests.support.councils import ROLES, Council, finding, review

QUEUE = finding("Bound the job queue", target_refs={"symbols": ["queue"]})


@pytest.fixture
def council(inbox: Cli) -> Council:
    return Council(inbox)


def schema_of(council: Council, verb: str) -> dict:
    return council.orch.ok("schema", "council", verb)["schema"]


def test_every_answer_has_its_published_shape(council):
    started = council.start("--deadline", "2h", "--key", "k")
    answers = {"start": [started, council.start("--deadline", "2h", "--key", "k")]}
    answers["show"] = [council.ok("show")]
    answers["list"] = [council.orch.ok("council", "list")]
    for role in ROLES[:2]:
        council.answer(role, review(role, QUEUE))
    timed = council.orch.run("--json", "council", "wait", "--run", "C1", "--timeout-seconds", "0.1")
    answers["wait"] = [timed.json["data"]]
    answers["tally"] = [council.ok("tally", "--partial", "--key", "t")] * 2
    council.answer(ROLES[2], review(ROLES[2], QUEUE, finding("Spelling")))
    answers["wait"].append(council.ok("wait"))
    answers["tally"].append(council.ok("tally"))
    answers["report"] = [
        council.ok("report"),
        council.ok("report", "--format", "sarif", "--key", "r"),
        council.ok("report", "--format", "sarif", "--key", "r"),
    ]
    answers["show"].append(council.ok("show"))
    answers["list"].append(council.orch.ok("council", "list"))
    for verb, documents in answers.items():
        schema = schema_of(council, verb)
        jsonschema.Draft202012Validator.check_schema(schema)
        for document in documents:
            jsonschema.validate(document, schema)


@pytest.mark.parametrize("verb", ["start", "wait", "tally", "report", "show", "list"])
def test_every_command_has_help_with_its_example(council, verb):
    text = council.orch.say("council", verb, "--help")
    assert f"orch council {verb}" in text
    error = council.orch.refuse("invalid_input", "flag", "council", verb, "--xyzzy")
    assert f"orch council {verb} --help" in error["hint"]


def test_the_group_explains_itself_and_near_words(council):
    assert "tally" in council.orch.say("council", "--help")
    error = council.orch.refuse("invalid_input", "flag", "council", "taly")
    assert "did you mean tally?" in error["hint"]
    assert "council" in council.orch.say("--help")


def test_the_leaf_command_is_named_in_failures(council):
    for words in (("council", "tally", "--run", "no"), ("council", "tally", "--bogus")):
        assert council.orch.run("--json", *words).json["command"] == "tally"


def loaded(cli: Cli, *words: str) -> set[str]:
    """Return the modules that a command imports, as the interpreter tells it."""
    answer = cli.run("--json", *words, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert answer.status in (0, 10), answer
    lines = [line.rpartition("|") for line in answer.err.splitlines() if "import time:" in line]
    return {name.strip() for _, _, name in lines}


HOT = [("ready",), ("blocked",), ("status",), ("reconcile",), ("wait", "--timeout-seconds", "0.1")]


@pytest.mark.parametrize("words", HOT, ids=lambda words: words[0])
def test_hot_commands_of_orch_load_nothing_of_council(council, words):
    council.start()
    modules = loaded(council.orch, *words, "--run", "C1")
    assert "orch.cli.main" in modules
    assert not {name for name in modules if name.partition(".")[0] == "council"}
    assert not {n for n in modules if n.startswith(("orch.reports", "orch.cli.reports.reports"))}


LIGHT = [
    ("start", "--target", "x", "--target-type", "text", "--run", "C2"),
    ("wait", "--run", "C1", "--timeout-seconds", "0.1"),
    ("show", "--run", "C1"),
    ("list",),
]


@pytest.mark.parametrize("words", LIGHT, ids=lambda words: words[0])
def test_asking_and_waiting_load_neither_pydantic_nor_click(council, words):
    council.start()
    modules = loaded(council.orch, "council", *words)
    assert "council.cli.table" in modules
    assert not {name for name in modules if name.partition(".")[0] in ("pydantic", "click")}
