"""The application: routes to commands, pages and events. Whoever gets here passed the guard."""

import asyncio
import json
from functools import partial
from pathlib import Path

from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from inbox.cli import inside
from inbox.cli.grammar import Program
from orch.web import endpoints, events, openapi, pages, queue_page
from orch.web.codes import Codes
from orch.web.guard import Guard, Sessions, refusal
from schema.failures import Failure, invalid_input
from schema.json_text import Json, dumps, obj
from schema.steps import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

    from starlette.types import ASGIApp

    from orch.web.endpoints import Endpoint

    Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_SEND_SECONDS = 30  # A viewer that takes nothing for so long is let go; it comes back where it was.
_LINES_AHEAD = 100


class WebServer:
    """One store's page and API."""

    def __init__(self, program: Program, db_path: str, *, read_only: bool) -> None:
        self.sessions = Sessions()
        self.codes = Codes()
        self.bell = events.Bell(db_path)
        self._program, self._db_path, self._read_only = program, db_path, read_only
        self._openapi: Json | None = None

    def application(self) -> "ASGIApp":
        """Return the application, guarded."""
        routes = [
            Route(endpoints.PREFIX + one.path, self._handler(one), methods=[one.method])
            for one in endpoints.ENDPOINTS
        ]
        routes += [
            Route(endpoints.PREFIX + "/events", self._events),
            Route(endpoints.PREFIX + "/openapi.json", self._described),
            Route("/events", self._events),
            Route("/session", self._session, methods=["POST"]),
            Route("/", self._page(pages.board)),
            Route("/queue", self._page(queue_page.queue)),
            Route("/runs/{run}", self._page(pages.run)),
            Route("/tasks/{run}/{task}", self._page(pages.task)),
            Route("/page.js", _static("page.js", "text/javascript")),
            Route("/style.css", self._style),
            Route("/favicon.ico", _nothing),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _http_failure})
        return Guard(app, self.sessions, read_only=self._read_only)

    def ask(self, *argv: str) -> inside.Outcome:
        """Run a command on the store."""
        return inside.run(self._program, argv, self._db_path)

    def _handler(self, endpoint: "Endpoint") -> "Handler":
        async def _handle(request: Request) -> Response:
            if endpoint.streams and request.query_params.get("follow") in ("1", "true"):
                return await self._follow(endpoint, request)
            try:
                given = await _given(request)
                given.pop("follow", None)
                code = str(given.pop("code", "") or "")
                key = request.headers.get("idempotency-key", "")
                argv = endpoints.argv(self._program, endpoint, request.path_params, given, key)
            except Failure as failure:
                return _failed(endpoint, failure)
            if endpoints.is_persons_word(self._program, endpoint):
                what = joined(one for one in argv if not one.startswith("--key="))
                if not self.codes.accept(what, code):
                    self.codes.show(what)
                    return _failed(endpoint, _code_wanted(code, argv))
            outcome = await run_in_threadpool(self.ask, *argv)
            return _json(outcome.envelope, endpoints.status_of(outcome.failure))

        return _handle

    async def _follow(self, endpoint: "Endpoint", request: Request) -> Response:
        """Stream the lines of a command that follows something."""
        argv = [*endpoints.argv(self._program, endpoint, request.path_params, {}, ""), "--follow"]
        if self.bell.is_full:
            return _json(refusal("too many viewers"), 503)
        lines: asyncio.Queue[str | None] = asyncio.Queue(_LINES_AHEAD)
        loop = asyncio.get_running_loop()

        def _hear(line: str | None) -> None:
            asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()

        call = inside.Inside(self._program, argv, self._db_path, _hear)

        def _run() -> None:
            outcome = call.run()
            if outcome.failure is not None and outcome.failure.reason != "timeout":
                _hear(outcome.envelope)
            _hear(None)

        async def _lines() -> "AsyncIterator[dict[str, str]]":
            self.bell.viewers += 1
            work = loop.run_in_executor(None, _run)
            try:
                while (line := await lines.get()) is not None:
                    yield {"data": line}
            finally:
                self.bell.viewers -= 1
                call.stop()
                while not work.done():  # It may wait to be heard.
                    while not lines.empty():
                        lines.get_nowait()
                    await asyncio.sleep(0.05)

        return EventSourceResponse(_lines(), send_timeout=_SEND_SECONDS)

    async def _events(self, request: Request) -> Response:
        last = request.headers.get("last-event-id", "")
        if last and not (last.isascii() and last.isdigit() and len(last) < 16):
            return _json(refusal("Last-Event-ID is no event's id"), 422)
        if self.bell.is_full:
            return _json(refusal(f"{events.MOST_VIEWERS} viewers are there already"), 503)
        run = request.query_params.get("run")
        after = int(last) if last else None

        async def _viewed() -> "AsyncIterator[dict[str, str]]":
            self.bell.viewers += 1
            try:
                async for one in events.stream(self.bell, self._db_path, run, after):
                    yield one
            finally:
                self.bell.viewers -= 1

        return EventSourceResponse(_viewed(), send_timeout=_SEND_SECONDS)

    async def _described(self, _request: Request) -> Response:
        if self._openapi is None:
            from orch.cli import main

            self._openapi = dumps(openapi.document(self._program, main.schemas()))
        return _json(self._openapi, 200)

    async def _session(self, request: Request) -> Response:
        try:
            token = str((await _given(request)).get("token", ""))
        except Failure:
            token = ""
        session = self.sessions.begin(token)
        if session is None:
            return _json(refusal("that is not the token that the terminal shows"), 401)
        found = _json(obj(ok=True), 200)
        found.set_cookie(self.sessions.cookie, session, httponly=True, samesite="strict", path="/")
        return found

    def _page(self, make: "Callable[..., pages.Page]") -> "Handler":
        async def _handle(request: Request) -> Response:
            headers = dict(request.scope["headers"])
            if not self.sessions.knows(headers):  # Only "/" comes here without.
                return HTMLResponse(pages.shell())
            names = {"read_only": self._read_only, **request.path_params}
            page = await run_in_threadpool(partial(make, self.ask, **names))
            return HTMLResponse(page.text, page.status)

        return _handle

    async def _style(self, _request: Request) -> Response:
        return Response(pages.sheet(), media_type="text/css")


