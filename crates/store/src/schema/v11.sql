-- Lists that stay: mixes under a name, as they were made. A list that nobody has opened yet has an impression that nobody saw: whoever
-- asks what was shown must say `unopened = 0`, too.
ALTER TABLE impressions ADD COLUMN unopened INTEGER NOT NULL DEFAULT 0;
CREATE TABLE lists (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    listener    INTEGER NOT NULL REFERENCES listeners (id),
    kind        TEXT NOT NULL,      -- what it is made by; 'own' for a mix that the listener kept
    name        TEXT NOT NULL,
    edition     TEXT NOT NULL,      -- the day or week that it is for; '' for one's own
    at          INTEGER NOT NULL,
    impression  INTEGER NOT NULL REFERENCES impressions (id),
    never_shown INTEGER NOT NULL,
    UNIQUE (listener, kind, name, edition)
);
