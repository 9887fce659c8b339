-- What a process that is gone left running is found by its prompts.

CREATE INDEX prompts_running ON prompts (id) WHERE open_calls > 0;
