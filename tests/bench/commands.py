"""Whole processes: every hot command against R of its own verb, everything else against R send."""

import itertools
import tempfile

from schema.queries import Query
from tests.bench import reference, stores
from tests.bench.installed import INBOX, ORCH, PYTHON, environment
from tests.bench.measure import Row, compare, run

HOT_GOAL, OTHER_GOAL = 1.15, 3.3
_LEAD, _WORKER = stores.SENDER, stores.WORKER
_TEXTS = ("--subject", "Fix the parser", "--body", stores.BODY)

_CLICK_SEND = """
import os, sys, time, apsw, click, orjson
@click.group()
def inbox(): pass
@inbox.command()
@click.option("--db", required=True)
@click.option("--from", "me", required=True)
@click.option("--to", required=True)
@click.option("--subject", required=True)
@click.option("--body")
@click.option("--json", "as_json", is_flag=True)
def send(db, me, to, subject, body, as_json):
    sys.argv[1:] = ["--db", db, "--from", me, "--to", to, "--subject", subject, "--body", body]
    space = {}
    text = TEXT.replace("print(text)", "")
    exec(compile(text, "send", "exec"), space)
    click.echo(orjson.dumps(orjson.loads(space["text"])))
inbox()
"""


def _hot(db_path: str, db: "stores.Database", count: int) -> list[Row]:
    """Return the rows of the hot commands, each beside its R."""
    rows: list[Row] = []
    at = ("--db", db_path)

    def _pair(
        verb: str, words: "list[str] | None", *flags: str, fresh: str = "", of: str = ""
    ) -> None:
        """Add `inbox VERB` and, when `words` says what R is given, R of that verb before it."""
        makers = {"claimed": stores.claimed, "sent": stores.send}
        rounds = count + 8

        def _threads() -> list[str]:
            return makers[fresh](db, rounds) if fresh else [""] * rounds

        base = f"R {of or verb}"
        if words is not None:
            ids = _threads()
            r = [reference.argv(verb, *at, *words, *_thread(t)) for t in ids]
            rows.append(Row(base, r.__getitem__))
        ids = _threads()
        ours = [[INBOX, verb, "--json", *at, *flags, *_thread(t)] for t in ids]
        rows.append(Row(f"inbox {verb}", ours.__getitem__, base, HOT_GOAL))

    me = ["--agent", _WORKER]
    (open_one,) = stores.claimed(db, 1)
    through = ["--agent", _WORKER, "--thread", open_one]
    said = ["--summary", "half way"]
    mail = ["--from", _LEAD, "--to", _WORKER, *_TEXTS]
    _pair("send", mail, *mail)
    _pair("claim", me, *me, fresh="sent")
    _pair("renew", through, *through)
    _pair("update", [*through, *said], *through, *said, "--status", "in_progress")
    answer = ["--thread", open_one, "--body", "Use port 8080."]
    _pair("reply", ["--agent", _LEAD, *answer], "--from", _LEAD, *answer)
    _pair("done", [*me, *said], *me, *said, fresh="claimed")
    _pair("fail", None, *me, *said, fresh="claimed", of="done")
    _pair("release", me, *me, fresh="claimed")
    _pair("fetch", [*me, "--limit", "20"], *me, "--status", "pending")
    _pair("list", ["--limit", "50"])
    (short,) = stores.claimed(db, 1)
    _pair("show", ["--thread", short], "--thread", short)
    with db.read() as tx:
        last = tx.now and stores.claims.leases.require_thread(tx, short).last_message
    ack = ["--agent", _WORKER, "--thread", short, "--through", f"msg_{last}"]
    _pair("ack", ack, *ack)
    return rows


def _thread(thread_id: str) -> list[str]:
    return ["--thread", thread_id] if thread_id else []


