"""R: the least a correct Python process with apsw can do for one verb, one text per verb.

`python -I -c TEXT --flag value …`: argv by hand, the transaction that the verb really makes (same
rows, same store, synchronous=FULL), the answer made by SQL. No safety check of the file, no
validation, no wake-up, no friendly error. Ratios to R are what docs/reference/benchmarks.md keeps.
"""

from tests.bench.installed import PYTHON

_OPEN = """
import os, sys, time, apsw
a = dict(zip(sys.argv[1::2], sys.argv[2::2]))
c = apsw.Connection(a["--db"], flags=apsw.SQLITE_OPEN_READWRITE)
c.set_busy_timeout(10000)
c.execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")
def q(sql, *values): return c.execute(sql, values).fetchall()
me, now = a.get("--agent"), time.time_ns() // 1000000
"""

_FIND = """
c.execute("BEGIN IMMEDIATE")
n, to, status, epoch, holder = q('''SELECT t.thread_no, t.created_by, t.status, t.epoch, l.holder
  FROM thread t LEFT JOIN lease l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
 WHERE t.thread_id = ?''', a["--thread"])[0]
"""

_EVENT = """
e = q('''INSERT INTO event (event_type, actor, thread_no, status, assigned_to, payload, tx_id,
  created_at) VALUES (?, ?, ?, ?, ?, '{}', random() >> 1 & 0x7fffffffffff, ?) RETURNING event_id''',
  "thread_" + verb, me, n, status, to, now)[0][0]
"""

_MESSAGE = """
q('''INSERT INTO message (event_id, thread_no, kind, from_agent, to_agent, summary, body,
  created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)''', e, n, kind, me, to,
  a.get("--subject") or a.get("--summary", ""), a.get("--body", ""), now)
"""

_NAME = """
q("INSERT INTO agent VALUES (?, ?, ?) ON CONFLICT DO NOTHING", {who}, {who}.lower(), now)
q("SELECT name FROM agent WHERE folded = ? AND name <> ?", {who}.lower(), {who})
"""
_MY_NAME = _NAME.format(who="me")

_ANSWER = """
text = q('''SELECT json_object('ok', json('true'), 'command', ?, 'data', json_object(
  'thread', json((SELECT document FROM thread_view WHERE thread_no = ?)),
  'message', json((SELECT document FROM message_view WHERE event_id = ?)), 'event_id', ?))''',
  verb, n, e, e)[0][0]
c.execute("COMMIT")
print(text)
"""

_TOUCH = """
q("UPDATE thread SET last_event = ?, last_message = ?, updated_at = ? WHERE thread_no = ?",
  e, e, now, n)
"""

_BOOT = """
boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000000
domain = (open("/proc/sys/kernel/random/boot_id", "rb").read(13).decode()
          + os.readlink("/proc/self/ns/time")[5:])
"""

_EXTEND = """
q('''UPDATE lease SET clock_domain = ?, boot_deadline = ? + ttl_ms, wall_deadline = ? + ttl_ms
  WHERE thread_no = ? AND ended_at IS NULL''', domain, boot, now, n)
"""

_SEND = (
    _OPEN
    + """
verb, kind, status, to, me = "send", "task", "pending", a["--to"], a["--from"]
c.execute("BEGIN IMMEDIATE")
tid = "thr_" + os.urandom(4).hex()
n = q('''SELECT coalesce((SELECT max(thread_no) FROM thread), 0) + 1,
  EXISTS (SELECT 1 FROM thread WHERE thread_id = ?)''', tid)[0][0]
"""
    + _EVENT
    + """
q('''INSERT INTO thread (thread_no, thread_id, subject, summary, status, priority, created_by,
  addressed_to, assigned_to, last_event, last_message, created_at, updated_at)
  VALUES (?, ?, ?, ?, 'pending', 1, ?, ?, ?, ?, ?, ?, ?)''',
  n, tid, a["--subject"], a["--subject"], me, to, to, e, e, now, now)
"""
    + _MESSAGE
    + _MY_NAME
    + _NAME.format(who="to")
    + _ANSWER
)

_CLAIM = (
    _OPEN
    + _BOOT
    + 'from _blake2 import blake2b\nverb, kind, ttl = "claim", "event", 900000\n'
    + _FIND
    + "assert holder is None\n"
    + _EVENT
    + """
q('''UPDATE thread SET status = 'claimed', assigned_to = ?, epoch = epoch + 1, last_event = ?,
  last_message = ?, updated_at = ? WHERE thread_no = ? AND status = ? AND epoch = ?''',
  me, e, e, now, n, status, epoch)
q('''INSERT INTO lease (thread_no, epoch, holder, ttl_ms, clock_domain, boot_deadline,
  wall_deadline, claim_event, claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)''',
  n, epoch + 1, me, ttl, domain, boot + ttl, now + ttl, e, now)
"""
    + _MESSAGE
    + _MY_NAME
    + """
secret = q("SELECT secret FROM store")[0][0]
token = blake2b(b"%s|%d" % (a["--thread"].encode(), epoch + 1), digest_size=20, key=secret)
text = q('''SELECT json_object('ok', json('true'), 'command', 'claim', 'data', json_object(
  'thread', json((SELECT document FROM thread_view WHERE thread_no = :n)),
  'message', json((SELECT document FROM message_view WHERE event_id = :e)), 'event_id', :e,
  'messages', json((SELECT json_group_array(json(document)) FROM (SELECT document
     FROM message_view WHERE thread_no = :n ORDER BY event_id LIMIT 201))),
  'lease', json_object('epoch', :epoch, 'token', :token, 'holder', :me, 'ttl_seconds', 900)))''',
  n, e, epoch + 1, token.hexdigest(), me)[0][0]
c.execute("COMMIT")
print(text)
"""
)

