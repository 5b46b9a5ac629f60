-- Folders of music that were scanned, which `segue serve` may play from.
CREATE TABLE music_folders (path TEXT PRIMARY KEY) WITHOUT ROWID;
-- Files in them, and the track that each is. A file of the same size and time is not read again.
CREATE TABLE sound_files (
    path     TEXT PRIMARY KEY,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    track    INTEGER NOT NULL REFERENCES tracks (id)
) WITHOUT ROWID;
CREATE INDEX sound_files_by_track ON sound_files (track);
