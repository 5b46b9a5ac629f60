-- Whom the sources credit, where that is a text that joins several artists and `artists` holds them parted; NULL where both are the same.
ALTER TABLE tracks ADD COLUMN credited TEXT;
-- Up to which track the library was settled, and how often: what other processes remember of works ends with each time.
ALTER TABLE settled_works ADD COLUMN track INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settled_works ADD COLUMN times INTEGER NOT NULL DEFAULT 0;
