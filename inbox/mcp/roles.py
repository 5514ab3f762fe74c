"""Tools of each role: which commands of `inbox` are offered to whom. At most 15 for a worker."""

WORKER = (
    "claim", "show", "update", "wait-reply", "reply", "done", "fail", "release", "renew", "fetch",
    "ack", "search", "send", "artifact list", "artifact get",
)  # fmt: skip
LEADER = (
    "send", "list", "show", "reply", "watch", "wait-reply", "cancel", "fetch", "ack", "search",
    "artifact list", "artifact get",
)  # fmt: skip
REVIEWER = (
    "claim", "show", "update", "wait-reply", "reply", "done", "fail", "release", "renew",
    "artifact list", "artifact get",
)  # fmt: skip
ROLES = {"worker": WORKER, "leader": LEADER, "reviewer": REVIEWER}
