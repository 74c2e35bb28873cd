"""The tables of the console's database.

Times are text in UTC, as `2026-01-31T09:30:00Z`. No patient's name is kept anywhere.
"""

APPLICATION_ID = 0x616E6463  # "andc"

_FIRST = """
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret TEXT,
    totp_last_step INTEGER NOT NULL DEFAULT 0,
    no_second_factor_reason TEXT,
    must_change_password INTEGER NOT NULL DEFAULT 0,
    created_utc TEXT NOT NULL,
    disabled_utc TEXT
) STRICT;

-- Who is logged in. Only a hash of the cookie's value is kept; login_key is no secret.
CREATE TABLE web_sessions (
    key_hash TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users (user_id),
    login_key TEXT,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    data BLOB NOT NULL,
    began_s REAL NOT NULL,
    seen_s REAL NOT NULL,
    expires_s REAL NOT NULL
) STRICT;
CREATE INDEX web_sessions_login ON web_sessions (login_key);

-- Wrong passwords, codes and tokens, by whom: kept for a day, to slow down guessing.
CREATE TABLE wrong_tries (
    try_number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    at_s REAL NOT NULL
) STRICT;
CREATE INDEX wrong_tries_who ON wrong_tries (kind, who, at_s);

-- Where a user has logged in: strangers elsewhere cannot keep that place waiting.
CREATE TABLE login_places (
    user_id TEXT NOT NULL REFERENCES users (user_id),
    address TEXT NOT NULL,
    at_s REAL NOT NULL,
    PRIMARY KEY (user_id, address)
) STRICT;

-- For the clinic's own programs. Only a hash of the token is kept.
CREATE TABLE tokens (
    token_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    made_by TEXT NOT NULL,
    created_utc TEXT NOT NULL,
    expires_utc TEXT NOT NULL,
    last_used_utc TEXT,
    revoked_utc TEXT
) STRICT;

-- Rows are only ever added.
CREATE TABLE audit (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    at_utc TEXT NOT NULL,
    who TEXT NOT NULL,
    role TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;

CREATE TABLE patients (
    code TEXT PRIMARY KEY COLLATE NOCASE,
    freezer INTEGER NOT NULL DEFAULT 0,
    epilepsy INTEGER NOT NULL DEFAULT 0,
    hearing INTEGER NOT NULL DEFAULT 0,
    respiratory INTEGER NOT NULL DEFAULT 0,
    child INTEGER NOT NULL DEFAULT 0,
    goals TEXT NOT NULL DEFAULT '',
    created_utc TEXT NOT NULL,
    archived_utc TEXT
) STRICT;

CREATE TABLE patient_notes (
    note_id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL REFERENCES patients (code),
    at_utc TEXT NOT NULL,
    who TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

-- A plan as JSON, in the form that plan_from_dict reads.
CREATE TABLE plans (
    plan_id TEXT PRIMARY KEY,
    code TEXT NOT NULL REFERENCES patients (code),
    title TEXT NOT NULL,
    template TEXT NOT NULL,
    plan TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_utc TEXT NOT NULL,
    started_utc TEXT,
    retired_utc TEXT
) STRICT;

-- How patients felt, 0 to 10, told after a session, whose file is read-only by then.
CREATE TABLE self_reports (
    file TEXT NOT NULL,
    code TEXT NOT NULL,
    moment TEXT NOT NULL,
    item TEXT NOT NULL,
    score INTEGER NOT NULL CHECK (score BETWEEN 0 AND 10),
    who TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    PRIMARY KEY (file, moment, item)
) STRICT;

-- Notes on a finished session, whose file is read-only.
CREATE TABLE session_notes (
    note_id INTEGER PRIMARY KEY AUTOINCREMENT,
    file TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    who TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

-- What has been read from session files, so that a list need not open each of them again.
-- `version`: what it was read by; `summary`: JSON, the rest of it is there to search and sort by.
CREATE TABLE session_index (
    file TEXT PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    patient_code TEXT COLLATE NOCASE,
    exercise TEXT,
    simulated INTEGER NOT NULL DEFAULT 0,
    started_utc TEXT,
    summary TEXT NOT NULL
) STRICT;
CREATE INDEX session_index_by_patient ON session_index (patient_code, started_utc);
CREATE INDEX session_notes_by_file ON session_notes (file)
"""

_SECOND = "ALTER TABLE users ADD COLUMN password_set_utc TEXT"

STEPS = (_FIRST, _SECOND)
"""Each brings the database from one version to the next; a step that has been released stays."""
