-- Times are integer milliseconds of Unix time. Enumerations are the integers of core/model.py and core/assembly.py.
-- key_id says how a text is stored: 0 = plain.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('next_id', 1);

-- What an ESME sent in one request. A submission has the number of its first segment.
CREATE TABLE submissions (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    message_id TEXT NOT NULL,
    operation INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    source_ton INTEGER NOT NULL,
    source_npi INTEGER NOT NULL,
    source_addr TEXT NOT NULL,
    sender TEXT NOT NULL,
    sender_is_number INTEGER NOT NULL,
    service_type TEXT NOT NULL,
    esm_class INTEGER NOT NULL,
    protocol_id INTEGER NOT NULL,
    priority_flag INTEGER NOT NULL,
    data_coding INTEGER NOT NULL,
    registered_delivery INTEGER NOT NULL,
    schedule_ms INTEGER,
    expires_ms INTEGER NOT NULL,
    replaceable INTEGER NOT NULL,
    user_message_reference INTEGER,
    wants_alert INTEGER NOT NULL,
    vendor_tlvs BLOB,
    flash INTEGER NOT NULL,
    traffic_class INTEGER NOT NULL
) STRICT;

-- One submission for one destination: what a receipt is owed for.
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    submission INTEGER NOT NULL,
    message INTEGER,                    -- NULL while its text still waits for parts
    assembly INTEGER,
    number INTEGER,
    repeated INTEGER NOT NULL,          -- 1: the same part again, or too late; its text does not count, its receipt does
    destination_ton INTEGER NOT NULL,
    destination_npi INTEGER NOT NULL,
    destination_addr TEXT NOT NULL,
    recipient TEXT NOT NULL,
    country TEXT NOT NULL,
    key_id INTEGER NOT NULL DEFAULT 0,
    text TEXT NOT NULL,
    replaced INTEGER NOT NULL           -- octets that meant nothing in their alphabet and became "?" in the text
) STRICT;
-- A single part costs no index entry: its segment, message and submission share one number.
CREATE INDEX segments_of_message ON segments (message) WHERE message <> id;
CREATE INDEX segments_of_submission ON segments (submission) WHERE submission <> id;
CREATE INDEX segments_of_assembly ON segments (assembly, number) WHERE assembly IS NOT NULL;

-- Long texts whose parts come one by one; finished ones are remembered for a while. Their numbers are never used again,
-- because segments keep them for longer.
CREATE TABLE assemblies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    reference INTEGER NOT NULL,
    total INTEGER NOT NULL,
    state INTEGER NOT NULL,
    send_incomplete INTEGER NOT NULL,   -- 1: what came is sent when the time ends, else the text fails
    message INTEGER,
    started_ms INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    forget_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX assemblies_by_key ON assemblies (recipient, reference, total, account, sender);
CREATE INDEX assemblies_open ON assemblies (deadline_ms) WHERE state = 0;
CREATE INDEX assemblies_to_forget ON assemblies (forget_ms);

-- One text for one recipient: what a carrier sees.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    submission INTEGER NOT NULL,        -- whose options apply: that of the first part
    segments INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    country TEXT NOT NULL,
    key_id INTEGER NOT NULL DEFAULT 0,
    text TEXT,                          -- NULL: the text of the segment with the same number
    sender TEXT,                        -- NULL: that of the submission; else what its route made of it
    parts INTEGER NOT NULL,
    traffic_class INTEGER NOT NULL,
    fair INTEGER NOT NULL,              -- place in the queue of its carrier and class
    stage INTEGER NOT NULL,
    carrier TEXT NOT NULL,
    decision TEXT,
    accepted_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    due_ms INTEGER,                     -- scheduled, delayed, leased or parked until; NULL: now
    token INTEGER,                      -- of the lease
    tries INTEGER NOT NULL DEFAULT 0,
    batch_cap INTEGER,
    possible_duplicate INTEGER NOT NULL DEFAULT 0,
    charges TEXT,                       -- what it has taken out of which budgets, as JSON; NULL: nothing
    asks INTEGER NOT NULL DEFAULT 0,    -- to hear, besides receipts: 1 an intermediate notification, 2 an alert
    attempt INTEGER,
    ref TEXT,
    outcome INTEGER,
    error INTEGER,
    detail TEXT,
    done_ms INTEGER
) STRICT;
CREATE INDEX messages_queue ON messages (carrier, traffic_class, fair, account) WHERE stage = 3 AND due_ms IS NULL;
CREATE INDEX messages_due ON messages (due_ms) WHERE due_ms IS NOT NULL;
-- With the recipient, by which cancel_sm and replace_if_present_flag name what waits: an index by recipient would cost
-- every message a place at random; here a search reads the keys of what waits, and no rows but those it finds.
CREATE INDEX messages_expiry ON messages (expires_ms, recipient) WHERE stage <= 3;
CREATE INDEX messages_aside ON messages (stage, accepted_ms) WHERE stage IN (1, 2, 6);
-- By which pushes that do not give our own reference back name a message, also when it has ended.
CREATE INDEX messages_by_ref ON messages (ref) WHERE ref IS NOT NULL;

