-- Telling the world: events by type, and what became of telling webhook endpoints of them. The events
-- themselves are the outbox.

CREATE INDEX event_by_type ON event (world, type, number);

-- All endpoints of all worlds, for whoever delivers.
CREATE INDEX document_endpoint ON document (world, number) WHERE kind = 'webhook_endpoint';

-- Up to which event an endpoint was told: later ones were not tried yet.
CREATE TABLE told (
    world    INTEGER NOT NULL,
    endpoint INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    PRIMARY KEY (world, endpoint)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery_attempt (
    world      INTEGER NOT NULL,
    event      INTEGER NOT NULL,
    endpoint   INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    status     INTEGER,
    answer     TEXT    NOT NULL,
    by_hand    INTEGER NOT NULL CHECK (by_hand IN (0, 1)),
    PRIMARY KEY (world, event, endpoint, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_attempt_by_endpoint ON delivery_attempt (world, endpoint, at);

-- Up to which event a world has forgotten what happened: events are kept for 30 days.
CREATE TABLE forgotten (
    world  INTEGER PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT;
