-- What of a term's price is not kept any more, what of it is in dispute, what was credited when an
-- upgrade ended it, and the term that the credit went into. Credits of before are not known.

ALTER TABLE terms ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE terms ADD COLUMN disputed_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE terms ADD COLUMN credited_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE terms ADD COLUMN followed_by TEXT NOT NULL DEFAULT '';
CREATE INDEX terms_of_account ON terms (account_id);
UPDATE terms SET refunded_minor = given.minor FROM (
  SELECT json_extract(CAST(body AS TEXT), '$.term_id') AS term_id,
    sum(json_extract(CAST(body AS TEXT), '$.refunded_minor')) AS minor
  FROM documents WHERE kind = 'order' GROUP BY 1
) AS given WHERE given.term_id = terms.id AND given.minor > 0;
