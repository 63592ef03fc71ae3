-- The schema of Purser on PostgreSQL, and on engines that speak its protocol and shard by key.
--
-- It has the tables that the SQLite schema has, with the same columns and meanings: see there.
-- Every primary key leads with the key that a sharded engine distributes by: the world, and the
-- customer where a table has one. There are no sequences and no triggers. What may never change or
-- go is guarded by privileges: the statements at the end take them from whoever runs this, who
-- must not be a superuser for that to mean anything.

CREATE TABLE meta (
    name  TEXT  NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE world (
    world    BIGINT NOT NULL PRIMARY KEY,
    account  TEXT   NOT NULL,
    livemode BIGINT NOT NULL CHECK (livemode IN (0, 1)),
    created  BIGINT NOT NULL,
    UNIQUE (account, livemode)
);

CREATE TABLE api_key (
    id       TEXT   NOT NULL PRIMARY KEY,
    hash     BYTEA  NOT NULL UNIQUE CHECK (length(hash) = 32),
    account  TEXT   NOT NULL,
    livemode BIGINT NOT NULL CHECK (livemode IN (0, 1)),
    name     TEXT   NOT NULL,
    masked   TEXT   NOT NULL,
    scopes   TEXT,
    created  BIGINT NOT NULL,
    revoked  BIGINT
);

-- A lane of some server, and who has it. `last_number` is the largest number of a row that the
-- lane has committed; it will never commit one that is not larger. `epoch` counts the owners: a
-- commit names the one it knows, so an owner that was thought dead cannot write any more.
CREATE TABLE lane (
    lane        BIGINT NOT NULL PRIMARY KEY,
    last_number BIGINT NOT NULL,
    epoch       BIGINT NOT NULL DEFAULT 0,
    holder      TEXT,
    expires_ms  BIGINT NOT NULL DEFAULT 0
);

-- What only one server does at a time, and which one that is.
CREATE TABLE lease (
    name       TEXT   NOT NULL PRIMARY KEY,
    holder     TEXT   NOT NULL,
    expires_ms BIGINT NOT NULL
);

CREATE TABLE customer (
    world   BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    deleted BIGINT NOT NULL CHECK (deleted IN (0, 1)),
    email   TEXT,
    data    TEXT   NOT NULL,
    PRIMARY KEY (world, number)
);

CREATE INDEX customer_by_email ON customer (world, email, number) WHERE email IS NOT NULL;

CREATE TABLE cash_transaction (
    world          BIGINT NOT NULL,
    customer       BIGINT NOT NULL,
    number         BIGINT NOT NULL,
    type           TEXT   NOT NULL,
    currency       TEXT   NOT NULL CHECK (length(currency) = 3),
    net_amount     BIGINT NOT NULL,
    ending_balance BIGINT NOT NULL,
    others         TEXT,
    detail         TEXT,
    PRIMARY KEY (world, customer, number)
);

CREATE TABLE entry (
    world  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    seal   BYTEA  NOT NULL CHECK (length(seal) = 32),
    PRIMARY KEY (world, number)
);

CREATE TABLE posting (
    world    BIGINT NOT NULL,
    entry    BIGINT NOT NULL,
    line     BIGINT NOT NULL,
    account  BIGINT NOT NULL,
    owner    BIGINT NOT NULL,
    currency TEXT   NOT NULL CHECK (length(currency) = 3),
    amount   BIGINT NOT NULL,
    PRIMARY KEY (world, entry, line)
);

CREATE TABLE chain (
    world  BIGINT NOT NULL,
    lane   BIGINT NOT NULL,
    head   BYTEA  NOT NULL CHECK (length(head) = 32),
    length BIGINT NOT NULL,
    PRIMARY KEY (world, lane)
);

CREATE TABLE house_balance (
    world    BIGINT NOT NULL,
    account  BIGINT NOT NULL,
    currency TEXT   NOT NULL CHECK (length(currency) = 3),
    lane     BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (world, account, currency, lane)
);

CREATE TABLE balance_transaction (
    world           BIGINT NOT NULL,
    number          BIGINT NOT NULL,
    type            TEXT   NOT NULL,
    currency        TEXT   NOT NULL CHECK (length(currency) = 3),
    amount          BIGINT NOT NULL,
    fee             BIGINT NOT NULL,
    available_on    BIGINT NOT NULL,
    source_kind     TEXT,
    source_customer BIGINT,
    source          BIGINT,
    description     TEXT,
    PRIMARY KEY (world, number)
);

CREATE INDEX balance_transaction_by_source ON balance_transaction (world, source, number)
    WHERE source IS NOT NULL;
CREATE INDEX balance_transaction_by_type ON balance_transaction (world, type, number);
CREATE INDEX balance_transaction_by_currency ON balance_transaction (world, currency, number);

CREATE TABLE document (
    world    BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    customer BIGINT NOT NULL,
    parent   BIGINT,
    data     TEXT   NOT NULL,
    PRIMARY KEY (world, number)
);

CREATE INDEX document_by_kind ON document (world, kind, number);
CREATE INDEX document_by_customer ON document (world, customer, kind, number) WHERE customer > 0;
CREATE INDEX document_by_parent ON document (world, parent, kind, number)
    WHERE parent IS NOT NULL;
CREATE INDEX document_endpoint ON document (world, number) WHERE kind = 'webhook_endpoint';

CREATE TABLE payable (
    world     BIGINT NOT NULL,
    customer  BIGINT NOT NULL,
    intent    BIGINT NOT NULL,
    currency  TEXT   NOT NULL CHECK (length(currency) = 3),
    remaining BIGINT NOT NULL CHECK (remaining > 0),
    since     BIGINT NOT NULL,
    invoice   TEXT,
    until     BIGINT,
    PRIMARY KEY (world, customer, intent)
);

CREATE TABLE timer (
    due      BIGINT NOT NULL,
    world    BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    customer BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    PRIMARY KEY (world, due, number, customer, kind)
);

CREATE INDEX timer_due ON timer (due, world, number, customer, kind) WHERE kind <> 'redeliver';
CREATE INDEX timer_redeliver ON timer (due, world, number, customer) WHERE kind = 'redeliver';

CREATE TABLE looked (
    world  BIGINT NOT NULL,
    days   BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (world, days)
);

CREATE TABLE event (
    world           BIGINT NOT NULL,
    number          BIGINT NOT NULL,
    type            TEXT   NOT NULL,
    customer        BIGINT,
    row             BIGINT,
    data            TEXT,
    request_id      TEXT,
    idempotency_key TEXT,
    PRIMARY KEY (world, number)
);

CREATE INDEX event_by_type ON event (world, type, number);

CREATE TABLE idempotency (
    world       BIGINT NOT NULL,
    key         BYTEA  NOT NULL CHECK (length(key) = 16),
    fingerprint BYTEA  NOT NULL CHECK (length(fingerprint) = 16),
    number      BIGINT NOT NULL,
    request_id  TEXT   NOT NULL,
    customer    BIGINT,
    row         BIGINT,
    PRIMARY KEY (world, key)
);

CREATE VIEW used_key AS
SELECT world, key, fingerprint, number, request_id, customer, row FROM idempotency;

CREATE TABLE answer (
    world  BIGINT NOT NULL,
    number BIGINT NOT NULL,
    status BIGINT NOT NULL,
    body   BYTEA  NOT NULL,
    PRIMARY KEY (world, number)
);

CREATE TABLE funding_instructions (
    world       BIGINT NOT NULL,
    customer    BIGINT NOT NULL,
    currency    TEXT   NOT NULL CHECK (length(currency) = 3),
    country     TEXT   NOT NULL,
    account_key TEXT   NOT NULL,
    data        TEXT   NOT NULL,
    PRIMARY KEY (world, customer, currency, country)
);

CREATE UNIQUE INDEX funding_instructions_by_account ON funding_instructions (world, account_key);

CREATE TABLE told (
    world    BIGINT NOT NULL,
    endpoint BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    PRIMARY KEY (world, endpoint)
);

CREATE TABLE delivery_attempt (
    world      BIGINT NOT NULL,
    event      BIGINT NOT NULL,
    endpoint   BIGINT NOT NULL,
    attempt    BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    status     BIGINT,
    answer     TEXT   NOT NULL,
    by_hand    BIGINT NOT NULL CHECK (by_hand IN (0, 1)),
    PRIMARY KEY (world, event, endpoint, attempt)
);

CREATE INDEX delivery_attempt_by_endpoint ON delivery_attempt (world, endpoint, at);

CREATE TABLE forgotten (
    world  BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);

CREATE VIEW readable_cash_transaction AS
SELECT to_timestamp((t.number >> 22) / 1000.0 + 1577836800) AS created,
       w.account, w.livemode, CAST(c.data AS json) ->> 'id' AS customer_id,
       t.number, t.type, t.currency, t.net_amount, t.ending_balance, t.detail
FROM cash_transaction t
JOIN world w ON w.world = t.world
JOIN customer c ON c.world = t.world AND c.number = t.customer;

CREATE VIEW readable_journal AS
SELECT to_timestamp((e.number >> 22) / 1000.0 + 1577836800) AS created,
       w.account, w.livemode, e.number, e.kind, p.line,
       CASE p.account WHEN 1 THEN 'bank' WHEN 2 THEN 'customer cash'
            WHEN 3 THEN 'payment intent' WHEN 4 THEN 'merchant pending'
            WHEN 5 THEN 'merchant available' WHEN 6 THEN 'fees'
            WHEN 7 THEN 'refunds in transit' WHEN 8 THEN 'payouts in transit'
            ELSE CAST(p.account AS TEXT) END AS posted_to,
       p.owner, p.currency, greatest(p.amount, 0) AS debit, greatest(-p.amount, 0) AS credit
FROM entry e
JOIN world w ON w.world = e.world
JOIN posting p ON p.world = e.world AND p.entry = e.number;

CREATE VIEW readable_document AS
SELECT to_timestamp((d.number >> 22) / 1000.0 + 1577836800) AS created,
       w.account, w.livemode, d.kind, d.number, d.customer,
       CAST(d.data AS json) ->> 'status' AS status, CAST(d.data AS json) ->> 'amount' AS amount,
       CAST(d.data AS json) ->> 'currency' AS currency, d.data
FROM document d
JOIN world w ON w.world = d.world;

REVOKE UPDATE, DELETE, TRUNCATE ON cash_transaction, entry, posting, balance_transaction
    FROM CURRENT_USER;
