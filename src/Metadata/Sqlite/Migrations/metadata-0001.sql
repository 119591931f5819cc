-- Times are microseconds since 1970-01-01 UTC; UUIDs are 16 bytes, big endian. Names and ids compare bytewise (BINARY).

CREATE TABLE workspaces (
    uid             BLOB    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL UNIQUE,
    state           INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    applied_version INTEGER NOT NULL,
    settings        BLOB    NOT NULL,
    request_id      TEXT    NOT NULL,
    create_time     INTEGER NOT NULL,
    update_time     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX workspaces_by_request ON workspaces (request_id) WHERE request_id <> '';

-- What a sweeper has to finish; empty most of the time.
CREATE INDEX workspaces_unfinished ON workspaces (update_time) WHERE applied_version <> version;

CREATE TABLE documents (
    workspace_uid BLOB    NOT NULL,
    document_id   TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    file_name     TEXT    NOT NULL,
    media_type    TEXT    NOT NULL,
    metadata      BLOB    NOT NULL,
    content_hash  BLOB    NOT NULL,
    fingerprint   BLOB    NOT NULL,
    size_bytes    INTEGER NOT NULL,
    chunks        INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    create_time   INTEGER NOT NULL,
    update_time   INTEGER NOT NULL,
    PRIMARY KEY (workspace_uid, document_id)
) WITHOUT ROWID;

-- ready_at: when the job may be claimed, which is the next try of a waiting job and the end of the lease of a claimed
-- one. NULL once the job is over.
CREATE TABLE jobs (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id         BLOB    NOT NULL UNIQUE,
    workspace_uid  BLOB    NOT NULL,
    workspace      TEXT    NOT NULL,
    document_id    TEXT    NOT NULL,
    file_name      TEXT    NOT NULL,
    media_type     TEXT    NOT NULL,
    metadata       BLOB    NOT NULL,
    force          INTEGER NOT NULL,
    request_id     TEXT    NOT NULL,
    state          INTEGER NOT NULL,
    outcome        INTEGER NOT NULL,
    reason         TEXT    NOT NULL,
    attempts       INTEGER NOT NULL,
    fence          INTEGER NOT NULL,
    size_bytes     INTEGER NOT NULL,
    content_hash   BLOB    NOT NULL,
    chunks         INTEGER NOT NULL,
    chunks_written INTEGER NOT NULL,
    worker         TEXT    NOT NULL,
    ready_at       INTEGER,
    create_time    INTEGER NOT NULL,
    update_time    INTEGER NOT NULL
);

CREATE INDEX jobs_by_workspace ON jobs (workspace_uid, number);
CREATE UNIQUE INDEX jobs_by_request ON jobs (workspace_uid, request_id) WHERE request_id <> '';
CREATE INDEX jobs_ready ON jobs (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX jobs_unfinished ON jobs (workspace_uid, number) WHERE ready_at IS NOT NULL;
CREATE INDEX jobs_of_document ON jobs (workspace_uid, document_id, number) WHERE ready_at IS NOT NULL;
CREATE INDEX jobs_over ON jobs (update_time) WHERE ready_at IS NULL;

-- Workspaces with unfinished jobs, and whose turn it is: the lowest. A claim sends its workspace to the end.
CREATE TABLE turns (
    workspace_uid BLOB    NOT NULL PRIMARY KEY,
    turn          INTEGER NOT NULL,
    unfinished    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX turns_in_order ON turns (turn);

CREATE TRIGGER jobs_queued AFTER INSERT ON jobs WHEN NEW.ready_at IS NOT NULL
BEGIN
    INSERT INTO turns (workspace_uid, turn, unfinished)
    VALUES (NEW.workspace_uid, (SELECT coalesce(max(turn), 0) + 1 FROM turns), 1)
    ON CONFLICT (workspace_uid) DO UPDATE SET unfinished = unfinished + 1;
END;

CREATE TRIGGER jobs_ended AFTER UPDATE OF ready_at ON jobs WHEN OLD.ready_at IS NOT NULL AND NEW.ready_at IS NULL
BEGIN
    UPDATE turns SET unfinished = unfinished - 1 WHERE workspace_uid = NEW.workspace_uid;
    DELETE FROM turns WHERE workspace_uid = NEW.workspace_uid AND unfinished <= 0;
END;
