-- What git said once about two commits stays true: whether the second one holds what the first brings.
-- A memory, not a record: rows may be deleted at any time.

CREATE TABLE integration_seen (
    commit_id TEXT NOT NULL,
    tip       TEXT NOT NULL,
    proof     TEXT NOT NULL,  -- '' = it does not hold it
    PRIMARY KEY (commit_id, tip)
) STRICT, WITHOUT ROWID;