_RENEW = (
    _OPEN
    + _BOOT
    + 'verb, kind = "renew", "event"\n'
    + _FIND
    + "assert holder == me\n"
    + _EXTEND
    + _EVENT
    + _TOUCH
    + _MESSAGE
    + """
q("SELECT 1 FROM message WHERE thread_no = ? AND kind = 'control' AND event_id > ?", n, e)
"""
    + _ANSWER
)

_REPLY = (
    _OPEN
    + 'verb, kind = "reply", "answer"\n'
    + _FIND
    + _EVENT
    + _TOUCH
    + _MESSAGE
    + _MY_NAME
    + _ANSWER
)

_MOVE = """
q('''UPDATE thread SET status = ?, assigned_to = ?, last_event = ?, last_message = ?,
  updated_at = ? WHERE thread_no = ? AND status = ? AND epoch = ?''',
  target, me, e, e, now, n, status, epoch)
"""

_END = """
q("UPDATE lease SET ended_at = ?, ended_by = ? WHERE thread_no = ? AND ended_at IS NULL",
  now, verb, n)
"""


def _work(names: str, lease: str) -> str:
    """Return the text of a holder's verb that moves the thread and does `lease` to its lease."""
    head = f"verb, kind, target = {names}\n"
    return (
        _OPEN + head + _FIND + "assert holder == me\n" + _EVENT + _MOVE + lease + _MESSAGE + _ANSWER
    )


_UPDATE = _work('"update", "progress", "in_progress"', _BOOT + _EXTEND)
_DONE = _work('"done", "result", "done"', _END)
_RELEASE = _work('"release", "event", "pending"', _END)

_READ = """
print(q('''SELECT json_object('ok', json('true'), 'command', ?, 'data', json_object('threads',
  json_group_array(json(document)), 'high_event_id', (SELECT max(event_id) FROM event)))
  FROM (%s)''', *values)[0][0])
"""

_FETCH = (
    _OPEN
    + 'values = ("fetch", me, me, int(a["--limit"]))\n'
    + _READ
    % """SELECT json_set(v.document, '$.unread', (SELECT count(*) FROM message m
   WHERE m.thread_no = t.thread_no AND m.event_id > coalesce((SELECT last_read FROM cursor
   WHERE agent = ? AND thread_no = t.thread_no), 0))) AS document
  FROM thread t JOIN thread_view v USING (thread_no)
  WHERE t.assigned_to = ? AND t.status = 'pending' ORDER BY t.last_event DESC LIMIT ?"""
)

_LIST = (
    _OPEN
    + 'values = ("list", int(a["--limit"]))\n'
    + _READ % "SELECT document FROM thread_view ORDER BY thread_no DESC LIMIT ?"
)

_SHOW = (
    _OPEN
    + """
print(q('''SELECT json_object('ok', json('true'), 'command', 'show', 'data', json_object(
  'thread', json(v.document), 'messages', json((SELECT json_group_array(json(document)) FROM (
     SELECT document FROM message_view WHERE thread_no = v.thread_no ORDER BY event_id))),
  'lease', (SELECT json_object('epoch', epoch, 'holder', holder, 'ttl_seconds', ttl_ms / 1000)
     FROM lease WHERE thread_no = v.thread_no AND ended_at IS NULL)))
  FROM thread_view v JOIN thread t USING (thread_no) WHERE t.thread_id = ?''', a["--thread"])[0][0])
"""
)

_ACK = (
    _OPEN
    + _FIND
    + """
q('''INSERT INTO cursor (agent, thread_no, last_read, moved_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (agent, thread_no) DO UPDATE SET last_read = excluded.last_read,
  moved_at = excluded.moved_at WHERE excluded.last_read > last_read''',
  me, n, int(a["--through"][4:]), now)
text = q('''SELECT json_object('ok', json('true'), 'command', 'ack', 'data', json_object(
  'thread_id', ?, 'agent', agent, 'last_read', 'msg_' || last_read,
  'event_id', (SELECT max(event_id) FROM event))) FROM cursor
  WHERE agent = ? AND thread_no = ?''', a["--thread"], me, n)[0][0]
c.execute("COMMIT")
print(text)
"""
)

TEXTS = {
    "send": _SEND,
    "reply": _REPLY,
    "claim": _CLAIM,
    "renew": _RENEW,
    "release": _RELEASE,
    "update": _UPDATE,
    "done": _DONE,
    "fetch": _FETCH,
    "list": _LIST,
    "show": _SHOW,
    "ack": _ACK,
}


def argv(verb: str, *words: str) -> list[str]:
    """Return the command line of R for a verb; `words` are flags with their values."""
    return [PYTHON, "-I", "-c", TEXTS[verb], *words]
