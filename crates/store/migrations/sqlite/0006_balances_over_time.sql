-- What a lane had posted to an account in all by the end of each day on which it posted to it (days
-- since 1970-01-01, UTC). Of customers' cash (2) and of payment intents (3) it is the sum over all
-- owners. On other days the newest row before them holds.
CREATE TABLE day_balance (
    world    INTEGER NOT NULL,
    account  INTEGER NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    lane     INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    PRIMARY KEY (world, account, currency, lane, day)
) STRICT, WITHOUT ROWID;

-- Customers who have cash in a currency, and since which of their transactions: the one that took
-- it above zero. Money that stays for long waits for somebody to reconcile it.
CREATE TABLE idle_purse (
    world    INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    currency TEXT    NOT NULL CHECK (length(currency) = 3),
    since    INTEGER NOT NULL,
    PRIMARY KEY (world, customer, currency)
) STRICT, WITHOUT ROWID;

CREATE INDEX idle_purse_by_age ON idle_purse (world, currency, since, customer);

-- What happened before this table was there. A number holds a moment in milliseconds since 2020,
-- which is day 18262, then 8 bits of a lane and 14 of a counter.
INSERT INTO day_balance (world, account, currency, lane, day, amount)
SELECT world, account, currency, lane, day,
       CAST(sum(sum(amount)) OVER (
           PARTITION BY world, account, currency, lane ORDER BY day) AS BIGINT)
FROM (SELECT world, account, currency, amount, (entry >> 14) & 255 AS lane,
             (entry >> 22) / 86400000 + 18262 AS day
      FROM posting) AS p
GROUP BY world, account, currency, lane, day;

INSERT INTO idle_purse (world, customer, currency, since)
SELECT world, customer, currency, rose
FROM (SELECT world, customer, currency,
             max(CASE WHEN ending_balance > 0 AND ending_balance - net_amount <= 0
                 THEN number END) AS rose,
             max(CASE WHEN ending_balance <= 0 THEN number END) AS emptied
      FROM cash_transaction
      GROUP BY world, customer, currency) AS p
WHERE rose > coalesce(emptied, 0);
