-- What a key may move, as JSON; empty for a key without limits.
ALTER TABLE api_key ADD COLUMN limits TEXT;

-- The request of an agent that moved the money.
ALTER TABLE entry ADD COLUMN request TEXT;

-- What a key moved on a day (days since 1970-01-01, UTC).
CREATE TABLE spent (
    world    BIGINT NOT NULL,
    key      TEXT   NOT NULL,
    day      BIGINT NOT NULL,
    currency TEXT   NOT NULL,
    amount   BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (world, key, day, currency)
);

-- Requests of agents, and of keys with limits: who asked, why, and what came of it.
CREATE TABLE request (
    world      BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    request_id TEXT   NOT NULL,
    context    TEXT,
    customer   BIGINT,
    data       TEXT   NOT NULL,
    PRIMARY KEY (world, number)
);

CREATE UNIQUE INDEX request_by_id ON request (world, request_id);
CREATE INDEX request_by_context ON request (world, context, number) WHERE context IS NOT NULL;
CREATE INDEX request_by_customer ON request (world, customer, number) WHERE customer IS NOT NULL;

REVOKE UPDATE, DELETE, TRUNCATE ON request FROM CURRENT_USER;
