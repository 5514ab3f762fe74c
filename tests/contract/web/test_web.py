"""`orch web`: the API is the commands, and nobody else gets to say anything."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import validate

from inbox.cli import inside
from orch.cli import main
from orch.web import endpoints, openapi
from orch.web.guard import MOST_BYTES
from schema import events
from tests.bench import stores
from tests.support import runs
from tests.support.queues import Landing
from tests.support.stage import Stage
from tests.support.web import Web, in_threads
from tests.torture import runner

API = "/api/v1"


@pytest.fixture
def land(day_stage: Stage[Landing], monkeypatch: pytest.MonkeyPatch) -> Landing:
    return day_stage.restore(monkeypatch)


@pytest.fixture
def web(land: Landing) -> Iterator[Web]:
    with Web(land.orch) as found:
        yield found


def test_foreign_hosts_origins_and_tokens_get_nowhere(web: Web, land: Landing) -> None:
    """DNS rebinding, another site's form, a guessed or tampered session, a request of no page."""
    before = land.lead.events()
    begun = web.ask("POST", "/session", {"token": web.token}, Authorization=None)[2]
    name = begun["set-cookie"].partition("=")[0]
    answer = f"{API}/tasks/r/session/answer"
    for status, headers in (
        (403, {"Host": "evil.example"}),
        (403, {"Host": f"evil.example:{web.host.partition(':')[2]}"}),
        (403, {"Host": "127.0.0.1.evil.example:80"}),
        (403, {"Host": None}),
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "http://127.0.0.1:1"}),
        (403, {"Origin": "null"}),
        (403, {"Sec_Fetch_Site": "cross-site"}),
        (403, {"X_Orch": None}),
        (401, {"Authorization": None}),
        (401, {"Authorization": "Bearer " + web.token[:-1]}),
        (401, {"Authorization": None, "Cookie": f"{name}=" + "A" * 43}),
        (401, {"Authorization": None, "Cookie": f"{name}={web.token}"}),
    ):
        got, _, found = web.raw("POST", answer, {"body": "evil"}, **headers)
        assert got in (status, 400), headers
        if got != 400:  # Without a Host the server itself refuses.
            assert "default-src 'self'" in found["content-security-policy"]
    assert land.lead.events() == before


def test_a_session_is_had_for_the_token_alone_and_a_tampered_one_is_none(web: Web) -> None:
    assert web.ask("POST", "/session", {"token": "wrong"}, Authorization=None)[0] == 401
    status, _, headers = web.ask("POST", "/session", {"token": web.token}, Authorization=None)
    cookie = headers["set-cookie"]
    assert status == 200
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    mine = cookie.partition(";")[0]
    assert web.ask("GET", f"{API}/runs", Authorization=None, Cookie=mine)[0] == 200
    for tampered in (mine[:-1] + ("A" if mine[-1] != "A" else "B"), mine + "x", mine.upper()):
        assert web.ask("GET", f"{API}/runs", Authorization=None, Cookie=tampered)[0] == 401
    assert web.token not in cookie
    _, shell, _ = web.raw("GET", "/", Authorization=None)
    assert "Open the whole address" in shell and "session" not in shell


def test_a_body_that_is_too_large_is_refused_without_being_kept(web: Web) -> None:
    path = f"{API}/tasks/r/session/answer"
    assert web.ask("POST", path, b"", Content_Length=str(100 * 2**20))[0] == 413
    with socket.create_connection(web.host.split(":"), timeout=30) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: {web.host}\r\nX-Orch: 1\r\n"
        head += f"Authorization: Bearer {web.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
        line.sendall(head.encode())
        chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
        try:
            for _ in range(100):
                line.sendall(chunk)
        except OSError:
            pass  # It has hung up.
        assert b" 413 " in line.recv(64)
    size = int(Path(f"/proc/{web.process.pid}/statm").read_text().split()[1]) * 4096
    assert size < 20 * MOST_BYTES


