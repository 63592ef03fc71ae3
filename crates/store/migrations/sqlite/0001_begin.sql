-- The first schema. Every key leads with the world (an account in one mode); a row's number tells
-- its moment (see the views at the end). Money is typed rows; everything else a document.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE world (
    world    INTEGER PRIMARY KEY,
    account  TEXT    NOT NULL,
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    created  INTEGER NOT NULL,
    UNIQUE (account, livemode)
) STRICT;

CREATE TABLE api_key (
    id       TEXT    NOT NULL PRIMARY KEY,
    hash     BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
    account  TEXT    NOT NULL,
    livemode INTEGER NOT NULL CHECK (livemode IN (0, 1)),
    name     TEXT    NOT NULL,
    masked   TEXT    NOT NULL,
    scopes   TEXT,
    created  INTEGER NOT NULL,
    revoked  INTEGER
) STRICT, WITHOUT ROWID;

-- The largest number that each lane has used.
CREATE TABLE lane (
    lane        INTEGER PRIMARY KEY,
    last_number INTEGER NOT NULL
) STRICT;

CREATE TABLE customer (
    world   INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    email   TEXT,
    data    TEXT    NOT NULL,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_by_email ON customer (world, email, number) WHERE email IS NOT NULL;

-- A cash balance is its transactions: the newest row of a customer says what is available, in its
-- own currency (ending_balance) and in all others.
CREATE TABLE cash_transaction (
    world          INTEGER NOT NULL,
    customer       INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    type           TEXT    NOT NULL,
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    net_amount     INTEGER NOT NULL,
    ending_balance INTEGER NOT NULL,
    others         TEXT,
    detail         TEXT,
    PRIMARY KEY (world, customer, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    world  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    seal   BLOB    NOT NULL CHECK (length(seal) = 32),
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

-- Debits are above zero, credits below; the lines of an entry sum to zero in each currency.
CREATE TABLE posting (
    world    INTEGER NOT NULL,
    entry    INTEGER NOT NULL,
    line     INTEGER NOT NULL,
    account  INTEGER NOT NULL,
    owner    INTEGER NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    amount   INTEGER NOT NULL,
    PRIMARY KEY (world, entry, line)
) STRICT, WITHOUT ROWID;

-- The last seal of each chain of entries, and how many there are.
CREATE TABLE chain (
    world  INTEGER NOT NULL,
    lane   INTEGER NOT NULL,
    head   BLOB    NOT NULL CHECK (length(head) = 32),
    length INTEGER NOT NULL,
    PRIMARY KEY (world, lane)
) STRICT, WITHOUT ROWID;

-- Sums of the house accounts: one row per lane, so that no lane waits for another.
CREATE TABLE house_balance (
    world    INTEGER NOT NULL,
    account  INTEGER NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    lane     INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (world, account, currency, lane)
) STRICT, WITHOUT ROWID;

CREATE TABLE balance_transaction (
    world        INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    type         TEXT    NOT NULL,
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    amount       INTEGER NOT NULL,
    fee          INTEGER NOT NULL,
    available_on INTEGER NOT NULL,
    source       TEXT,
    payout       TEXT,
    data         TEXT    NOT NULL,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX balance_transaction_by_source ON balance_transaction (world, source, number)
    WHERE source IS NOT NULL;
CREATE INDEX balance_transaction_by_payout ON balance_transaction (world, payout, number)
    WHERE payout IS NOT NULL;
CREATE INDEX balance_transaction_by_type ON balance_transaction (world, type, number);
CREATE INDEX balance_transaction_by_currency ON balance_transaction (world, currency, number);

-- (customer, row) refers to an immutable row; data holds what may change later.
CREATE TABLE event (
    world           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    customer        INTEGER,
    row             INTEGER,
    data            TEXT,
    request_id      TEXT,
    idempotency_key TEXT,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

-- Keys that were used: (customer, row) refers to the immutable row that the answer shows, or else
-- `answer` has its bytes. New ones are appended here; later they move to the table sorted by key.
CREATE TABLE recent_key (
    number      INTEGER PRIMARY KEY,
    world       INTEGER NOT NULL,
    key         BLOB    NOT NULL CHECK (length(key) = 16),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 16),
    request_id  TEXT    NOT NULL,
    customer    INTEGER,
    row         INTEGER
) STRICT;

CREATE TABLE idempotency (
    world       INTEGER NOT NULL,
    key         BLOB    NOT NULL CHECK (length(key) = 16),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 16),
    number      INTEGER NOT NULL,
    request_id  TEXT    NOT NULL,
    customer    INTEGER,
    row         INTEGER,
    PRIMARY KEY (world, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (
    world  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    status INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE funding_instructions (
    world       INTEGER NOT NULL,
    customer    INTEGER NOT NULL,
    currency    TEXT    NOT NULL CHECK (length(currency) = 3),
    country     TEXT    NOT NULL,
    account_key TEXT    NOT NULL,
    data        TEXT    NOT NULL,
    PRIMARY KEY (world, customer, currency, country)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX funding_instructions_by_account ON funding_instructions (world, account_key);

-- What is booked stays booked.
CREATE TRIGGER cash_transaction_is_never_changed BEFORE UPDATE ON cash_transaction
BEGIN SELECT RAISE(ABORT, 'cash balance transactions are append-only'); END;
CREATE TRIGGER cash_transaction_is_never_removed BEFORE DELETE ON cash_transaction
BEGIN SELECT RAISE(ABORT, 'cash balance transactions are append-only'); END;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'journal entries are append-only'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'journal entries are append-only'); END;
CREATE TRIGGER posting_is_never_changed BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER posting_is_never_removed BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;

-- For people with a SQL prompt.
CREATE VIEW readable_cash_transaction AS
SELECT datetime((t.number >> 22) / 1000 + 1577836800, 'unixepoch') AS created,
       w.account, w.livemode, json_extract(c.data, '$.id') AS customer_id,
       t.number, t.type, t.currency, t.net_amount, t.ending_balance, t.detail
FROM cash_transaction t
JOIN world w ON w.world = t.world
JOIN customer c ON c.world = t.world AND c.number = t.customer;

CREATE VIEW readable_journal AS
SELECT datetime((e.number >> 22) / 1000 + 1577836800, 'unixepoch') AS created,
       w.account, w.livemode, e.number, e.kind, p.line,
       CASE p.account WHEN 1 THEN 'bank' WHEN 2 THEN 'customer cash'
            WHEN 4 THEN 'merchant pending' WHEN 5 THEN 'merchant available'
            ELSE p.account END AS posted_to,
       p.owner, p.currency, max(p.amount, 0) AS debit, max(-p.amount, 0) AS credit
FROM entry e
JOIN world w ON w.world = e.world
JOIN posting p ON p.world = e.world AND p.entry = e.number;
