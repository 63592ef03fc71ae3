-- Where the merchant's money came from; nothing stands for `card`, which most of it is.
ALTER TABLE balance_transaction ADD COLUMN source_type TEXT;

DROP VIEW readable_journal;
CREATE VIEW readable_journal AS
SELECT to_timestamp((e.number >> 22) / 1000.0 + 1577836800) AS created,
       w.account, w.livemode, e.number, e.kind, p.line,
       CASE p.account WHEN 1 THEN 'bank' WHEN 2 THEN 'customer cash'
            WHEN 3 THEN 'payment intent' WHEN 4 THEN 'merchant pending'
            WHEN 5 THEN 'merchant available' WHEN 6 THEN 'fees'
            WHEN 7 THEN 'refunds in transit' WHEN 8 THEN 'payouts in transit'
       WHEN 13 THEN 'card network'
       WHEN 14 THEN 'merchant pending, by transfer'
       WHEN 15 THEN 'merchant available, by transfer'
       WHEN 16 THEN 'source' ELSE CAST(p.account AS TEXT) END AS posted_to,
       p.owner, p.currency, greatest(p.amount, 0) AS debit, greatest(-p.amount, 0) AS credit
FROM entry e
JOIN world w ON w.world = e.world
JOIN posting p ON p.world = e.world AND p.entry = e.number;