def test_a_path_leads_nowhere_else(web: Web, land: Landing) -> None:
    for path in ("/page.js/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/style.css/..",
                 "//etc/passwd", f"{API}/runs/..%2f..%2fetc", "/.orch/coord.db"):  # fmt: skip
        status, text, _ = web.raw("GET", path)
        assert status == 404 and "root:" not in text, path
    for name in ("..", "-h", "--help", "%00", "a%2Fb", "x" * 300, "%ff"):
        assert web.raw("GET", f"{API}/runs/{name}")[0] in (404, 422), name
        assert web.raw("GET", f"/tasks/r/{name}")[0] in (404, 422), name
    assert land.lead.doctor() == []


def test_what_is_no_request_of_the_api_is_told_so(web: Web) -> None:
    path = f"{API}/tasks/r/session/answer"
    for body, status in ((b"{", 422), (b"[]", 422), (b'{"body": 1, "body": {"a": 2}}', 422),
                         ({"nonsense": 1}, 422), ({"body": ["a", "b"]}, 422), ({}, 422),
                         ({"body": "x\0y"}, 422), ({"body_file": "/etc/passwd"}, 422),
                         (b"[" * 100_000, 422)):  # fmt: skip
        got, said, _ = web.ask("POST", path, body)
        assert (got, said["ok"], said["error"]["code"]) == (status, False, "invalid_input"), body
    for method, where, status in (("GET", "/runs/nope", 404), ("GET", "/tasks/r/nope", 404),
                                  ("DELETE", "/runs/r", 405), ("GET", "/nonsense", 404),
                                  ("GET", "/runs?nonsense=1", 422),
                                  ("GET", "/runs/r/tasks?status=nonsense", 422)):  # fmt: skip
        assert web.ask(method, API + where)[0] == status, where
    assert web.ask("POST", f"{API}/tasks/r/menu/answer", {"body": "x"})[0] == 409


def test_each_answer_is_the_commands(web: Web, land: Landing) -> None:
    described = web.ask("GET", f"{API}/openapi.json")[1]
    names = {"run": "r", "task": "login", "entry": "ent_2"}
    asked = 0
    for endpoint in endpoints.ENDPOINTS:
        if endpoint.method != "GET" or endpoint.words == "logs":
            continue
        path = endpoints.PREFIX + endpoint.path
        status, said, _ = web.ask("GET", path.format(**names))
        assert status == 200, (endpoint.path, said)
        printed = land.orch.quick(
            "--json", "--db", land.lead.inbox.where,
            *endpoints.argv(main.PROGRAM, endpoint, names, {}, "")
        ).json  # fmt: skip
        assert said.keys() == printed.keys() and said["data"].keys() == printed["data"].keys()
        if endpoint.words in ("run list", "task list", "task show", "queue list", "diff"):
            assert said["data"] == printed["data"]
        answers = described["paths"][path]["get"]["responses"]["200"]["content"]
        schema = answers["application/json"]["schema"]
        defs = {"components": described["components"]}
        jsonschema.Draft202012Validator({**schema, **defs}).validate(said)
        asked += 1
    assert asked >= 10


def test_a_post_is_the_command_once_for_each_key(web: Web, land: Landing) -> None:
    path = f"{API}/tasks/r/session/answer"
    first = web.ask("POST", path, {"body": "redis"}, Idempotency_Key="k1")
    again = web.ask("POST", path, {"body": "redis"}, Idempotency_Key="k1")
    assert (first[0], again[0]) == (200, 200)
    assert again[1]["data"]["event_id"] == first[1]["data"]["event_id"]
    assert again[1]["data"]["replayed"] is True
    assert web.ask("POST", path, {"body": "other"}, Idempotency_Key="k1")[0] == 422
    assert len(land.lead.events("task_answered")) == 1
    assert web.ask("POST", f"{API}/tasks/r/tax/retry", {"to": "w2", "body": "again"})[0] == 200
    assert web.ask("POST", f"{API}/tasks/r/coupon/abort", {"reason": "no"})[0] == 200
    assert land.lead.status_of("coupon") == "cancelled"
    status, said, _ = web.ask("POST", f"{API}/tasks/r/login/merge", {})
    assert (status, said["error"]["reason"]) == (403, "approval_required")


