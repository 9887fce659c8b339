-- Documents beside the ledger, counters, balances kept beside their postings (in millionths of a
-- minor unit from now on), and what a subscription needs to be lived through by the clock.

ALTER TABLE accounts ADD COLUMN zone text NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN clock_ahead bigint NOT NULL DEFAULT 0;
CREATE INDEX accounts_ahead ON accounts (id) WHERE clock_ahead > 0;
CREATE INDEX client_keys_of_account ON client_keys (account_id);
ALTER TABLE client_keys ADD COLUMN payer_id text NOT NULL DEFAULT '';

ALTER TABLE subscriptions ADD COLUMN restricted text NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_plan_id text NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_period text NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN zone text NOT NULL DEFAULT 'UTC';
ALTER TABLE subscriptions ADD COLUMN seats bigint NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN pooled boolean NOT NULL DEFAULT false;
ALTER TABLE subscriptions ADD COLUMN attempts bigint NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN due_at bigint;
UPDATE subscriptions SET due_at = ends_at WHERE state = 'active';
UPDATE subscriptions SET state = 'cancelled' WHERE state = 'active' AND cancelled;
ALTER TABLE subscriptions DROP COLUMN cancelled;
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE postings RENAME COLUMN amount_minor TO millionths;
UPDATE postings SET millionths = millionths * 1000000;
CREATE TABLE balances (
  account    text NOT NULL,
  currency   text NOT NULL,
  millionths bigint NOT NULL CHECK (millionths >= 0),
  PRIMARY KEY (account, currency)
);
INSERT INTO balances SELECT account, currency, sum(millionths) FROM postings
WHERE account LIKE 'cash/%' OR account LIKE 'bonus/%' GROUP BY account, currency;

CREATE TABLE documents (
  kind       text NOT NULL,
  id         text NOT NULL,
  account_id text NOT NULL,
  state      text NOT NULL,
  due_at     bigint,
  made_at    bigint NOT NULL,
  body       bytea NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX documents_of_account ON documents (account_id, kind, state, id);
CREATE INDEX documents_due ON documents (kind, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE counters (
  name  text PRIMARY KEY,
  value bigint NOT NULL
);
