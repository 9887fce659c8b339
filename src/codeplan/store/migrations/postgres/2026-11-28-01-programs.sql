-- Of a client that sends no session id: its key and program, hashed, so that its side calls and
-- small sub-agents are known by them. And when the turn's own calls were: side calls keep no prompt
-- alive.

ALTER TABLE prompts ADD COLUMN program text NOT NULL DEFAULT '';
ALTER TABLE prompts ADD COLUMN turn_call_at bigint NOT NULL DEFAULT 0;
UPDATE prompts SET turn_call_at = last_call_at;
CREATE INDEX prompts_of_program ON prompts (subscription_id, program, id) WHERE program <> '';