def test_a_persons_word_wants_the_code_of_the_terminal(web: Web, land: Landing) -> None:
    path = f"{API}/tasks/r/login/approve"
    body = {"as": "ana", "note": "read it"}
    status, said, _ = web.ask("POST", path, body)
    assert (status, said["error"]["details"]) == (403, {"code": "wanted"})
    assert "orch approve" in said["error"]["hint"]
    code = web.code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert web.ask("POST", path, {**body, "code": wrong})[0] == 403
    assert web.ask("POST", path, {"as": "bob", "code": code})[0] == 403, "a code is for its words"
    status, said, _ = web.ask("POST", path, {**body, "code": code})
    assert status == 200, said
    assert "ana" in str(land.show("r/login")["entry"]["approvals"]["given"])
    assert web.ask("POST", path, {**body, "code": code})[0] == 403, "it counts once"
    assert web.ask("POST", f"{API}/tasks/r/login/merge", {})[0] == 200
    assert land.show("r/login")["entry"]["status"] == "verified"


def test_a_run_is_begun_and_nobody_drives_it(web: Web, land: Landing) -> None:
    body = {"text": "Add a page about soups. It names ten.", "run": "soups"}
    assert web.ask("POST", f"{API}/runs", body)[0] == 403  # It is a person's word, too.
    status, said, _ = web.ask("POST", f"{API}/runs", {**body, "code": web.code()})
    assert (status, said["data"]["run"]["run_id"], said["data"]["drive"]) == (200, "soups", None)
    assert web.ask("GET", f"{API}/runs/soups/tasks")[1]["data"]["tasks"][0]["status"] == "ready"
    assert land.orch.ok("top", "--run", "soups")["runs"][0]["driver_pid"] is None
    for wrong in ({"text": "--plan"}, {"files": ["no/such.yaml"], "code": "1"}, {"text": ["a"]}):
        assert web.ask("POST", f"{API}/runs", wrong)[0] in (403, 422)


def test_a_guesser_is_not_given_a_second_code(web: Web) -> None:
    path = f"{API}/tasks/r/login/approve"
    assert web.ask("POST", path, {"as": "ana"})[0] == 403
    code = web.code()
    for _ in range(6):
        web.ask("POST", path, {"as": "ana", "code": "000000" if code != "000000" else "000001"})
    assert web.ask("POST", path, {"as": "ana", "code": code})[0] == 403


def test_inside_an_attempt_no_person_speaks(land: Landing) -> None:
    """The server's own surroundings count, whoever asks it."""
    land.orch.env = {**land.orch.env, "ORCH_TURN": "t"}
    with Web(land.orch) as web:
        path = f"{API}/tasks/r/login/approve"
        web.ask("POST", path, {"as": "ana"})
        status, said, _ = web.ask("POST", path, {"as": "ana", "code": web.code()})
        assert (status, said["error"]["reason"]) == (403, "approval_required")
        assert "inside an attempt" in said["error"]["message"]
    land.orch.env.pop("ORCH_TURN")


def test_read_only_takes_no_command(land: Landing) -> None:
    with Web(land.orch, "--read-only") as web:
        assert web.ask("POST", f"{API}/tasks/r/session/answer", {"body": "x"})[0] == 403
        _, text, _ = web.raw("GET", "/")
        assert "Needs you" in text and "data-path" not in text
    assert land.lead.events("task_answered") == []


