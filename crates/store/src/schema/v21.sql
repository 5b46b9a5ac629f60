-- What was measured in files of music: `measured` as `AudioAnalysis::to_bytes` writes it, and the print by which the same recording is found
-- under other names, 32 bits an item. `sound` is a hash of the encoded sound alone, so that a file that was moved or tagged anew is not
-- measured again.
CREATE TABLE analyses (
    id       INTEGER PRIMARY KEY,
    track    INTEGER NOT NULL REFERENCES tracks (id) ON DELETE CASCADE,
    sound    BLOB NOT NULL,
    version  INTEGER NOT NULL,
    measured BLOB NOT NULL,
    print    BLOB NOT NULL,
    UNIQUE (track, sound)
);
CREATE INDEX analyses_by_sound ON analyses (sound);

-- The hash of each file's sound; NULL until it was measured.
ALTER TABLE sound_files ADD COLUMN sound BLOB;

-- How often a scan changed something, so that a server takes over what it found.
CREATE TABLE scans (times INTEGER NOT NULL);
INSERT INTO scans VALUES (0);
