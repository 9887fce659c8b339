-- Documents beside the ledger, counters, balances kept beside their postings (in millionths of a
-- minor unit from now on), and what a subscription needs to be lived through by the clock.

ALTER TABLE accounts ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN clock_ahead INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_ahead ON accounts (id) WHERE clock_ahead > 0;
CREATE INDEX client_keys_of_account ON client_keys (account_id);
ALTER TABLE client_keys ADD COLUMN payer_id TEXT NOT NULL DEFAULT '';

ALTER TABLE subscriptions ADD COLUMN restricted TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_plan_id TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_period TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE subscriptions ADD COLUMN seats INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN pooled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN due_at INTEGER;
UPDATE subscriptions SET due_at = ends_at WHERE state = 'active';
UPDATE subscriptions SET state = 'cancelled' WHERE state = 'active' AND cancelled = 1;
ALTER TABLE subscriptions DROP COLUMN cancelled;
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE postings RENAME COLUMN amount_minor TO millionths;
UPDATE postings SET millionths = millionths * 1000000;
CREATE TABLE balances (
  account    TEXT NOT NULL,
  currency   TEXT NOT NULL,
  millionths INTEGER NOT NULL CHECK (millionths >= 0),
  PRIMARY KEY (account, currency)
) STRICT, WITHOUT ROWID;
INSERT INTO balances SELECT account, currency, sum(millionths) FROM postings
WHERE account LIKE 'cash/%' OR account LIKE 'bonus/%' GROUP BY account, currency;

CREATE TABLE documents (
  kind       TEXT NOT NULL,
  id         TEXT NOT NULL,
  account_id TEXT NOT NULL,
  state      TEXT NOT NULL,
  due_at     INTEGER,
  made_at    INTEGER NOT NULL,
  body       BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_of_account ON documents (account_id, kind, state, id);
CREATE INDEX documents_due ON documents (kind, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
