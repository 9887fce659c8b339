-- The ledger, the terms of subscriptions, and moves of money by their callers' keys.

ALTER TABLE subscriptions ADD COLUMN currency text NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN cancelled boolean NOT NULL DEFAULT false;

CREATE TABLE terms (
  id                text PRIMARY KEY,
  subscription_id   text NOT NULL,
  account_id        text NOT NULL,
  plan_id           text NOT NULL,
  catalogue_version text NOT NULL,
  period            text NOT NULL,
  kind              text NOT NULL,
  currency          text NOT NULL,
  list_minor        bigint NOT NULL,
  paid_minor        bigint NOT NULL,
  started_at        bigint NOT NULL,
  ends_at           bigint NOT NULL
);
CREATE INDEX terms_of_subscription ON terms (subscription_id, started_at);
INSERT INTO terms SELECT
  'term' || substr(id, 4), id, account_id, plan_id, catalogue_version, period, 'granted', '', 0, 0,
  started_at, ends_at
FROM subscriptions;

CREATE TABLE entries (
  id         text PRIMARY KEY,
  at         bigint NOT NULL,
  account_id text NOT NULL,
  currency   text NOT NULL,
  kind       text NOT NULL,
  reference  text NOT NULL
);
CREATE INDEX entries_of_account ON entries (account_id, id);

CREATE TABLE postings (
  entry_id     text NOT NULL REFERENCES entries (id),
  account      text NOT NULL,
  currency     text NOT NULL,
  amount_minor bigint NOT NULL,
  PRIMARY KEY (account, currency, entry_id)
);
CREATE INDEX postings_of_entry ON postings (entry_id);

CREATE TABLE moves (
  account_id text NOT NULL,
  key        text NOT NULL,
  at         bigint NOT NULL,
  answer     bytea NOT NULL,
  PRIMARY KEY (account_id, key)
);
