-- The MD5 digest of a key, kept only where a protocol asks the server for it: of keys that are for
-- one listener.
ALTER TABLE api_keys ADD COLUMN md5 BLOB;
