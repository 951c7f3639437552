"""The tables of the library's index. All of it can be made again from the files."""

from __future__ import annotations

APPLICATION_ID = 0x5472694C  # "TriL"
SCHEMA_VERSION = 1

PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA busy_timeout = 10000;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -32000;
PRAGMA trusted_schema = OFF;
"""
# synchronous NORMAL: after a power cut the newest rows can be missing, and the sweep at start
# finds their files again; the files themselves were made durable before.

SCHEMA = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created_at REAL NOT NULL,
    size_bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    content_hash BLOB NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    seed INTEGER,
    stars INTEGER NOT NULL DEFAULT 0,
    board TEXT NOT NULL DEFAULT '',
    trashed_at REAL,
    missing INTEGER NOT NULL DEFAULT 0,
    is_foreign INTEGER NOT NULL DEFAULT 0,
    unreadable INTEGER NOT NULL DEFAULT 0,
    width_px INTEGER NOT NULL DEFAULT 0,
    height_px INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX items_live ON items (id) WHERE trashed_at IS NULL;
CREATE INDEX items_trashed ON items (trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX items_missing ON items (id) WHERE missing;
CREATE INDEX items_unreadable ON items (id) WHERE unreadable;
CREATE INDEX items_stars ON items (stars, id) WHERE stars > 0;
CREATE INDEX items_board ON items (board, id) WHERE board != '';
CREATE INDEX items_kind ON items (kind, id);
CREATE INDEX items_model ON items (model, id);
CREATE INDEX items_seed ON items (seed, id);
CREATE INDEX items_content ON items (content_hash, id);

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    prompt TEXT NOT NULL,
    text TEXT NOT NULL,
    request TEXT NOT NULL,
    settings TEXT NOT NULL
);
CREATE TABLE tags (
    tag TEXT NOT NULL COLLATE NOCASE,
    item_id INTEGER NOT NULL,
    PRIMARY KEY (tag, item_id)
) WITHOUT ROWID;
CREATE INDEX tags_item ON tags (item_id);

CREATE TABLE vectors (
    item_id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    text_hash BLOB NOT NULL,
    vector BLOB NOT NULL
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Filled by rows.py, not by triggers: with trusted_schema off, triggers may not write them.
CREATE VIRTUAL TABLE words USING fts5 (
    title, prompt, text, content = 'texts', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4'
);
CREATE VIRTUAL TABLE parts USING fts5 (
    title, prompt, text, content = 'texts', content_rowid = 'id', tokenize = 'trigram'
);
CREATE VIRTUAL TABLE part_terms USING fts5vocab (parts, 'row');
"""
