-- What a server needs: many small writes acknowledged at once, keys, and impressions that cost one row instead of one for every pick.

-- The picks of a slate, one after another (see `slates.rs`). They were rows of `picks`, each with a place in an index by track: as many
-- random pages to flush as a mix has tracks. The rows are moved here by the code that runs this script.
ALTER TABLE impressions ADD COLUMN picks BLOB NOT NULL DEFAULT x'';

-- Events that clients named, so that telling one again is no second event.
CREATE TABLE client_ids (
    listener INTEGER NOT NULL REFERENCES listeners(id),
    id       BLOB NOT NULL,      -- first 16 bytes of a digest of the kind of event and the client's name for it
    content  INTEGER NOT NULL,   -- 8 bytes of a digest of what was told
    PRIMARY KEY (listener, id)
) WITHOUT ROWID;

-- Keys to the server. Only digests: nobody can make a key out of this table.
CREATE TABLE api_keys (
    name       TEXT PRIMARY KEY,
    scope      TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
);

-- How often a listener was forgotten. Only then do names lose their integers: until it changes, what a process remembers of names holds,
-- whatever other processes write.
CREATE TABLE forgotten (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    times INTEGER NOT NULL
);
INSERT INTO forgotten VALUES (1, 0);
