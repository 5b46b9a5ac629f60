-- Where a listener is, for days and hours of their history: a name such as `Europe/Paris`. Nobody
-- has said where there is none.
ALTER TABLE listeners ADD COLUMN time_zone TEXT;
