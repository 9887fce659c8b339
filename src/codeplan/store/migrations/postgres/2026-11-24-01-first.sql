-- Accounts, plans held, windows, prompts and calls. Instants are epoch milliseconds, UTC; use is in
-- millionths of a unit.

-- The one clock of all nodes.
CREATE FUNCTION codeplan_now() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

CREATE TABLE accounts (
  id            text PRIMARY KEY,
  email         text NOT NULL,
  role          text NOT NULL CHECK (role IN ('subscriber', 'operator')),
  password_hash text NOT NULL,
  password_once boolean NOT NULL,
  created_at    bigint NOT NULL
);
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

CREATE TABLE client_keys (
  id         text PRIMARY KEY,
  account_id text NOT NULL REFERENCES accounts (id),
  digest     bytea NOT NULL UNIQUE,
  hint       text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);

CREATE TABLE sign_ins (
  digest     bytea PRIMARY KEY,
  account_id text NOT NULL REFERENCES accounts (id),
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);

CREATE TABLE catalogues (
  version       text PRIMARY KEY,
  document      bytea NOT NULL,
  first_seen_at bigint NOT NULL
);

CREATE TABLE subscriptions (
  id                text PRIMARY KEY,
  account_id        text NOT NULL REFERENCES accounts (id),
  plan_id           text NOT NULL,
  catalogue_version text NOT NULL REFERENCES catalogues (version),
  period            text NOT NULL,
  state             text NOT NULL,
  started_at        bigint NOT NULL,
  ends_at           bigint NOT NULL
);
CREATE INDEX subscriptions_of_account ON subscriptions (account_id, started_at);

-- One row a subscription: whoever changes its windows, prompts or calls locks it first.
-- free_calls: side calls that rode on no prompt, since its newest prompt.
CREATE TABLE meters (
  subscription_id text PRIMARY KEY,
  free_calls      bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE windows (
  id              text PRIMARY KEY,
  subscription_id text NOT NULL,
  rule            text NOT NULL,
  opened_at       bigint NOT NULL,
  closes_at       bigint NOT NULL,
  used            bigint NOT NULL CHECK (used >= 0),
  reserved        bigint NOT NULL CHECK (reserved >= 0),
  scope_id        text NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX windows_of_subscription ON windows (subscription_id, closes_at);

CREATE TABLE prompts (
  account_id      text NOT NULL,
  id              text NOT NULL,
  subscription_id text NOT NULL,
  session         text NOT NULL,
  conversation    text NOT NULL,
  thread          text NOT NULL,
  ordinal         bigint NOT NULL,
  text_hash       text NOT NULL,
  client          text NOT NULL,
  opened_at       bigint NOT NULL,
  last_call_at    bigint NOT NULL,
  state           text NOT NULL CHECK (state IN ('reserved', 'settled', 'released')),
  calls           bigint NOT NULL,
  open_calls      bigint NOT NULL CHECK (open_calls >= 0),
  delivered       bigint NOT NULL,
  awaits_tool     boolean NOT NULL,
  holds           text NOT NULL,
  reason          text NOT NULL,
  earlier_calls   bigint NOT NULL,
  PRIMARY KEY (account_id, id)
) WITH (fillfactor = 70);
CREATE INDEX prompts_of_thread ON prompts (subscription_id, thread, id);
CREATE INDEX prompts_by_time ON prompts (opened_at);

-- A partition a month, made ahead of time and dropped when its rows need not be kept any more.
CREATE TABLE calls (
  account_id        text NOT NULL,
  id                text NOT NULL,
  prompt_id         text,
  subscription_id   text NOT NULL,
  key_id            text NOT NULL,
  client            text NOT NULL,
  protocol          text NOT NULL,
  model_asked       text NOT NULL,
  model             text NOT NULL,
  streamed          boolean NOT NULL,
  why               text NOT NULL,
  started_at        bigint NOT NULL,
  state             text NOT NULL CHECK (state IN ('running', 'settled', 'released')),
  outcome           text NOT NULL,
  upstream          text NOT NULL,
  upstream_model    text NOT NULL,
  first_content_at  bigint,
  ended_at          bigint,
  input             bigint NOT NULL,
  cached            bigint NOT NULL,
  cache_write       bigint NOT NULL,
  output            bigint NOT NULL,
  reasoning         bigint NOT NULL,
  detail            text NOT NULL,
  catalogue_version text NOT NULL,
  holds             text NOT NULL,
  node              text NOT NULL,
  PRIMARY KEY (account_id, id, started_at)
) PARTITION BY RANGE (started_at);
CREATE TABLE calls_other PARTITION OF calls DEFAULT;
CREATE INDEX calls_running ON calls (subscription_id, node) WHERE state = 'running';

CREATE TABLE hours (
  account_id  text NOT NULL,
  hour        bigint NOT NULL,
  model       text NOT NULL,
  client      text NOT NULL,
  calls       bigint NOT NULL,
  prompts     bigint NOT NULL,
  input       bigint NOT NULL,
  cached      bigint NOT NULL,
  cache_write bigint NOT NULL,
  output      bigint NOT NULL,
  reasoning   bigint NOT NULL,
  PRIMARY KEY (account_id, hour, model, client)
) WITH (fillfactor = 70);

-- The processes that serve. One that was not seen for a while is taken for dead.
CREATE TABLE nodes (
  id         text PRIMARY KEY,
  started_at bigint NOT NULL,
  seen_at    bigint NOT NULL
);
