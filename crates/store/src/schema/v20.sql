-- Impressions in a third of the bytes: what mixes say again and again is a text with a key, and the rest of a slate is one column of integers
-- and numbers (see `slates/mod.rs`). The rows are moved by the code that runs this script, which drops the columns that they stood in.
CREATE TABLE texts (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE        -- a configuration as JSON, or a name within a reason
);
ALTER TABLE impressions ADD COLUMN slate BLOB NOT NULL DEFAULT x'';

-- When a client named an event, so that names can go once nobody sends the event again: days since 1970.
ALTER TABLE client_ids ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
UPDATE client_ids SET day = unixepoch() / 86400;
