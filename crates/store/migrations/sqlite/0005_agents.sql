-- What a key may move, as JSON; empty for a key without limits.
ALTER TABLE api_key ADD COLUMN limits TEXT;

-- The request of an agent that moved the money.
ALTER TABLE entry ADD COLUMN request TEXT;

-- What a key moved on a day (days since 1970-01-01, UTC).
CREATE TABLE spent (
    world    INTEGER NOT NULL,
    key      TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    currency TEXT    NOT NULL,
    amount   INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (world, key, day, currency)
) STRICT, WITHOUT ROWID;

-- Requests of agents, and of keys with limits: who asked, why, and what came of it.
CREATE TABLE request (
    world      INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    context    TEXT,
    customer   INTEGER,
    data       TEXT    NOT NULL CHECK (json_valid(data)),
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX request_by_id ON request (world, request_id);
CREATE INDEX request_by_context ON request (world, context, number) WHERE context IS NOT NULL;
CREATE INDEX request_by_customer ON request (world, customer, number) WHERE customer IS NOT NULL;

CREATE TRIGGER request_is_never_changed BEFORE UPDATE ON request
BEGIN SELECT RAISE(ABORT, 'requests are append-only'); END;
CREATE TRIGGER request_is_never_removed BEFORE DELETE ON request
BEGIN SELECT RAISE(ABORT, 'requests are append-only'); END;
