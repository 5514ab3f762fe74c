-- How far an agent's hook has shown it its mail. Apart from `cursor`: what a hook printed may never
-- have reached the agent, so it counts as announced and not as read. Outside fold(events).

CREATE TABLE announcement (
    agent     TEXT PRIMARY KEY,
    through   INTEGER NOT NULL,
    moved_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER announcement_never_back BEFORE UPDATE ON announcement WHEN NEW.through < OLD.through
BEGIN SELECT RAISE(ABORT, 'announcement: never goes back'); END;
