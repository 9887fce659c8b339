-- The ledger, the terms of subscriptions, and moves of money by their callers' keys.

ALTER TABLE subscriptions ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;

CREATE TABLE terms (
  id                TEXT PRIMARY KEY,
  subscription_id   TEXT NOT NULL,
  account_id        TEXT NOT NULL,
  plan_id           TEXT NOT NULL,
  catalogue_version TEXT NOT NULL,
  period            TEXT NOT NULL,
  kind              TEXT NOT NULL,
  currency          TEXT NOT NULL,
  list_minor        INTEGER NOT NULL,
  paid_minor        INTEGER NOT NULL,
  started_at        INTEGER NOT NULL,
  ends_at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX terms_of_subscription ON terms (subscription_id, started_at);
INSERT INTO terms SELECT
  'term' || substr(id, 4), id, account_id, plan_id, catalogue_version, period, 'granted', '', 0, 0,
  started_at, ends_at
FROM subscriptions;

CREATE TABLE entries (
  id         TEXT PRIMARY KEY,
  at         INTEGER NOT NULL,
  account_id TEXT NOT NULL,
  currency   TEXT NOT NULL,
  kind       TEXT NOT NULL,
  reference  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_of_account ON entries (account_id, id);

CREATE TABLE postings (
  entry_id     TEXT NOT NULL REFERENCES entries (id),
  account      TEXT NOT NULL,
  currency     TEXT NOT NULL,
  amount_minor INTEGER NOT NULL,
  PRIMARY KEY (account, currency, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX postings_of_entry ON postings (entry_id);

CREATE TABLE moves (
  account_id TEXT NOT NULL,
  key        TEXT NOT NULL,
  at         INTEGER NOT NULL,
  answer     BLOB NOT NULL,
  PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;
