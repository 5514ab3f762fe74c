"""Commands by which a worker reports, for briefs and prompts. Its environment has the ids."""

from inbox.steps import say

PROGRESS = say("update", status="in_progress", summary="TEXT").line
QUESTION = say("update", status="blocked", body="QUESTION").line
REPLY = say("wait-reply").line
DONE = say("done", summary="TEXT").line
FAIL = say("fail", summary="WHY").line
ASKING = f"{QUESTION}, then {REPLY}."


def handing_in(file: str, summary: str = "TEXT") -> str:
    """Return how a document in a file, `$ORCH_OUT/…` as a rule, is handed in as the result."""
    done = say("done", summary=summary, body_file="FILE", validate=True)
    return done.shown(FILE=file)
