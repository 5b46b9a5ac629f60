-- Of whom a play was completed in place, and the how-manieth completion the last one was: plays keep their rows, and no other number grows.
CREATE TABLE completed (
    listener INTEGER PRIMARY KEY,
    number   INTEGER NOT NULL
);
CREATE INDEX completed_by_number ON completed (number);
