-- Experiments, and which of their arms a slate belongs to. A shadow was never shown: whoever asks what was shown must say `shadow = 0`.
CREATE TABLE experiments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    design     TEXT NOT NULL,        -- JSON, as it was handed in
    started_at INTEGER NOT NULL,
    stopped_at INTEGER
);
CREATE UNIQUE INDEX one_running_experiment ON experiments((stopped_at IS NULL)) WHERE stopped_at IS NULL;
ALTER TABLE impressions ADD COLUMN experiment INTEGER;  -- id of `experiments`, whose rows are never deleted
ALTER TABLE impressions ADD COLUMN arm TEXT;
ALTER TABLE impressions ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow = 0 OR experiment IS NOT NULL);
CREATE INDEX impressions_by_experiment ON impressions(experiment) WHERE experiment IS NOT NULL;
