"""The tables of a session file. `docs/session-file.md` says what each column means."""

APPLICATION_ID = 0x414E_4454  # "ANDT"
FORMAT_VERSION = 2

SCHEMA = """
CREATE TABLE session (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  origin TEXT NOT NULL,              -- 'andante' or 'import'
  exercise TEXT NOT NULL,
  patient_code TEXT NOT NULL,
  plan_json TEXT NOT NULL,           -- the plan as run
  started_utc TEXT NOT NULL,         -- ISO 8601, UTC; wall-clock time at started_ns
  started_ns INTEGER NOT NULL,
  ended_ns INTEGER,                  -- null: the session was cut off
  end_reason TEXT,
  tick_hz INTEGER NOT NULL,
  simulated_parts_json TEXT NOT NULL,-- names of the parts that were simulated
  hardware_json TEXT NOT NULL,
  versions_json TEXT NOT NULL,
  certificate_json TEXT              -- null: the session was cut off
) STRICT;
CREATE TABLE phases (
  phase_index INTEGER PRIMARY KEY, name TEXT NOT NULL,
  start_ns INTEGER NOT NULL, end_ns INTEGER
) STRICT;
CREATE TABLE cues (
  cue_index INTEGER PRIMARY KEY, planned_ns INTEGER NOT NULL,
  kind TEXT NOT NULL, phase TEXT NOT NULL,
  sound TEXT NOT NULL,
  duration_ns INTEGER NOT NULL,      -- 0 for what has a moment and no length
  begin_share REAL NOT NULL          -- of a part of a breath: how much of it had passed, 0-1
) STRICT;
CREATE TABLE cue_outputs (
  cue_index INTEGER NOT NULL, output TEXT NOT NULL,
  actual_ns INTEGER, uncertainty_us REAL, fault TEXT,
  PRIMARY KEY (cue_index, output)
) STRICT, WITHOUT ROWID;
CREATE TABLE responses (
  response_index INTEGER PRIMARY KEY,
  channel TEXT NOT NULL, edge TEXT NOT NULL,
  epoch INTEGER NOT NULL, event_seq INTEGER NOT NULL, ticks INTEGER NOT NULL,
  live_time_ns INTEGER NOT NULL,     -- as translated when it arrived
  time_ns INTEGER NOT NULL,          -- corrected at the end with the whole session in view
  uncertainty_us REAL NOT NULL,
  peak_counts INTEGER, duration_ticks INTEGER
) STRICT;
CREATE TABLE sample_blocks (
  block_index INTEGER PRIMARY KEY,
  channel TEXT NOT NULL, epoch INTEGER NOT NULL,
  first_ticks INTEGER NOT NULL, rate_hz REAL NOT NULL,
  sample_count INTEGER NOT NULL,
  counts_int16 BLOB NOT NULL         -- little-endian signed 16-bit counts
) STRICT;
CREATE TABLE clock_probes (
  probe_index INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,
  sent_ns INTEGER NOT NULL,
  board_received_ticks INTEGER NOT NULL, board_sent_ticks INTEGER NOT NULL,
  received_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE audio_timing (
  reading_index INTEGER PRIMARY KEY, output_frames INTEGER NOT NULL,
  callback_ns INTEGER NOT NULL, dac_ns INTEGER NOT NULL, status INTEGER NOT NULL
) STRICT;
CREATE TABLE tempo_changes (
  change_index INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL,
  tempo_per_minute REAL,             -- steps, taps or breaths; null: no cues from here on
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE notes (
  note_index INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL,
  author_role TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE faults (
  fault_index INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL,
  kind TEXT NOT NULL, part TEXT NOT NULL, text TEXT NOT NULL, count INTEGER NOT NULL
) STRICT;
CREATE TABLE self_reports (
  report_index INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL,
  moment TEXT NOT NULL, item TEXT NOT NULL, score INTEGER NOT NULL
) STRICT;
"""
