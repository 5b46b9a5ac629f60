-- Servers that the library is connected to, without passwords and keys: those are in a file of
-- their own.
CREATE TABLE connections (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE,
    service      TEXT NOT NULL,
    address      TEXT NOT NULL,
    user         TEXT NOT NULL,
    access       TEXT NOT NULL,     -- how the user is made known to the server
    listener     INTEGER NOT NULL REFERENCES listeners (id),
    lists_within INTEGER NOT NULL,  -- 1 where lists of the listener hold only what is there
    counts_plays INTEGER NOT NULL,  -- 1 where plays that the server counted are taken in
    read_at      INTEGER,
    pushed_at    INTEGER,
    pulled_to    INTEGER             -- plays that are there up to this time are here
);
-- What is on them, and what was taken in of it.
CREATE TABLE remote_tracks (
    connection INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    remote     TEXT NOT NULL,
    track      INTEGER NOT NULL REFERENCES tracks (id),
    opinion    INTEGER,             -- a code of feedback
    plays      INTEGER NOT NULL,
    PRIMARY KEY (connection, remote)
) WITHOUT ROWID;
CREATE INDEX remote_tracks_by_track ON remote_tracks (track);
-- Which playlist there holds which lists.
CREATE TABLE remote_playlists (
    connection INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    remote     TEXT NOT NULL,
    PRIMARY KEY (connection, kind, name)
) WITHOUT ROWID;
