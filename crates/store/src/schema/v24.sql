-- Of whom plays were completed in place by another report of the same play, each with the number of
-- the last completion, counted over all listeners: a completed play keeps its row, so that nothing
-- else tells of it.
CREATE TABLE completed (
    listener INTEGER PRIMARY KEY,
    number   INTEGER NOT NULL
);
CREATE INDEX completed_by_number ON completed (number);
