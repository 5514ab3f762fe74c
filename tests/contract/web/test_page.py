"""The page of `orch web` in a browser: Debian's chromium, headless, by playwright.

Skipped, and said so, where there is no browser: `apt-get install chromium` (.ci/run does it).
"""

import os
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.support.queues import Landing
from tests.support.stage import Stage
from tests.support.web import Web

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: no browser test ran")
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not _CHROMIUM, reason="no chromium here: no browser test ran")
_EVIL = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def land(day_stage: Stage[Landing]) -> Iterator[Landing]:
    with pytest.MonkeyPatch.context() as patch:
        yield day_stage.restore(patch)


@pytest.fixture(scope="module")
def web(land: Landing) -> Iterator[Web]:
    with Web(land.orch) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as engine:
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        found = engine.chromium.launch(executable_path=_CHROMIUM, args=flags)
        yield found
        found.close()


class Visitor:
    """Somebody at a browser of a size, signed in; what went wrong in the page is kept."""

    def __init__(self, browser: object, web: Web, wide: int, high: int) -> None:
        self.page = browser.new_page(viewport={"width": wide, "height": high})  # type: ignore[attr-defined]
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.goto(web.url)
        self.page.get_by_text("live", exact=True).wait_for()

    def row(self, name: str) -> object:
        """Return the row of a task."""
        return self.page.locator(".row", has_text=name).first

    def press(self, name: str, label: str) -> None:
        """Press a button of a task's row."""
        self.row(name).get_by_role("button", name=label, exact=True).click()  # type: ignore[attr-defined]

    def fill(self, **words: str) -> None:
        """Type into what is asked for, and give it."""
        for name, text in words.items():
            self.page.locator(f"#ask [name={name}]").fill(text)
        self.page.locator("#ask button.main").click()


def test_a_day_from_the_page(web: Web, browser: object, land: Landing) -> None:
    """Sign in, answer, see it change without a reload, approve with the terminal's code, land."""
    one = Visitor(browser, web, 1280, 900)
    assert one.page.url == web.url.partition("#")[0]  # The token is gone from the address.
    one.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one.press("r/tax", "copy")
    one.page.locator(".copy", has_text="copied").wait_for()
    assert one.page.evaluate("() => navigator.clipboard.readText()") == "orch retry r/tax"
    one.press("r/session", "answer")
    assert one.page.locator("#ask pre").text_content() == "$ orch answer r/session --body TEXT"
    begun = time.monotonic()
    one.fill(body="redis, <b>please</b>")
    one.page.get_by_text("answered, not continued yet").wait_for()
    took = time.monotonic() - begun
    assert land.lead.events("task_answered")[0]["summary"] == "redis, <b>please</b>"
    land.lead.task("evil", "--title", _EVIL)
    one.page.locator(".row", has_text="r/evil").wait_for()
    assert one.page.locator(".row .text", has_text="<script>").count() == 1
    assert one.page.title() == "Board · orch"
    one.row("r/login").locator("a.name").click()  # type: ignore[attr-defined]
    one.page.locator("pre.diff", has_text="+print('in')").wait_for()
    one.press("r/login", "approve")
    one.fill(**{"as": "ana"})
    one.page.locator("#ask [name=code]").wait_for()
    one.fill(code=web.code())
    one.page.locator("#said", has_text="done").wait_for()
    one.press("r/login", "land")
    one.fill()
    one.page.locator(".what").get_by_text("landed", exact=True).wait_for()
    assert land.show("r/login")["entry"]["status"] == "verified"
    # A refused request is an answer here; the browser calls it an error all the same.
    assert [w for w in one.wrong if "403" not in w] == []
    print(f"click to page: {took * 1000:.0f} ms")
    one.page.close()


def test_a_whole_run_from_the_page_alone(web: Web, browser: object, land: Landing) -> None:
    """Begun, paused, given out, queued, landed, brought to its branch, cleaned up, closed."""
    one = Visitor(browser, web, 390, 844)
    base = web.url.partition("/#")[0]

    def _goes(to: str) -> None:
        one.page.goto(base + to) if to else one.page.reload()
        one.page.get_by_text("live", exact=True).wait_for()  # Its script runs.

    def _does(label: str, *, code: bool = False, **words: str) -> None:
        one.page.get_by_role("button", name=label, exact=True).first.click()
        one.fill(**words)
        if code:
            one.page.locator("#ask [name=code]").wait_for()
            one.fill(code=web.code())
        one.page.locator("#said", has_text=f"done: {label}").wait_for()
        _goes("")

    _does("begin a run", code=True, text="Add a page about soups. It names ten.", run="soups")
    _goes("/runs/soups")
    _does("pause", code=True)
    _does("resume", code=True)
    _does("add a task", task="index", title="An index")
    one.page.locator("td a", has_text="index").click()
    one.page.locator("h1", has_text="soups/index").wait_for()
    _goes("")
    _does("dispatch", to="w1")
    (attempt,) = land.lead.attempts("index", run="soups")
    sent = {"attempt": attempt, "thread": {"thread_id": attempt["thread_id"]}}
    land.lead.claim(sent)
    land.lead.commit(sent, "index.txt")
    land.lead.done(sent)
    land.lead.do("reconcile", run="soups")
    _goes("/")
    first = one.page.locator(".row", has_text="for nobody yet").first
    first.get_by_role("button", name="cancel").click()
    one.fill(reason="not today")
    one.page.locator("#said", has_text="done: cancel").wait_for()
    _goes("/runs/soups")
    _does("queue what is done")
    _does("land what is queued")
    _does("integrate", code=True)
    _does("clean up")
    _does("close the run", code=True)
    assert land.orch.ok("run", "show", "--run", "soups")["run"]["closed_at"]
    assert "index.txt" in land.lead.repo.git("ls-tree", "--name-only", "main")
    one.page.close()


@pytest.mark.parametrize(("wide", "high"), [(390, 844), (1280, 900)])
def test_every_page_fits(web: Web, browser: object, wide: int, high: int) -> None:
    one = Visitor(browser, web, wide, high)
    for path in ("/", "/runs/r", "/tasks/r/tax", "/tasks/r/login", "/queue"):
        one.page.goto(web.url.partition("/#")[0] + path)
        one.page.locator("main h1").wait_for()
        inside, seen = one.page.locator("html").evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert inside <= seen, path
        assert one.page.locator("[style]").count() == 0, path
    assert one.wrong == []
    one.page.close()


def test_who_has_not_the_address_sees_nothing(web: Web, browser: object) -> None:
    page = browser.new_context().new_page()  # type: ignore[attr-defined]
    page.goto(web.url.partition("#")[0])
    page.get_by_text("Open the whole address").wait_for()
    assert page.locator(".row").count() == 0
    page.goto(web.url[:-1] + ("A" if web.url[-1] != "A" else "B"))
    page.reload()
    page.locator("#said", has_text="not the token").wait_for()
    page.close()