-- One HTTP request to a carrier, complete but for credentials, stored before its first byte leaves. Its number is never
-- used again, because messages and the ledger keep it for longer.
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    batch TEXT NOT NULL UNIQUE,
    carrier TEXT NOT NULL,
    host TEXT NOT NULL,
    method TEXT NOT NULL,
    target TEXT,                        -- NULL like body: no longer needed, because nothing is in doubt
    content_type TEXT,
    key_id INTEGER NOT NULL DEFAULT 0,
    body BLOB,
    nonce TEXT,
    date TEXT,
    prepared_ms INTEGER NOT NULL,
    messages TEXT NOT NULL,             -- JSON array of message numbers
    state INTEGER NOT NULL,             -- 0 calling, 1 doubtful, 2 awaiting status, 3 done
    open INTEGER NOT NULL,              -- messages that are neither final nor parked
    oldest_ms INTEGER NOT NULL,         -- acceptance of its oldest message
    due_ms INTEGER,                     -- end of the lease, next poll, next step of the doubt
    token INTEGER,
    polls INTEGER NOT NULL DEFAULT 0,
    evidence INTEGER NOT NULL DEFAULT 0,
    repeats INTEGER NOT NULL DEFAULT 0,
    lookups INTEGER NOT NULL DEFAULT 0,
    clean_lookups INTEGER NOT NULL DEFAULT 0,
    first_absent_ms INTEGER,
    settled_ms INTEGER
) STRICT;
CREATE INDEX attempts_due ON attempts (carrier, state, due_ms) WHERE state < 3;
CREATE INDEX attempts_open ON attempts (state, due_ms, carrier) WHERE state < 3;

