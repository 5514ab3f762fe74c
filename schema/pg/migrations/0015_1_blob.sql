-- Kept bytes by their digest, where several machines ask for them; on the file they stand beside it.
CREATE TABLE blob (
    sha256     text PRIMARY KEY,
    size       bigint NOT NULL,
    content    bytea NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT blob_is_whole CHECK (size = length(content)),
    CONSTRAINT blob_is_named_by_its_bytes CHECK (sha256 = encode(sha256(content), 'hex'))
);
ALTER TABLE blob ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TRIGGER blob_frozen BEFORE UPDATE ON blob FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('blob: its name is its content');
