-- Payments, refunds, payouts and invoices as documents; places that take money; things to be done
-- later; the merchant's lines with numbers in place of ids (the table was empty until now).

DROP TABLE balance_transaction;

CREATE TABLE balance_transaction (
    world           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    currency        TEXT    NOT NULL CHECK (length(currency) = 3),
    amount          INTEGER NOT NULL,
    fee             INTEGER NOT NULL,
    available_on    INTEGER NOT NULL,
    source_kind     TEXT,
    source_customer INTEGER,
    source          INTEGER,
    description     TEXT,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX balance_transaction_by_source ON balance_transaction (world, source, number)
    WHERE source IS NOT NULL;
CREATE INDEX balance_transaction_by_type ON balance_transaction (world, type, number);
CREATE INDEX balance_transaction_by_currency ON balance_transaction (world, currency, number);

-- An object of the API as it stands. Customer is 0 for what belongs to the account itself; parent
-- is the row that it is listed under.
CREATE TABLE document (
    world    INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    customer INTEGER NOT NULL,
    parent   INTEGER,
    data     TEXT    NOT NULL,
    PRIMARY KEY (world, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_by_kind ON document (world, kind, number);
CREATE INDEX document_by_customer ON document (world, customer, kind, number) WHERE customer > 0;
CREATE INDEX document_by_parent ON document (world, parent, kind, number)
    WHERE parent IS NOT NULL;

-- Payment intents that take money, as reconciliation sees them. `invoice` is the number of the
-- invoice behind one; such an intent takes money until `until` and only whole.
CREATE TABLE payable (
    world     INTEGER NOT NULL,
    customer  INTEGER NOT NULL,
    intent    INTEGER NOT NULL,
    currency  TEXT    NOT NULL CHECK (length(currency) = 3),
    remaining INTEGER NOT NULL CHECK (remaining > 0),
    since     INTEGER NOT NULL,
    invoice   TEXT,
    until     INTEGER,
    PRIMARY KEY (world, customer, intent)
) STRICT, WITHOUT ROWID;

-- The due-list. A row is removed in the commit of its effect.
CREATE TABLE timer (
    due      INTEGER NOT NULL,
    world    INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    PRIMARY KEY (due, world, number, customer, kind)
) STRICT, WITHOUT ROWID;

-- Up to which credit the unclaimed money of a world has been looked at: the journal itself is the
-- due-list of what nobody claims.
CREATE TABLE looked (
    world  INTEGER NOT NULL,
    days   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (world, days)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER balance_transaction_is_never_changed BEFORE UPDATE ON balance_transaction
BEGIN SELECT RAISE(ABORT, 'balance transactions are append-only'); END;
CREATE TRIGGER balance_transaction_is_never_removed BEFORE DELETE ON balance_transaction
BEGIN SELECT RAISE(ABORT, 'balance transactions are append-only'); END;

DROP VIEW readable_journal;

CREATE VIEW readable_journal AS
SELECT datetime((e.number >> 22) / 1000 + 1577836800, 'unixepoch') AS created,
       w.account, w.livemode, e.number, e.kind, p.line,
       CASE p.account WHEN 1 THEN 'bank' WHEN 2 THEN 'customer cash'
            WHEN 3 THEN 'payment intent' WHEN 4 THEN 'merchant pending'
            WHEN 5 THEN 'merchant available' WHEN 6 THEN 'fees'
            WHEN 7 THEN 'refunds in transit' WHEN 8 THEN 'payouts in transit'
            ELSE p.account END AS posted_to,
       p.owner, p.currency, max(p.amount, 0) AS debit, max(-p.amount, 0) AS credit
FROM entry e
JOIN world w ON w.world = e.world
JOIN posting p ON p.world = e.world AND p.entry = e.number;

CREATE VIEW readable_document AS
SELECT datetime((d.number >> 22) / 1000 + 1577836800, 'unixepoch') AS created,
       w.account, w.livemode, d.kind, d.number, d.customer,
       json_extract(d.data, '$.status') AS status, json_extract(d.data, '$.amount') AS amount,
       json_extract(d.data, '$.currency') AS currency, d.data
FROM document d
JOIN world w ON w.world = d.world;