def _static(name: str, kind: str) -> "Handler":
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")

    async def _handle(_request: Request) -> Response:
        return Response(text, media_type=kind)

    return _handle


async def _nothing(_request: Request) -> Response:
    return Response(status_code=204)


async def _given(request: Request) -> "dict[str, Any]":
    """Return the query or the body as names and values. Raises: invalid_input."""
    if request.method == "GET":
        query = request.query_params
        several = {name: query.getlist(name) for name in query}
        return {name: all_[0] if len(all_) == 1 else all_ for name, all_ in several.items()}
    body = await request.body()
    if not body:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid_input(f"the body is not JSON: {error}", reason="json") from error
    if not isinstance(found, dict):
        raise invalid_input("the body is not a JSON object", reason="json")
    return found


def _code_wanted(code: str, argv: "list[str]") -> Failure:
    wrong = "that is not the code" if code else "a person's word wants a code"
    return Failure(
        "refused",
        "approval_required",
        f"{wrong}: the terminal of orch web shows one for this",
        hint=f"type it, or say it in a terminal: orch {joined(argv)}",
        details={"code": "wanted"},
    )


def _failed(endpoint: "Endpoint", failure: Failure) -> Response:
    error = obj(
        code=failure.code, reason=failure.reason, message=failure.message, hint=failure.advice,
        retry=failure.retry, details=failure.details,
    )  # fmt: skip
    command = endpoint.words.rpartition(" ")[2]
    envelope = obj(ok=False, command=command, error=error, next=[])
    return _json(envelope, endpoints.status_of(failure))


async def _http_failure(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json(refusal(error.detail), error.status_code)


def _json(envelope: Json, status: int) -> Response:
    return Response(envelope, status, media_type="application/json")
