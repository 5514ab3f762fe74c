"""`orch top` on a terminal: each key gives its command, and the store has what came of it.

The app is driven by textual's Pilot on a real store; what a terminal itself adds (start, resize,
quit, NO_COLOR, ASCII) is tested on a real one.
"""

import asyncio
import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from orch.board_app.app import BoardApp
from orch.board_app.feed import Feed
from orch.board_app.reader import Reader
from tests.support.cli import clean_environment
from tests.support.queues import Landing
from tests.support.stage import Stage
from tests.support.terminal import Terminal

_SECONDS = 30.0


@pytest.fixture
def land(day_stage: Stage[Landing], monkeypatch: pytest.MonkeyPatch) -> Landing:
    found = day_stage.restore(monkeypatch)
    monkeypatch.chdir(found.lead.top)
    return found


class Hand:
    """Somebody at the keys of a board."""

    def __init__(self, app: BoardApp, pilot: object) -> None:
        self.app, self._pilot = app, pilot

    @property
    def lines(self) -> list[str]:
        """The board as it is drawn."""
        return ["".join(text for _, text in line).rstrip() for line in self.app.board.drawn.lines]

    async def sees(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        end = time.monotonic() + _SECONDS
        while not condition():
            assert time.monotonic() < end, f"never {what}: " + "\n".join(self.lines)
            await self._pilot.pause(0.01)  # type: ignore[attr-defined]

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self._pilot.press(*keys)  # type: ignore[attr-defined]

    async def resizes(self, wide: int, high: int) -> None:
        """Make the terminal another size."""
        await self._pilot.resize_terminal(wide, high)  # type: ignore[attr-defined]

    async def types(self, text: str) -> None:
        """Type words and Enter."""
        await self.sees(lambda: self.app.focused is not self.app.board, "a line to type in")
        await self.press(*text, "enter")

    async def goes_to(self, name: str) -> None:
        """Put the cursor on a task."""
        await self.press("home")
        await self.sees(lambda: name in [row.name for row in self.app.found], f"{name} on it")
        for _ in range(30):
            if self.app.row is not None and self.app.row.name == name:
                return
            await self.press("down")
        raise AssertionError(f"no {name}: {self.lines}")

    async def says(self, words: str) -> None:
        """Wait for words in the line that says what came of a key."""
        await self.sees(lambda: words in self.app.view.message, f"said {words!r}")


def at(
    land: Landing, plays: Callable[[Hand], Awaitable[None]], size: tuple[int, int] = (80, 24)
) -> None:
    """Let somebody play on a board of that size."""

    async def _play() -> None:
        feed = Feed(land.lead.inbox.where, None)
        feed.start()
        app = BoardApp(feed, land.lead.inbox.where, None)
        async with app.run_test(size=size) as pilot:
            hand = Hand(app, pilot)
            await hand.sees(lambda: app.found and hand.lines, "a board")
            await plays(hand)
        feed.stop()
        assert app.failure is None

    asyncio.run(_play())


def kinds(land: Landing) -> list[str]:
    return [need["kind"] for need in land.orch.ok("top")["needs"]]


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
def test_keys_answer_retry_and_cancel_at_every_size(land: Landing, size: tuple[int, int]) -> None:
    async def _plays(hand: Hand) -> None:
        assert len(hand.lines) == size[1] and "NEEDS YOU 3" in hand.lines[2]
        await hand.goes_to("r/session")
        await hand.press("a")
        await hand.types("redis")
        await hand.says("answered")
        assert "$ orch answer r/session --body redis" not in hand.lines  # It was given.
        await hand.sees(lambda: "NEEDS YOU 2" in hand.lines[2], "two needs")
        await hand.goes_to("r/tax")
        assert any(line.startswith("$ orch retry r/tax") for line in hand.lines)
        await hand.press("enter")
        await hand.sees(lambda: "NEEDS YOU 1" in hand.lines[2], "one need")
        await hand.goes_to("r/coupon")
        await hand.press("x")
        await hand.types("out of scope")
        await hand.says("cancelled")

    at(land, _plays, size)
    assert kinds(land) == ["landing"]
    assert len(land.lead.attempts("tax")) == 2
    assert land.lead.status_of("coupon") == "cancelled"
    (answer,) = land.lead.events("task_answered")
    assert answer["summary"] == "redis"


def test_a_whole_run_from_the_board_alone(land: Landing) -> None:
    """Begun, given a task, given out, called off, queued, landed, integrated, closed."""
    run = "add-a-page-about-soups"

    async def _begins(hand: Hand) -> None:
        await hand.press("b")
        await hand.types("Add a page about soups.")
        await hand.goes_to(f"{run}/{run}")
        await hand.press("+")
        await hand.types("index")
        await hand.types("An index")
        await hand.goes_to(f"{run}/index")
        await hand.press("enter")
        await hand.types("w1")
        await hand.says("dispatched")
        await hand.goes_to(f"{run}/{run}")
        await hand.press("x")
        await hand.types("not today")
        await hand.says("cancelled")

    async def _ends(hand: Hand) -> None:
        def _is_there(name: str, status: str) -> bool:
            return (name, status) in [(row.name, row.status) for row in hand.app.found]

        for name, status in (
            (run, "landing"), (f"{run}/index", "landing"), (run, "integrate"), (run, "finished")
        ):  # fmt: skip
            await hand.sees(partial(_is_there, name, status), f"{name} {status}")
            await hand.goes_to(name)
            await hand.press("enter")
            await hand.sees(lambda: not hand.app._busy, "an end")
            assert hand.app.view.style == "green", hand.app.view.message

    at(land, _begins, (120, 40))
    (attempt,) = land.lead.attempts("index", run=run)
    sent = {"attempt": attempt, "thread": {"thread_id": attempt["thread_id"]}}
    land.lead.claim(sent)
    land.lead.commit(sent, "index.txt")
    land.lead.done(sent)
    at(land, _ends, (120, 40))
    assert land.orch.ok("run", "show", "--run", run)["run"]["closed_at"]
    assert "index.txt" in land.lead.repo.git("ls-tree", "--name-only", "main")


def test_y_shows_the_diff_first_and_asks_who_it_is_and_m_lands(land: Landing) -> None:
    async def _plays(hand: Hand) -> None:
        await hand.goes_to("r/login")
        await hand.press("y")
        await hand.sees(lambda: isinstance(hand.app.screen, Reader), "the diff")
        assert "+print('in')" in "\n".join(hand.app.screen._lines)
        await hand.press("escape")  # Not yet.
        await hand.press("y")
        await hand.sees(lambda: isinstance(hand.app.screen, Reader), "the diff")
        await hand.press("enter")
        await hand.types("ana")
        await hand.says("ana")
        await hand.press("m")
        await hand.says("landed")

    at(land, _plays)
    shown = land.show("r/login")
    assert "ana" in str(shown["entry"]["approvals"]["given"])
    assert shown["entry"]["status"] == "verified"


def test_a_persons_word_is_refused_inside_an_attempt(
    land: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def _plays(hand: Hand) -> None:
        monkeypatch.setenv("ORCH_TURN", "t")
        await hand.goes_to("r/login")
        await hand.press("enter")
        await hand.types("ana")
        await hand.says("a person's word")

    at(land, _plays)
    assert not land.show("r/login")["entry"]["approvals"]["given"]


def test_looking_filtering_and_words_left_out(land: Landing) -> None:
    async def _plays(hand: Hand) -> None:
        every = [row.name for row in hand.app.found]
        await hand.press("/")
        await hand.types("status:failed")
        await hand.sees(lambda: [r.name for r in hand.app.found] == ["r/tax"], "one row")
        await hand.press("u")
        await hand.sees(lambda: [r.name for r in hand.app.found] == every, "all rows")
        await hand.press("1")
        assert hand.app.view.run == "r"
        await hand.press("9")
        await hand.says("there is no run 9")
        await hand.press("0", "tab")
        assert hand.app.row is not None and hand.app.row.pane == "work"
        for key, words in (("t", "task_added"), ("i", "attempt 1"), ("g", "└─ ○ gift"),
                           ("?", "answer its worker's question")):  # fmt: skip
            await hand.press(key)
            await hand.sees(lambda: isinstance(hand.app.screen, Reader), f"what {key} shows")
            assert words in "\n".join(hand.app.screen._lines), key
            await hand.press("q")
            await hand.sees(lambda: hand.app.screen is hand.app.screen_stack[0], "the board")
        await hand.press("l")
        await hand.says("not_found/file")  # Nobody ran an agent for it.
        await hand.press("s")
        await hand.sees(lambda: hand.app.focused is not hand.app.board, "a line")
        await hand.press(*"no", "escape")
        await hand.says("nothing was done")
        await hand.press("z")
        await hand.says("no such key")

    before = land.lead.events()
    at(land, _plays)
    assert land.lead.events() == before


def test_it_is_live_while_somebody_types(land: Landing) -> None:
    async def _plays(hand: Hand) -> None:
        await hand.goes_to("r/tax")
        await hand.press("c", *"go ")
        await asyncio.to_thread(land.lead.task, "late", "--title", "Came later")
        await hand.sees(lambda: any("Came later" in line for line in hand.lines), "the new task")
        for size in ((20, 5), (60, 20), (100, 30)):  # Resized meanwhile: no word is lost.
            await hand.resizes(*size)
        await hand.press(*"on", "enter")
        await hand.says("attempt 2")
        for paused in (True, False):
            await hand.press("p")
            await hand.sees(lambda want=paused: hand.app.row.is_paused is want, "it so")
        assert [e["event_type"] for e in land.lead.events("run_paused", "run_resumed")] == [
            "run_paused", "run_resumed",
        ]  # fmt: skip

    at(land, _plays, (100, 30))
    assert "go on" in land.inbox_of(land.lead.attempts("tax")[-1]["thread_id"])


@pytest.mark.on_file("it is moved away")
def test_a_store_that_is_swapped_ends_it_with_the_reason(land: Landing) -> None:
    async def _play() -> None:
        feed = Feed(land.lead.inbox.where, None)
        feed.start()
        app = BoardApp(feed, land.lead.inbox.where, None)
        async with app.run_test() as pilot:
            hand = Hand(app, pilot)
            await hand.sees(lambda: app.found and hand.lines, "a board")
            land.lead.store.rename(land.lead.store.with_name("away"))
            await hand.sees(lambda: app.failure is not None, "an end")
        feed.stop()
        assert app.failure is not None
        assert app.failure.reason == "replaced"

    asyncio.run(_play())


def test_on_a_terminal_it_begins_is_resized_and_leaves_it_as_it_was(land: Landing) -> None:
    with Terminal(land.orch, "top") as screen:
        before = termios.tcgetattr(screen._fd)
        screen.read(lambda s: "NEEDS YOU 3" in s.text, "first frame")
        screen.raw = b""
        fcntl.ioctl(screen._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 5, 20, 0, 0))
        os.kill(screen.process.pid, signal.SIGWINCH)
        screen.read(lambda s: "is too small" in s.text, "a clear answer")
        fcntl.ioctl(screen._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.kill(screen.process.pid, signal.SIGWINCH)
        screen.read(lambda s: "1-9 run" in s.text, "all of it")
        os.write(screen._fd, b"q")
        assert screen.wait() == 0
        assert termios.tcgetattr(screen._fd) == before
    assert b"\x1b[?1049l" in screen.raw
    assert screen.raw.rindex(b"\x1b[?1049l") > screen.raw.rindex(b"NEEDS YOU")


def test_no_colour_no_mouse_and_ascii_where_that_is_asked(land: Landing) -> None:
    more = {"NO_COLOR": "1", "LC_ALL": "", "LANG": "C"}
    with Terminal(land.orch, "top", "--no-mouse", "--for", "1", **more) as screen:
        screen.read(lambda s: "q quit" in s.text, "first frame")
        assert screen.wait() == 0
    assert b"- NEEDS YOU 3" in screen.raw
    assert not [c for c in screen.raw.decode("ascii") if ord(c) > 126]
    assert b"\x1b[?1000h" not in screen.raw
    colours = [b"\x1b[%dm" % n for n in range(31, 37)] + [b";%dm" % n for n in range(31, 37)]
    assert not [code for code in colours if code in screen.raw]


def test_printed_once_it_loads_no_textual(land: Landing) -> None:
    code = (
        "import sys; sys.argv=['orch','top','--once']; import os; from inbox.cli import kit\n"
        "from inbox.cli.call import Call\nfrom orch.cli import hot_table, main\n"
        "kit.run(Call('orch','',False,None), hot_table.PROGRAM, ['top','--once'], main.whole)\n"
        "assert 'textual' not in sys.modules and 'rich' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=land.lead.top, env=clean_environment(land.lead.home),
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
