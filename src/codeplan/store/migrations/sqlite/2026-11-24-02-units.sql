-- Use is counted in millionths of a unit; windows may be a member's or a key's; running calls are
-- rows; use is also kept by the hour, model and tool.

UPDATE windows SET used = used * 1000000, reserved = reserved * 1000000;
ALTER TABLE windows ADD COLUMN scope_id TEXT NOT NULL DEFAULT '';

UPDATE prompts SET holds = (
  SELECT json_group_array(json_set(
    value,
    '$.units', json_extract(value, '$.units') * 1000000,
    '$.taken_before', json_extract(value, '$.taken_before') * 1000000,
    '$.limit', json_extract(value, '$.limit') * 1000000
  )) FROM json_each(holds)
);
ALTER TABLE prompts ADD COLUMN earlier_calls INTEGER NOT NULL DEFAULT 0;
-- Calls that ran were no rows until now: nothing of them is left to be finished.
UPDATE windows SET reserved = 0;
UPDATE prompts SET open_calls = 0, state = iif(state = 'reserved', 'released', state),
  reason = iif(state = 'reserved', 'the service stopped while a call ran', reason)
WHERE open_calls > 0 OR state = 'reserved';
DROP INDEX prompts_running;

ALTER TABLE calls RENAME TO old_calls;
CREATE TABLE calls (
  account_id        TEXT NOT NULL,
  id                TEXT NOT NULL,
  prompt_id         TEXT,
  subscription_id   TEXT NOT NULL,
  key_id            TEXT NOT NULL,
  client            TEXT NOT NULL,
  protocol          TEXT NOT NULL,
  model_asked       TEXT NOT NULL,
  model             TEXT NOT NULL,
  streamed          INTEGER NOT NULL,
  why               TEXT NOT NULL,
  started_at        INTEGER NOT NULL,
  state             TEXT NOT NULL CHECK (state IN ('running', 'settled', 'released')),
  outcome           TEXT NOT NULL,
  upstream          TEXT NOT NULL,
  upstream_model    TEXT NOT NULL,
  first_content_at  INTEGER,
  ended_at          INTEGER,
  input             INTEGER NOT NULL,
  cached            INTEGER NOT NULL,
  cache_write       INTEGER NOT NULL,
  output            INTEGER NOT NULL,
  reasoning         INTEGER NOT NULL,
  detail            TEXT NOT NULL,
  catalogue_version TEXT NOT NULL DEFAULT '',
  holds             TEXT NOT NULL DEFAULT '[]',
  node              TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO calls SELECT
  account_id, id, prompt_id, subscription_id, key_id, client, protocol, model_asked, model, streamed,
  why, started_at, state, outcome, upstream, upstream_model, first_content_at, ended_at, input,
  cached, cache_write, output, reasoning, detail, '', '[]', ''
FROM old_calls;
DROP TABLE old_calls;
CREATE INDEX calls_running ON calls (id) WHERE state = 'running';

CREATE TABLE hours (
  account_id  TEXT NOT NULL,
  hour        INTEGER NOT NULL,
  model       TEXT NOT NULL,
  client      TEXT NOT NULL,
  calls       INTEGER NOT NULL,
  prompts     INTEGER NOT NULL,
  input       INTEGER NOT NULL,
  cached      INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  output      INTEGER NOT NULL,
  reasoning   INTEGER NOT NULL,
  PRIMARY KEY (account_id, hour, model, client)
) STRICT, WITHOUT ROWID;
INSERT INTO hours SELECT
  account_id, started_at - started_at % 3600000, model, client, count(*), 0, sum(input), sum(cached),
  sum(cache_write), sum(output), sum(reasoning)
FROM calls WHERE state = 'settled' GROUP BY 1, 2, 3, 4;
