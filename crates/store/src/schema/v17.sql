-- Lists that a listener gets anew every week, by words.
CREATE TABLE weekly_lists (
    listener INTEGER NOT NULL REFERENCES listeners (id),
    name     TEXT NOT NULL,
    prompt   TEXT NOT NULL,
    PRIMARY KEY (listener, name)
) WITHOUT ROWID;
