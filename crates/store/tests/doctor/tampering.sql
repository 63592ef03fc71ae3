-- What the cases call that PostgreSQL spells another way, and how all rows are put back as they
-- were. JSON keeps the order and the spelling of what is not changed.

CREATE SCHEMA tampering;

CREATE FUNCTION tampering.zeroblob(size INTEGER) RETURNS BYTEA LANGUAGE sql AS $$
    SELECT decode(repeat('00', size), 'hex')
$$;

-- $.lines[0].amount becomes {lines,0,amount}.
CREATE FUNCTION tampering.steps(path TEXT) RETURNS TEXT[] LANGUAGE sql AS $$
    SELECT string_to_array(replace(replace(substr(path, 3), '[', '.'), ']', ''), '.')
$$;

CREATE FUNCTION tampering.pick(document TEXT, path TEXT) RETURNS BIGINT LANGUAGE sql AS $$
    SELECT CAST(CAST(document AS json) #>> tampering.steps(path) AS BIGINT)
$$;

CREATE OPERATOR tampering.->> (LEFTARG = TEXT, RIGHTARG = TEXT, FUNCTION = tampering.pick);

-- Puts a value, as it is spelled in JSON, at a path; without one, what is there goes.
CREATE FUNCTION tampering.put(document json, path TEXT[], value TEXT) RETURNS TEXT
LANGUAGE plpgsql AS $$
DECLARE
    part RECORD;
    inside TEXT;
    parts TEXT[] := '{}';
    is_done BOOLEAN := false;
BEGIN
    IF json_typeof(document) = 'array' THEN
        FOR part IN SELECT e.value, CAST(e.at - 1 AS TEXT) AS key
            FROM json_array_elements(document) WITH ORDINALITY AS e (value, at)
        LOOP
            inside := part.value;
            IF part.key = path[1] THEN
                inside := tampering.put(part.value, path[2:], value);
            END IF;
            parts := array_append(parts, inside);
        END LOOP;
        RETURN '[' || array_to_string(parts, ',') || ']';
    END IF;
    FOR part IN SELECT e.key, e.value FROM json_each(document) AS e LOOP
        inside := part.value;
        IF part.key = path[1] THEN
            is_done := true;
            inside := CASE WHEN cardinality(path) = 1 THEN value
                ELSE tampering.put(part.value, path[2:], value) END;
        END IF;
        IF inside IS NOT NULL THEN
            parts := array_append(parts, to_json(part.key) || ':' || inside);
        END IF;
    END LOOP;
    IF NOT is_done AND value IS NOT NULL THEN
        parts := array_append(parts, to_json(path[1]) || ':' || value);
    END IF;
    RETURN '{' || array_to_string(parts, ',') || '}';
END
$$;

CREATE FUNCTION tampering.json_set(document TEXT, path TEXT, value TEXT) RETURNS TEXT
LANGUAGE sql AS $$
    SELECT tampering.put(document::json, tampering.steps(path), to_json(value)::text)
$$;

CREATE FUNCTION tampering.json_set(document TEXT, path TEXT, value BIGINT) RETURNS TEXT
LANGUAGE sql AS $$
    SELECT tampering.put(document::json, tampering.steps(path), value::text)
$$;

CREATE FUNCTION tampering.json_set(document TEXT, path TEXT, value json) RETURNS TEXT
LANGUAGE sql AS $$
    SELECT tampering.put(document::json, tampering.steps(path), value::text)
$$;

CREATE FUNCTION tampering.json_set(
    document TEXT, path TEXT, value BIGINT, other TEXT, other_value BIGINT
) RETURNS TEXT
LANGUAGE sql AS $$
    SELECT tampering.json_set(tampering.json_set(document, path, value), other, other_value)
$$;

CREATE FUNCTION tampering.json_remove(document TEXT, path TEXT) RETURNS TEXT LANGUAGE sql AS $$
    SELECT tampering.put(document::json, tampering.steps(path), NULL)
$$;

-- All rows of all tables but those that servers agree by.
CREATE TABLE tampering.kept AS
    SELECT CAST(tablename AS TEXT) AS name FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT IN ('lane', 'lease', 'schema_migration');

DO $$
DECLARE
    kept TEXT;
BEGIN
    FOR kept IN SELECT name FROM tampering.kept LOOP
        EXECUTE format('CREATE TABLE tampering.%I AS TABLE public.%I', 'was_' || kept, kept);
    END LOOP;
END
$$;

CREATE FUNCTION tampering.put_back() RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    kept TEXT;
BEGIN
    FOR kept IN SELECT name FROM tampering.kept LOOP
        EXECUTE format('DELETE FROM public.%I', kept);
        EXECUTE format('INSERT INTO public.%I TABLE tampering.%I', kept, 'was_' || kept);
    END LOOP;
END
$$;
