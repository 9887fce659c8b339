-- Console sessions are documents from now on; what the whole service did is counted by the hour.

DROP TABLE sign_ins;

CREATE TABLE tallies (
  hour  bigint NOT NULL,
  name  text NOT NULL,
  value bigint NOT NULL,
  PRIMARY KEY (hour, name)
);
CREATE INDEX hours_by_time ON hours (hour);
