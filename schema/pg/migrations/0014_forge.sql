-- A forge: work whose trial passed waits there as a pull request (`awaiting_forge`).
INSERT INTO transition (machine, source, target) VALUES
    ('entry', 'passed', 'awaiting_forge'),
    ('entry', 'awaiting_forge', 'queued'),
    ('entry', 'awaiting_forge', 'failed'),
    ('entry', 'awaiting_forge', 'error'),
    ('entry', 'awaiting_forge', 'held'),
    ('entry', 'awaiting_forge', 'cancelled'),
    ('entry', 'awaiting_forge', 'superseded'),
    ('entry', 'awaiting_forge', 'landed_externally');

ALTER TABLE entry DROP CONSTRAINT entry_status_known;
ALTER TABLE entry ADD CONSTRAINT entry_status_known CHECK (status IN ('queued', 'building', 'testing', 'passed',
        'awaiting_approval', 'awaiting_forge', 'landing', 'landed', 'verified', 'conflict', 'failed',
        'error', 'held', 'quarantined', 'cancelled', 'superseded', 'landed_externally'));

-- The pull request of an entry: what we pushed, and what the forge said last. `number` is NULL until
-- it was opened; `failure` is what its checks printed when they failed; `due_at` the next look.
CREATE TABLE pull_request (
    entry_no   bigint PRIMARY KEY REFERENCES entry (entry_no),
    branch     text NOT NULL,
    commit_id  text NOT NULL,
    pushed     text NOT NULL DEFAULT '',
    number     bigint,
    url        text NOT NULL DEFAULT '',
    state      text NOT NULL DEFAULT 'opening',
    summary    text NOT NULL DEFAULT '',
    failure    text NOT NULL DEFAULT '',
    etag       text NOT NULL DEFAULT '',
    errors     bigint NOT NULL DEFAULT 0,
    due_at     bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT pull_request_state_known CHECK (state IN ('opening', 'open', 'merged', 'closed'))
);
