-- What the files below need: numbers, times and JSON as SQLite writes them, refusals.

-- Which migration the store has; on the file a pragma says so.
CREATE TABLE store_version (
    only_row bigint PRIMARY KEY CHECK (only_row = 1),
    version  bigint NOT NULL
);

INSERT INTO store_version (only_row, version) VALUES (1, 0);

-- One row per kind of number. Row `event` is the store's lock: a transaction that writes takes it
-- first and holds it until its commit is visible, so ids have no gap and are read in their order.
CREATE TABLE counter (
    name text PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 50);

INSERT INTO counter (name, last) VALUES ('event', 0);

CREATE FUNCTION orch_next(kind text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE given bigint;
BEGIN
    INSERT INTO counter AS c (name, last) VALUES (kind, 1)
        ON CONFLICT (name) DO UPDATE SET last = c.last + 1 RETURNING last INTO given;
    RETURN given;
END $$;

CREATE FUNCTION orch_iso(ms bigint) RETURNS text LANGUAGE sql STABLE AS
$$SELECT to_char(to_timestamp(ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')$$;

-- JSON without the blanks between its words, so that every document is one line.
CREATE FUNCTION orch_json(written text) RETURNS json LANGUAGE sql IMMUTABLE AS
$$SELECT CASE WHEN written ~ '\s'
    THEN regexp_replace(written, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g') ELSE written END::json$$;

-- A number that SQLite holds as REAL: `900.0`, not `900`.
CREATE FUNCTION orch_real(number float8) RETURNS json LANGUAGE sql IMMUTABLE AS
$$SELECT CASE WHEN number::text ~ '[.e]' THEN number::text ELSE number::text || '.0' END::json$$;

-- A document with other values of some fields, new ones at its end; and one without a field.
CREATE FUNCTION orch_set(document text, changes json) RETURNS json LANGUAGE sql IMMUTABLE AS
$$SELECT ('{' || string_agg(to_json(f.key)::text || ':' || f.value, ',' ORDER BY f.place) || '}')::json
    FROM (SELECT d.key, coalesce(changes -> d.key, d.value)::text AS value, d.place
            FROM json_each(document::json) WITH ORDINALITY AS d (key, value, place)
           UNION ALL
          SELECT c.key, c.value::text, 1000000 + c.place
            FROM json_each(changes) WITH ORDINALITY AS c (key, value, place)
           WHERE document::json -> c.key IS NULL) AS f$$;

CREATE FUNCTION orch_without(document text, field text) RETURNS json LANGUAGE sql IMMUTABLE AS
$$SELECT ('{' || string_agg(to_json(d.key)::text || ':' || d.value, ',' ORDER BY d.place) || '}')::json
    FROM json_each(document::json) WITH ORDINALITY AS d (key, value, place) WHERE d.key <> field$$;

CREATE FUNCTION orch_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'OR900';
END $$;

CREATE FUNCTION orch_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM transition WHERE machine = TG_ARGV[0]
                      AND source = OLD.status AND target = NEW.status) THEN
        RAISE EXCEPTION USING MESSAGE = TG_ARGV[0] || ': illegal transition', ERRCODE = 'OR900';
    END IF;
    RETURN NEW;
END $$;

-- The words of a text as the index of SQLite takes them apart: no case, no accents, no signs
-- but `kept`.
CREATE FUNCTION orch_words(written text, kept text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$SELECT translate(
    regexp_replace(
        regexp_replace(normalize(lower(written COLLATE "und-x-icu"), NFD), '[\u0300-\u036f]', '', 'g'),
        '[\u0001-\u001f\u007f-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g'),
    translate('!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', kept, ''), repeat(' ', 32))$$;

-- Rows that point at nothing: the server refuses them, unless somebody switched that off.
CREATE FUNCTION orch_orphans() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
    link record;
BEGIN
    FOR link IN
        SELECT c.conname, c.conrelid::regclass AS child, c.confrelid::regclass AS parent,
               string_agg(format('p.%I = c.%I', b.attname, a.attname), ' AND ') AS same,
               string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ') AS named
          FROM pg_constraint AS c
         CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (mine, theirs)
          JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.mine
          JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.theirs
         WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace
         GROUP BY c.conname, c.conrelid, c.confrelid
    LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L FROM %s AS c WHERE %s AND NOT EXISTS (SELECT 1 FROM %s AS p WHERE %s) LIMIT 20',
            format('%s names no %s (%s)', link.child, link.parent, link.conname),
            link.child, link.named, link.parent, link.same);
    END LOOP;
END $$;
