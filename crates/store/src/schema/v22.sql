-- Audio features of a track that somebody set by hand, for everybody in the library: 13
-- little-endian f32 in the order of `AudioFeature::ALL`, NaN where nothing was set. What services
-- tell and what is estimated stays beside them.
CREATE TABLE overrides (
    track    INTEGER PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
    features BLOB NOT NULL
);

-- The version of the analysis that could not decode a file; NULL of one that was not tried or has
-- changed since.
ALTER TABLE sound_files ADD COLUMN undecodable INTEGER;

-- How often something was set or taken back, so that a server takes it over.
CREATE TABLE overridden (times INTEGER NOT NULL);
INSERT INTO overridden VALUES (0);

-- How far the log had come when a model was trained last: the number of its last play plus that of
-- its last feedback; NULL of models of earlier versions.
ALTER TABLE models ADD COLUMN log_end INTEGER;
