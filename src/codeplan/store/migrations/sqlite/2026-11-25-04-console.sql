-- Console sessions are documents from now on; what the whole service did is counted by the hour.

DROP TABLE sign_ins;

CREATE TABLE tallies (
  hour  INTEGER NOT NULL,
  name  TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (hour, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX hours_by_time ON hours (hour);
