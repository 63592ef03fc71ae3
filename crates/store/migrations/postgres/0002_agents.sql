-- What a key may move, as JSON; empty for a key without limits.
ALTER TABLE api_key ADD COLUMN limits TEXT;

-- The request of an agent that moved the money.
ALTER TABLE entry ADD COLUMN request TEXT;

-- What is counted of a key on a day (days since 1970-01-01, UTC): what it moved in a currency, in
-- smallest units, or the approvals that it asked for.
CREATE TABLE spent (
    world    BIGINT NOT NULL,
    key      TEXT   NOT NULL,
    day      BIGINT NOT NULL,
    tally    TEXT   NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (world, key, day, tally)
);

-- Requests of agents, and of keys with limits: who asked, why, and what came of it.
CREATE TABLE request (
    world      BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    request_id TEXT   NOT NULL,
    context    TEXT,
    customer   BIGINT,
    -- Whether it moved money, or may when a person agrees: then it stays as long as the journal.
    lasting    BIGINT NOT NULL CHECK (lasting IN (0, 1)),
    data       TEXT   NOT NULL,
    PRIMARY KEY (world, number)
);

CREATE UNIQUE INDEX request_by_id ON request (world, request_id);
CREATE INDEX request_by_context ON request (world, context, number) WHERE context IS NOT NULL;
CREATE INDEX request_by_customer ON request (world, customer, number) WHERE customer IS NOT NULL;
CREATE INDEX request_forgettable ON request (world, number) WHERE lasting = 0;

-- Those that moved nothing are forgotten in time.
REVOKE UPDATE, TRUNCATE ON request FROM CURRENT_USER;
