-- How many people gave a tag to an artist, by their names, as tables of tags tell. Who they are is
-- not kept, nor what one alone gave; of two tables that tell of the same tag the greater number
-- counts.
CREATE TABLE artist_tags (
    artist TEXT NOT NULL,
    tag    TEXT NOT NULL,
    people INTEGER NOT NULL CHECK (people > 0),
    PRIMARY KEY (artist, tag)
) WITHOUT ROWID;
