-- cancel_sm and replace_if_present_flag name what waits by its recipient. An index by recipient would cost every message
-- a place at random; here a search reads the keys of what waits, and no rows but those it finds.
DROP INDEX messages_expiry;
CREATE INDEX messages_expiry ON messages (expires_ms, recipient) WHERE stage <= 3;
