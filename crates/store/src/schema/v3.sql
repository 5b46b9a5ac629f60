-- Policies that explore by what is not known log it: how the scores of a short-list vary together, and how exact a propensity is.
ALTER TABLE impressions ADD COLUMN factors BLOB;  -- little-endian f32, the same number for each track of the short-list
ALTER TABLE picks ADD COLUMN propensity_error REAL DEFAULT 0;
-- When a track came to the catalogue; NULL for those that were there before this was noted.
ALTER TABLE tracks ADD COLUMN added_at INTEGER;
CREATE INDEX tracks_by_arrival ON tracks(added_at);
