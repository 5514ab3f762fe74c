"""A script written for the original protocol runs unchanged: its flags, its codes, its states.

Nothing here may use what was added since: no keys, no tokens, no pools, no --next, no
environment. The store stands where the original kept it, `.agents/coord.db`.
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import DEADLINE, Cli

pytestmark = pytest.mark.on_file("the original knew no other")

# As an agent of the original would have it in a shell: JSON out, exit codes decide.
SCRIPT = r"""
set -u
field() { python3 -c 'import json,sys; d=json.load(sys.stdin)
for k in sys.argv[1].split("."): d=d[int(k)] if k.isdigit() else d[k]
print(d if isinstance(d,str) else json.dumps(d))' "$1"; }
must() { want=$1; shift; "$@" >out.json 2>err.txt; got=$?
  if [ "$got" != "$want" ]; then echo "FAILED: $* -> $got, not $want"; cat out.json; exit 1; fi; }
is() { found=$(field "$1" <out.json)
  if [ "$found" != "$2" ]; then echo "FAILED: $1 is $found, not $2"; cat out.json; exit 1; fi; }

must 0 inbox --json --db .agents/coord.db init
is data.status initialized
must 0 inbox --json init
is data.db_path "$PWD/.agents/coord.db"

must 10 inbox --json fetch --agent worker-a
is error.code no_matching_work
must 0 inbox --json send --from leader --to worker-a --subject "Fix it" --body "please" \
  --priority high --kind task --run r1 --task t1 --payload-json '{"files": ["a.py"]}' \
  --artifact notes.md --artifact-kind doc --artifact-metadata-json '{"lines": 3}'
is command send; is data.thread.status pending; is data.thread.summary "Fix it"
is data.message.payload_json '{"files": ["a.py"]}'
is data.message.artifacts.0.path notes.md; is data.message.artifacts.0.kind doc
is data.message.artifacts.0.metadata_json '{"lines": 3}'
thread=$(field data.thread.thread_id <out.json)
task=$(field data.message.message_id <out.json)

must 0 inbox --json fetch --agent worker-a --status pending,claimed --limit 5 --unread
is data.threads.0.thread_id "$thread"
must 0 inbox --json claim --agent worker-a --thread "$thread" --lease-seconds 600
is data.thread.status claimed; is data.thread.assigned_to worker-a
is data.message.kind event; is data.message.summary "thread claimed"
must 20 inbox --json claim --agent worker-b --thread "$thread"
is error.code lease_conflict
must 20 inbox --json update --agent worker-b --thread "$thread" --status in_progress --body x
must 0 inbox --json renew --agent worker-a --thread "$thread" --lease-seconds 900
is data.message.summary "lease renewed"; is data.message.payload_json '{"lease_seconds": 900}'
must 0 inbox --json show --thread "$thread" --agent worker-a --mark-read
is data.messages.0.message_id "$task"
must 10 inbox --json fetch --agent worker-a --unread

must 0 inbox --json update --agent worker-a --thread "$thread" --status in_progress --body working
is data.message.kind progress
must 0 inbox --json update --agent worker-a --thread "$thread" --status blocked \
  --summary "Which port?" --body-file question.txt
is data.thread.status blocked; is data.message.kind question
asked=$(field data.message.message_id <out.json)
event=$(field data.event_id <out.json)
must 10 inbox --json wait-reply --thread "$thread" --agent worker-a --after-message "$asked" \
  --timeout-seconds 0.05
is data.woke false; is data.next_event_id "$event"
must 0 inbox --json reply --from leader --to worker-a --thread "$thread" --body 8080
is data.thread.status blocked; is data.message.kind answer
must 0 inbox --json wait-reply --thread "$thread" --agent worker-a --after-message "$asked" \
  --kinds answer,control --timeout-seconds 5
is data.woke true; is data.message.body 8080
must 0 inbox --json watch --agent worker-a --status blocked --after-event "$event" \
  --timeout-seconds 5
is data.event.event_type thread_reply
must 0 inbox --json update --agent worker-a --thread "$thread" --status in_progress --body on
must 0 inbox --json done --agent worker-a --thread "$thread" --summary fixed \
  --body-file - <question.txt
is data.thread.status done; is data.message.kind result; is data.message.to_agent leader
must 30 inbox --json done --agent worker-a --thread "$thread"
is error.code invalid_state
must 30 inbox --json claim --agent worker-a --thread "$thread"
must 30 inbox --json send --from leader --to worker-a --thread "$thread" --body more
must 30 inbox --json cancel --agent leader --thread "$thread" --reason late

must 0 inbox --json --agent leader send --to worker-b --subject two --thread my-own-id
is data.thread.thread_id my-own-id; is data.thread.created_by leader
must 0 inbox --json send --from leader --to worker-b --thread my-own-id --body "and this"
is data.thread.status pending
must 30 inbox --json fail --agent worker-b --thread my-own-id
must 0 inbox --json claim --agent worker-b --thread my-own-id
must 0 inbox --json fail --agent worker-b --thread my-own-id --body "could not"
is data.thread.status failed
must 0 inbox --json send --from leader --to worker-b --subject three --priority low
third=$(field data.thread.thread_id <out.json)
must 0 inbox --json cancel --agent leader --thread "$third" --reason "not needed"
is data.thread.status cancelled; is data.message.kind control; is data.message.body "not needed"

must 0 inbox --json list --status done,failed --created-by leader --limit 50
is data.threads.0.thread_id my-own-id; is data.threads.1.thread_id "$thread"
must 0 inbox --json list --agent worker-b --status cancelled
is data.threads.0.thread_id "$third"
must 0 inbox --json list --run r1 --after-event 0
is data.threads.0.task_id t1
must 0 inbox --json list --status blocked
is data.threads '[]'

must 30 inbox --json send --from leader --to w --subject s --priority urgent
is error.code invalid_input
must 30 inbox --json send --nonsense
must 30 inbox --json send --from leader --to w --subject s --payload-json '{'
must 30 inbox --json send --from leader --to w --subject s --body a --body-file question.txt
must 40 inbox --json show --thread thr_nowhere
is error.code not_found
must 40 inbox --json --db nowhere.db list
echo ALL WELL
"""


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_script_of_the_original_runs_unchanged(bare: Cli, shell: str) -> None:
    (bare.cwd / "question.txt").write_text("Which port shall it be?\n")
    done = subprocess.run(
        [shell, "-c", SCRIPT], cwd=bare.cwd, env=bare.env, capture_output=True, timeout=2 * DEADLINE
    )
    assert done.stdout.decode() == "ALL WELL\n", done
    assert done.stderr == b""
    assert not (bare.cwd / ".orch").exists()


def test_plain_output_is_for_people_and_errors_are_on_stderr(bare: Cli) -> None:
    bare.ok("--db", ".agents/coord.db", "init")
    assert bare.say("send", "--from", "a", "--to", "b", "--subject", "s").startswith("sent msg_1")
    answer = bare.run("show", "--thread", "none")
    assert (answer.status, answer.out) == (40, "")
    assert answer.err


def test_a_lease_of_zero_is_the_default_one(bare: Cli) -> None:
    bare.ok("--db", ".agents/coord.db", "init")
    for seconds in ("0", "-1"):
        thread = bare.ok("send", "--from", "a", "--to", "b", "--subject", "s")["thread"][
            "thread_id"
        ]
        words = ("--agent", "b", "--thread", thread, "--lease-seconds", seconds)
        assert bare.ok("claim", *words)["lease"]["ttl_seconds"] == 900
        renewed = bare.ok("renew", *words)
        assert renewed["message"]["payload_json"] == {"lease_seconds": 900}


def test_a_lapsed_lease_may_be_claimed_by_another(bare: Cli) -> None:
    bare.ok("--db", ".agents/coord.db", "init")
    thread = bare.ok("send", "--from", "a", "--to", "b", "--subject", "s")["thread"]["thread_id"]
    words = ("--thread", thread, "--lease-seconds", "0.001", "--agent")
    bare.ok("claim", *words, "b")
    bare.refuse("invalid_state", "no_lease", "done", "--agent", "c", "--thread", thread)
    bare.ok("claim", *words, "c")
    bare.refuse("lease_conflict", "superseded", "done", "--agent", "b", "--thread", thread)
    assert bare.ok("done", "--agent", "c", "--thread", thread)["thread"]["status"] == "done"


def test_ids_and_times_look_as_they_did(bare: Cli) -> None:
    bare.ok("--db", ".agents/coord.db", "init")
    data = bare.ok("send", "--from", "a", "--to", "b", "--subject", "s")
    assert data["thread"]["thread_id"].startswith("thr_")
    assert data["message"]["message_id"].startswith("msg_")
    assert json.dumps(data["event_id"]) == "1"
    moment = data["message"]["created_at"]
    assert (len(moment), moment[10], moment[-1]) == (24, "T", "Z")
    assert Path(bare.ok("init")["db_path"]).name == "coord.db"
