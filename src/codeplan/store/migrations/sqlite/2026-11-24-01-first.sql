-- Accounts, plans held, windows, prompts and calls. Instants are epoch milliseconds, UTC.

CREATE TABLE accounts (
  id            TEXT PRIMARY KEY,
  email         TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role          TEXT NOT NULL CHECK (role IN ('subscriber', 'operator')),
  password_hash TEXT NOT NULL,
  password_once INTEGER NOT NULL,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE client_keys (
  id         TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  digest     BLOB NOT NULL UNIQUE,
  hint       TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE sign_ins (
  digest     BLOB PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE catalogues (
  version       TEXT PRIMARY KEY,
  document      BLOB NOT NULL,
  first_seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE subscriptions (
  id                TEXT PRIMARY KEY,
  account_id        TEXT NOT NULL REFERENCES accounts (id),
  plan_id           TEXT NOT NULL,
  catalogue_version TEXT NOT NULL REFERENCES catalogues (version),
  period            TEXT NOT NULL,
  state             TEXT NOT NULL,
  started_at        INTEGER NOT NULL,
  ends_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX subscriptions_of_account ON subscriptions (account_id, started_at);

CREATE TABLE windows (
  id              TEXT PRIMARY KEY,
  subscription_id TEXT NOT NULL,
  rule            TEXT NOT NULL,
  opened_at       INTEGER NOT NULL,
  closes_at       INTEGER NOT NULL,
  used            INTEGER NOT NULL CHECK (used >= 0),
  reserved        INTEGER NOT NULL CHECK (reserved >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX windows_of_subscription ON windows (subscription_id, closes_at);

-- Ids sort by time, so a table that is ordered by account and id needs no index of times beside it.
CREATE TABLE prompts (
  account_id      TEXT NOT NULL,
  id              TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  session         TEXT NOT NULL,
  conversation    TEXT NOT NULL,
  thread          TEXT NOT NULL,
  ordinal         INTEGER NOT NULL,
  text_hash       TEXT NOT NULL,
  client          TEXT NOT NULL,
  opened_at       INTEGER NOT NULL,
  last_call_at    INTEGER NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'released')),
  calls           INTEGER NOT NULL,
  open_calls      INTEGER NOT NULL CHECK (open_calls >= 0),
  delivered       INTEGER NOT NULL,
  awaits_tool     INTEGER NOT NULL,
  holds           TEXT NOT NULL,
  reason          TEXT NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX prompts_of_thread ON prompts (subscription_id, thread, id);
CREATE INDEX prompts_running ON prompts (id) WHERE open_calls > 0;

CREATE TABLE calls (
  account_id       TEXT NOT NULL,
  id               TEXT NOT NULL,
  prompt_id        TEXT,
  subscription_id  TEXT NOT NULL,
  key_id           TEXT NOT NULL,
  client           TEXT NOT NULL,
  protocol         TEXT NOT NULL,
  model_asked      TEXT NOT NULL,
  model            TEXT NOT NULL,
  streamed         INTEGER NOT NULL,
  why              TEXT NOT NULL,
  started_at       INTEGER NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('settled', 'released')),
  outcome          TEXT NOT NULL,
  upstream         TEXT NOT NULL,
  upstream_model   TEXT NOT NULL,
  first_content_at INTEGER,
  ended_at         INTEGER NOT NULL,
  input            INTEGER NOT NULL,
  cached           INTEGER NOT NULL,
  cache_write      INTEGER NOT NULL,
  output           INTEGER NOT NULL,
  reasoning        INTEGER NOT NULL,
  detail           TEXT NOT NULL,
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- Side calls that rode on no prompt, since the subscription's newest prompt.
CREATE TABLE free_calls (
  subscription_id TEXT PRIMARY KEY,
  number          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
