-- The version of the rule by which the works of the tracks were last settled.
CREATE TABLE settled_works (
    version INTEGER NOT NULL
);
INSERT INTO settled_works VALUES (0);
