-- Schema 1. Times are microseconds since 1970 UTC; codes of words are listed in `codes.rs`.

-- Dictionaries: every name is stored once and stands as an integer everywhere else. An integer is never given twice, so
-- that what a process remembers of them stays true.
CREATE TABLE listeners (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE contexts (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE works (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE tracks (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    name           TEXT NOT NULL UNIQUE,
    work           INTEGER NOT NULL REFERENCES works(id),
    version        INTEGER NOT NULL,
    title          TEXT NOT NULL,
    artists        TEXT NOT NULL,   -- JSON array
    album          TEXT,
    isrc           TEXT,
    recording_mbid TEXT,
    location       TEXT,
    year           INTEGER,
    genre          TEXT,
    popularity     REAL,
    features       BLOB,            -- 13 little-endian f32 in the order of `AudioFeature::ALL`, missing ones NaN
    listed         INTEGER NOT NULL -- 1 when a catalogue named it, 0 when only somebody's history did
);
CREATE INDEX tracks_by_work ON tracks(work);

-- The log. Rows are appended and never moved; there is no index to keep up to date, `runs` stands in for one.
-- References are kept by the writer: a declared one would look up three parents for every row.
CREATE TABLE listens (
    id              INTEGER PRIMARY KEY,
    listener        INTEGER NOT NULL,
    track           INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    moment          INTEGER NOT NULL,
    ms_played       INTEGER,
    start_reason    INTEGER NOT NULL,
    end_reason      INTEGER NOT NULL,
    skipped         INTEGER,
    shuffle         INTEGER,
    offline         INTEGER,
    private_session INTEGER NOT NULL,
    device          INTEGER NOT NULL,
    context         INTEGER,
    source          INTEGER NOT NULL
);
-- Which stretches of the log belong to whom, folded from its tail now and then (see `runs.rs`).
CREATE TABLE runs (
    listener INTEGER NOT NULL REFERENCES listeners(id),
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    earliest INTEGER NOT NULL,
    latest   INTEGER NOT NULL,
    PRIMARY KEY (listener, first)
) WITHOUT ROWID;
CREATE TABLE folded (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    upto INTEGER NOT NULL
);
INSERT INTO folded VALUES (1, 0);

CREATE TABLE feedback (
    id       INTEGER PRIMARY KEY,
    listener INTEGER NOT NULL REFERENCES listeners(id),
    track    INTEGER REFERENCES tracks(id),
    artist   TEXT,
    kind     INTEGER NOT NULL,
    at       INTEGER,
    source   INTEGER NOT NULL,
    CHECK ((track IS NULL) <> (artist IS NULL))
);
CREATE INDEX feedback_by_listener ON feedback(listener, track, kind);
CREATE INDEX feedback_by_track ON feedback(track);

CREATE TABLE exclusions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    listener  INTEGER NOT NULL REFERENCES listeners(id),
    exclusion TEXT NOT NULL          -- JSON
);
CREATE INDEX exclusions_by_listener ON exclusions(listener);

CREATE TABLE impressions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    listener  INTEGER NOT NULL REFERENCES listeners(id),
    at        INTEGER NOT NULL,
    config    TEXT NOT NULL,         -- JSON
    shortlist BLOB NOT NULL          -- per track 9 bytes: little-endian u32 id of `tracks`, f32 score, u8 new to the listener
);
CREATE INDEX impressions_by_listener ON impressions(listener);
CREATE TABLE picks (
    impression      INTEGER NOT NULL REFERENCES impressions(id) ON DELETE CASCADE,
    position        INTEGER NOT NULL,
    track           INTEGER NOT NULL REFERENCES tracks(id),
    drawn           INTEGER NOT NULL,
    propensity      REAL,            -- NULL stands for NaN, here and below
    likability      REAL,
    uncertainty     REAL,
    new_to_listener INTEGER NOT NULL,
    reason          TEXT NOT NULL,   -- JSON
    PRIMARY KEY (impression, position)
) WITHOUT ROWID;
CREATE INDEX picks_by_track ON picks(track);

CREATE TABLE imports (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    fingerprint TEXT NOT NULL,
    listener    TEXT NOT NULL,       -- for whom it was imported, empty for nobody in particular
    name        TEXT NOT NULL,
    rows        INTEGER NOT NULL,    -- the last row committed
    complete    INTEGER NOT NULL,
    UNIQUE (fingerprint, listener)
);
CREATE TABLE import_listeners (
    import   INTEGER NOT NULL REFERENCES imports(id) ON DELETE CASCADE,
    listener INTEGER NOT NULL REFERENCES listeners(id),
    PRIMARY KEY (import, listener)
) WITHOUT ROWID;

CREATE TABLE models (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    version    TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    active     INTEGER NOT NULL,
    card       TEXT NOT NULL         -- JSON, as it was handed in
);
CREATE UNIQUE INDEX one_active_model ON models(active) WHERE active = 1;
CREATE TABLE model_listeners (
    model    INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE,
    listener INTEGER NOT NULL REFERENCES listeners(id),
    PRIMARY KEY (model, listener)
) WITHOUT ROWID;
