-- In which language a listener wants dates and numbers written: a tag such as `en-GB` or `ja`. Nobody
-- has said where there is none.
ALTER TABLE listeners ADD COLUMN date_language TEXT;

-- Why the last reading of a server, or the last pushing to it, failed, and when; empty where it did
-- not.
ALTER TABLE connections ADD COLUMN failed_at INTEGER;
ALTER TABLE connections ADD COLUMN failure TEXT;
