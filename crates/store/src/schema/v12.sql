-- The world that a library is used with: a file that lies where the user put it.
CREATE TABLE worlds (
    path   TEXT NOT NULL,
    digest TEXT NOT NULL            -- of its content, when it was taken into use
);
