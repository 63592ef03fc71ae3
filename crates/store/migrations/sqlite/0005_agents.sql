-- What a key may move, as JSON; empty for a key without limits.
ALTER TABLE api_key ADD COLUMN limits TEXT;

-- The request of an agent that moved the money.
ALTER TABLE entry ADD COLUMN request TEXT;

-- What is counted of a key on a day (days since 1970-01-01, UTC): what it moved in a currency, in
-- smallest units, or the approvals that it asked for.
CREATE TABLE spent (
    world    INTEGER NOT NULL,
    key      TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    tally    TEXT    NOT NULL,
    amount   INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (world, key, day, tally)
) STRICT, WITHOUT ROWID;

-- Requests of agents, and of keys with limits: who asked, why, and what came of it.
CREATE TABLE request (
    world      INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    context    TEXT,
    customer   INTEGER,
    -- Whether it moved money, or may when a person agrees: then it stays as long as the journal.
    lasting    INTEGER NOT NULL CHECK (lasting IN (0, 1)),
    data       TEXT    NOT NULL CHECK (json_valid(data)),
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX request_by_id ON request (world, request_id);
CREATE INDEX request_by_context ON request (world, context, number) WHERE context IS NOT NULL;
CREATE INDEX request_by_customer ON request (world, customer, number) WHERE customer IS NOT NULL;
CREATE INDEX request_forgettable ON request (world, number) WHERE lasting = 0;

CREATE TRIGGER request_is_never_changed BEFORE UPDATE ON request
BEGIN SELECT RAISE(ABORT, 'requests are append-only'); END;
CREATE TRIGGER request_is_never_removed BEFORE DELETE ON request WHEN OLD.lasting = 1
BEGIN SELECT RAISE(ABORT, 'requests that moved money are append-only'); END;
