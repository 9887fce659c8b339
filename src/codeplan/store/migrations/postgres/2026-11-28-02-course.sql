-- How a call came to its first content: what was waited for, and each try of an upstream.

ALTER TABLE calls ADD COLUMN course text NOT NULL DEFAULT '';
