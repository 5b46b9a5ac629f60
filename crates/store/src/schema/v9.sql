-- The one listener whom a key is for; NULL for a key that is for everybody. A name, not an integer: they may have done nothing yet.
ALTER TABLE api_keys ADD COLUMN listener TEXT;
-- Up to which play of a listener a client has copied what another service knows.
CREATE TABLE latest_imports (
    listener INTEGER NOT NULL REFERENCES listeners (id),
    service  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (listener, service)
) WITHOUT ROWID;
-- Listeners of whom other programs report plays as they happen. What whoever saw a play tells of them is held against those reports.
CREATE TABLE reported (
    listener INTEGER PRIMARY KEY REFERENCES listeners (id)
) WITHOUT ROWID;