-- Recipients who could not be reached, and whose ESME wants to hear when they are back: the delivery pending flags.
CREATE TABLE unreached (
    account TEXT NOT NULL,
    recipient TEXT NOT NULL,
    segment INTEGER NOT NULL,           -- whose addresses the alert has
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (account, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX unreached_since ON unreached (since_ms);

-- What is owed to accounts. id = 4 * segment + kind, so that a segment never gets two final receipts, two intermediate
-- notifications or two alerts; an inbound text has a number of its own instead of a segment's.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    kind INTEGER NOT NULL,              -- 0 receipt, 1 intermediate notification, 2 inbound message, 3 alert
    segment INTEGER,
    outcome INTEGER NOT NULL,
    error INTEGER NOT NULL,
    done_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,   -- 0 pending, 1 acknowledged, 2 refused by the ESME, 3 kept too long, 4 superseded
    due_ms INTEGER NOT NULL,
    token INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    status INTEGER,                     -- the last command_status of deliver_sm_resp that was not ESME_ROK
    settled_ms INTEGER,
    source_ton INTEGER,                 -- the rest is for inbound messages only
    source_npi INTEGER,
    source_addr TEXT,
    destination_ton INTEGER,
    destination_npi INTEGER,
    destination_addr TEXT,
    data_coding INTEGER,
    reference INTEGER,                  -- of a long text
    total INTEGER,
    number INTEGER,
    key_id INTEGER NOT NULL DEFAULT 0,
    text TEXT,
    carrier TEXT,
    key TEXT                            -- the carrier's own id of the text
) STRICT;
CREATE INDEX outbox_pending ON outbox (account, due_ms) WHERE state = 0;
CREATE INDEX outbox_age ON outbox (created_ms, account) WHERE state = 0;
CREATE UNIQUE INDEX outbox_inbound ON outbox (carrier, key, number) WHERE kind = 2;
CREATE INDEX outbox_inbound_age ON outbox (settled_ms) WHERE kind = 2 AND state > 0;

-- Pushes as they came, stored before they are answered; gone in the transaction that has their effects.
CREATE TABLE pushes (
    id INTEGER PRIMARY KEY,
    carrier TEXT NOT NULL,
    content_type TEXT NOT NULL,
    key_id INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,            -- end of the lease, next try
    token INTEGER,
    tries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pushes_due ON pushes (due_ms);

-- Final reports of pushes that no message is known for yet.
CREATE TABLE orphans (
    id INTEGER PRIMARY KEY,
    carrier TEXT NOT NULL,
    batch TEXT NOT NULL,                -- '' like ref where the push has none
    ref TEXT NOT NULL,
    recipient TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    error INTEGER NOT NULL,
    detail TEXT NOT NULL,
    done_ms INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    parts INTEGER,
    nothing_left INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX orphans_once ON orphans (carrier, ref, batch, recipient);
CREATE INDEX orphans_age ON orphans (received_ms);

-- Recipients who want nothing more from an account.
CREATE TABLE optouts (
    account TEXT NOT NULL,
    recipient INTEGER NOT NULL,         -- the number that its E.164 digits make
    since_ms INTEGER NOT NULL,
    source TEXT NOT NULL,               -- the carrier that brought the word
    PRIMARY KEY (account, recipient)
) STRICT, WITHOUT ROWID;

-- What accounts do not write to for a while: a prefix of numbers, or where that is '', a country.
CREATE TABLE blocks (
    account TEXT NOT NULL,
    prefix TEXT NOT NULL,
    country TEXT NOT NULL,
    kind TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    rules TEXT NOT NULL,                -- fingerprint of the rules it was made by
    PRIMARY KEY (account, prefix, country)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_until ON blocks (until_ms);

-- The ledger, one entry for each hand-off: kind 0 booked then, 1 corrected by what the carrier says in the end. Nothing
-- is ever rewritten but the two flags, so what was expected can be read beside what was billed.
CREATE TABLE costs (
    attempt INTEGER NOT NULL,
    message INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    account TEXT NOT NULL,
    carrier TEXT NOT NULL,
    country TEXT NOT NULL,
    traffic_class INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    micros INTEGER,                     -- NULL: the price is unknown
    currency TEXT,
    reporting_micros INTEGER,
    at_ms INTEGER NOT NULL,             -- of the booking, also in its correction: the day of the carrier's bill
    stands INTEGER NOT NULL DEFAULT 1,  -- 0: a correction stands in its place
    final INTEGER NOT NULL DEFAULT 0,   -- 1: by the carrier's last word, and never changed again
    PRIMARY KEY (attempt, message, kind)
) STRICT, WITHOUT ROWID;
-- For the days of a carrier's bill, what it took in a month, and `smppgw costs`: sums read nothing else. Wide as it is,
-- it costs a booking less than a microsecond, because it only grows at its end; sums by day would cost five.
CREATE INDEX costs_standing ON costs (carrier, at_ms, parts, account, country, traffic_class, currency, micros,
    reporting_micros, stands) WHERE stands = 1;

-- What each hand-off costs as far as is known now, one row per attempt and message. Whatever adds up money reads this.
CREATE VIEW ledger AS
    SELECT attempt, message, account, carrier, country, traffic_class, parts, micros, currency, reporting_micros, at_ms,
        final
    FROM costs WHERE stands = 1;

-- What budgets have used, each in one of its periods: booked, or reserved by what is open. A sum of messages.charges.
CREATE TABLE budgets (
    scope INTEGER NOT NULL,             -- 0 account, 1 carrier
    name TEXT NOT NULL,
    period INTEGER NOT NULL,            -- 0 hour, 1 day, 2 month
    start_ms INTEGER NOT NULL,
    used INTEGER NOT NULL,
    most INTEGER NOT NULL,              -- the limit that was asked for last
    PRIMARY KEY (scope, name, period, start_ms)
) STRICT, WITHOUT ROWID;
