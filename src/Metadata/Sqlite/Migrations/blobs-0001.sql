-- id * 2^20 + n is the key of piece n, so that a blob's pieces lie behind one another.
CREATE TABLE blobs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id      BLOB    NOT NULL UNIQUE,
    complete    INTEGER NOT NULL,
    size_bytes  INTEGER NOT NULL,
    sha256      BLOB    NOT NULL,
    update_time INTEGER NOT NULL
);

CREATE TABLE pieces (
    id   INTEGER PRIMARY KEY,
    data BLOB NOT NULL
);