def hot(rounds: int = 40) -> None:
    """Hot commands with --json, and what a click build of `send` would take."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = stores.make(folder)
        at = ("--db", db.path)
        rows = _hot(db.path, db, rounds)
        send = ["--from", _LEAD, "--to", _WORKER, *_TEXTS]
        text = f"TEXT = {reference.TEXTS['send']!r}\n{_CLICK_SEND}"
        click_send = [PYTHON, "-I", "-c", text, "send", "--json", *at, *send]
        plain = [INBOX, "send", *at, *send]
        rows.append(Row("inbox send, plain text", lambda _: plain, "R send"))
        rows.append(Row("landmark: click + orjson send", lambda _: click_send, "R send"))
        rows.append(
            Row("landmark: python -I -c pass", _constant([PYTHON, "-I", "-c", "pass"]), "R send")
        )
        compare("Hot commands, whole process", rows, rounds)
        db.close()


def _constant(argv: list[str]):
    return lambda _: argv


def others(rounds: int = 15) -> None:
    """Commands that are not hot, help and errors: click may load, pydantic may not."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = stores.make(folder)
        at = ("--db", db.path)
        sent = iter(stores.send(db, rounds + 8))
        r_send = reference.argv("send", *at, "--from", _LEAD, "--to", _WORKER, *_TEXTS)
        (thread,) = stores.claimed(db, 1)
        numbers = itertools.count()
        rows = [Row("R send", _constant(r_send))]

        def _add(*words: str, expected: int = 0) -> None:
            argv = [INBOX, *words]
            rows.append(
                Row(
                    " ".join(["inbox", *words[:3]]), _constant(argv), "R send", OTHER_GOAL, expected
                )
            )

        _add("--help")
        _add("send", "--help")
        _add("--version")
        _add("send", "--no-such-flag", expected=30)
        _add("sned", expected=30)
        _add("show", "--json", *at, "--thread", "thr_nosuch", expected=40)
        _add("list", "--json", "--db", f"{folder}/none.db", expected=40)
        _add("search", "--json", *at, "report")
        _add("watch", "--json", *at, "--after-event", "1")
        _add("wait-reply", "--json", *at, "--thread", thread, "--after-event", "0",
             "--kinds", "task,event")  # fmt: skip
        _add("artifact", "list", "--json", *at, "--thread", thread)
        _add("doctor", "--json", *at)
        _add("prime")
        _add("init", "--json", *at)
        rows.append(
            Row(
                "inbox cancel --json",
                lambda _: [
                    INBOX,
                    "cancel",
                    "--json",
                    *at,
                    "--agent",
                    _LEAD,
                    "--thread",
                    next(sent),
                ],
                "R send",
                OTHER_GOAL,
            )
        )
        rows.append(
            Row(
                "inbox backup",
                lambda _: [INBOX, "backup", "--json", *at, f"{folder}/b{next(numbers)}.db"],
                "R send",
            )
        )
        compare("Other commands, help, errors: whole process", rows, rounds)
        db.close()


def orch(rounds: int = 30) -> None:
    """Hot commands of the control plane, beside R of the inbox verb that does the like."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = stores.make(folder)
        at = ("--db", db.path)
        thread = _planned(db)
        of_run = ["--run", "r1"]
        r_list = reference.argv("list", *at, "--limit", "50")
        words = ["--agent", _LEAD, "--thread", thread, "--body", "Use port 8080."]
        r_reply = reference.argv("reply", *at, *words)
        rows = [Row("R list", _constant(r_list)), Row("R reply", _constant(r_reply))]
        for verb in ("ready", "blocked", "status", "reconcile"):
            argv = [ORCH, verb, "--json", *at, *of_run]
            rows.append(Row(f"orch {verb}", _constant(argv), "R list", HOT_GOAL))
        answer = [
            ORCH,
            "answer",
            "--json",
            *at,
            *of_run,
            "--task",
            "t1",
            "--body",
            "Use port 8080.",
        ]
        rows.append(Row("orch answer", _constant(answer), "R reply", HOT_GOAL))
        turn = [ORCH, "wait", "--json", *at, *of_run, "--for", "task_blocked"]
        rows.append(Row("orch wait, one turn", _constant(turn), "R list", HOT_GOAL))
        for words in (("events", *of_run), ("task", "show", *of_run, "--task", "t1")):
            argv = [ORCH, *words, "--json", *at]
            rows.append(Row(f"orch {' '.join(words[:2])}", _constant(argv), "R list", OTHER_GOAL))
        rows.append(Row("orch --help", _constant([ORCH, "--help"]), "R list", OTHER_GOAL))
        compare("Control plane, whole process", rows, rounds)
        db.close()


_THREADS = Query("threads", "many", "SELECT thread_id FROM thread ORDER BY thread_no", "")


def _planned(db: "stores.Database") -> str:
    """Make a run of twenty tasks, two of which wait for answers; return the first one's thread."""
    at = ("--db", db.path)
    env = environment()
    run([ORCH, "run", "init", *at, "--run", "r1", "--goal", "a guide"], env)
    for i in range(1, 21):
        head = [ORCH, "task", "add", *at, "--run", "r1", "--task", f"t{i}"]
        run([*head, "--title", f"Chapter {i}", "--default-to", _WORKER], env)
    for task in ("t1", "t2"):
        head = [ORCH, "dispatch", *at, "--run", "r1", "--task", task, "--to", _WORKER]
        run([*head, "--execution-mode", "analysis"], env)
    with db.read() as tx:
        threads = [row[0] for row in tx.many(_THREADS)]
    for thread in threads:
        work = [*at, "--agent", _WORKER, "--thread", thread]
        run([INBOX, "claim", *work], env)
        run([INBOX, "update", *work, "--status", "blocked", "--body", "Which port?"], env)
    return threads[0]
