-- When tracks came out, as far as the world tells that was trained from last.
CREATE TABLE releases (
    track   INTEGER PRIMARY KEY REFERENCES tracks(id) ON DELETE CASCADE,
    day     INTEGER NOT NULL,       -- counted from 1970
    is_late INTEGER NOT NULL        -- 1 for the last weeks of that world
);
