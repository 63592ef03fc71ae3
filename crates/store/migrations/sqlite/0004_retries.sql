-- Retries of webhooks are looked for apart from other timers.
CREATE INDEX timer_redeliver ON timer (due, world, number, customer) WHERE kind = 'redeliver';

-- The keys that were used, wherever they are kept by now.
CREATE VIEW used_key AS
SELECT world, key, fingerprint, number, request_id, customer, row FROM idempotency
UNION
SELECT world, key, fingerprint, number, request_id, customer, row FROM recent_key;