def test_words_of_agents_are_words(web: Web) -> None:
    for path in ("/", "/runs/r", "/tasks/r/session"):
        status, text, headers = web.raw("GET", path)
        assert status == 200
        assert "<b>database</b>" not in text and "&#60;b&#62;database" in text, path
        assert "<script>" not in text and " style=" not in text and "onclick" not in text
        assert headers["cache-control"] == "no-store"


def _write(land: Landing, many: int) -> int:
    """Commit so many events, ten at a time; return the last one's id."""
    db = land.lead.inbox.open()
    for _ in range(many // 10):
        stores.send(db, 10)
    with db.read() as tx:
        newest = events.last_id(tx)
    db.close()
    return newest


@pytest.mark.layers
def test_no_viewer_loses_an_event_and_a_slow_one_holds_up_nobody(web: Web, land: Landing) -> None:
    viewers, wanted = (16, 10_000) if runner.WHOLE else (16, 300)
    streams = [web.events() for _ in range(viewers)]
    readers = [iter(stream) for stream in streams]
    begun = [int(next(reader)["id"]) for reader in readers]
    assert web.ask("GET", f"{API}/events")[0] == 503, "a 17th finds no room"
    streams[0].close()  # One goes, and comes back where it was.
    newest = _write(land, wanted)
    ids = list(range(begun[0] + 1, newest + 1))

    def _reads(reader, came: list[int]) -> None:
        while not came or came[-1] < newest:
            one = next(reader)
            assert json.loads(one["data"])["event_id"] == int(one["id"])
            came.append(int(one["id"]))

    came: list[list[int]] = [[] for _ in readers]
    # The second one reads nothing while the others do.
    in_threads(*(lambda n=n: _reads(readers[n], came[n]) for n in range(2, viewers)))
    _reads(readers[1], came[1])
    back = web.events(**{"Last-Event-ID": str(begun[0])})
    reader = iter(back)
    assert next(reader)["id"] == str(begun[0])
    _reads(reader, came[0])
    assert all(one == ids for one in came)


def test_a_log_is_followed_line_by_line(web: Web, land: Landing) -> None:
    stream = web.events(f"{API}/tasks/r/login/log?follow=1")
    first = next(iter(stream))
    assert json.loads(first["data"])["ok"] is False  # Nobody ran an agent for it.


def test_it_ends_at_ctrl_c_and_says_how_to_go_on(web: Web) -> None:
    stream = web.events()
    next(iter(stream))
    web.process.send_signal(2)
    _, err = web.process.communicate(timeout=30)
    assert web.process.returncode == 130
    assert b"go on with: orch web" in err


@pytest.mark.layers
def test_the_description_is_valid_and_whole() -> None:
    """The validator takes a second for four requests: in `make test` it sees every seventh."""
    document = openapi.document(main.PROGRAM, main.schemas())
    assert '"#/$defs/' not in json.dumps(document), "a reference that leads nowhere here"
    some = dict(list(document["paths"].items())[:: 1 if runner.WHOLE else 7])
    validate({**document, "paths": some})
    known = {(method.upper(), path) for path, ways in document["paths"].items() for method in ways}
    assert {(e.method, endpoints.PREFIX + e.path) for e in endpoints.ENDPOINTS} < known


def test_without_the_extra_it_says_how_to_have_it(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = runs.lead(tmp_path, empty_store, monkeypatch)
    monkeypatch.setitem(sys.modules, "sse_starlette", None)
    said = inside.run(main.PROGRAM, ["web"], lead.inbox.where)
    assert said.failure is not None
    assert (said.status, said.failure.reason) == (30, "extra_missing")
    assert "pip install 'orch-inbox[web]'" in said.failure.hint


def test_a_port_that_is_taken_is_refused(land: Landing, web: Web) -> None:
    port = web.host.partition(":")[2]
    error = land.orch.refuse("invalid_input", "value", "web", "--port", port)
    assert "cannot be used" in error["message"]
    land.orch.refuse("invalid_input", "value", "web", "--port", "70000")
