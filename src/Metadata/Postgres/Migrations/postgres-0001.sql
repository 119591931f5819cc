-- workspace_id is a workspace's uid. Names and ids compare bytewise (COLLATE "C" of a UTF-8 database).

CREATE TABLE workspaces (
    workspace_id    uuid             NOT NULL PRIMARY KEY,
    name            text COLLATE "C" NOT NULL,
    state           smallint         NOT NULL,
    version         bigint           NOT NULL,
    applied_version bigint           NOT NULL,
    settings        bytea            NOT NULL,
    request_id      text COLLATE "C" NOT NULL,
    create_time     timestamptz      NOT NULL,
    update_time     timestamptz      NOT NULL
);

CREATE UNIQUE INDEX workspaces_by_name ON workspaces (name);
CREATE UNIQUE INDEX workspaces_by_request ON workspaces (request_id) WHERE request_id <> '';

-- What a sweeper has to finish; empty most of the time.
CREATE INDEX workspaces_unfinished ON workspaces (update_time) WHERE applied_version <> version;

CREATE TABLE documents (
    workspace_id uuid             NOT NULL,
    document_id  text COLLATE "C" NOT NULL,
    title        text             NOT NULL,
    file_name    text             NOT NULL,
    media_type   text             NOT NULL,
    metadata     bytea            NOT NULL,
    content_hash bytea            NOT NULL,
    fingerprint  bytea            NOT NULL,
    size_bytes   bigint           NOT NULL,
    chunks       bigint           NOT NULL,
    version      bigint           NOT NULL,
    create_time  timestamptz      NOT NULL,
    update_time  timestamptz      NOT NULL,
    PRIMARY KEY (workspace_id, document_id)
) PARTITION BY HASH (workspace_id);

-- Ids and hashes only: what the shards hold can be told from it without asking them, and it can be made again from them.
CREATE TABLE document_chunks (
    workspace_id uuid             NOT NULL,
    document_id  text COLLATE "C" NOT NULL,
    chunk_id     text COLLATE "C" NOT NULL,
    generation   bigint           NOT NULL,
    content_hash bytea            NOT NULL,
    PRIMARY KEY (workspace_id, document_id, chunk_id)
) PARTITION BY HASH (workspace_id);

DO $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format('CREATE TABLE documents_%s PARTITION OF documents FOR VALUES WITH (MODULUS 16, REMAINDER %s)', i, i);
        EXECUTE format(
            'CREATE TABLE document_chunks_%s PARTITION OF document_chunks FOR VALUES WITH (MODULUS 16, REMAINDER %s)', i, i);
    END LOOP;
END $$;

-- number: in the order of submission, also within a document, because it is drawn while the workspace's row of
-- job_backlogs is locked. ready_at: when the job may be claimed, which is the next try of a waiting job and the end of
-- the lease of a claimed one; NULL once the job is over.
CREATE TABLE ingestion_jobs (
    number         bigint           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id         uuid             NOT NULL,
    workspace_id   uuid             NOT NULL,
    workspace      text             NOT NULL,
    document_id    text COLLATE "C" NOT NULL,
    file_name      text             NOT NULL,
    media_type     text             NOT NULL,
    metadata       bytea            NOT NULL,
    force          boolean          NOT NULL,
    request_id     text COLLATE "C" NOT NULL,
    state          smallint         NOT NULL,
    outcome        smallint         NOT NULL,
    reason         text             NOT NULL,
    attempts       integer          NOT NULL,
    fence          bigint           NOT NULL,
    size_bytes     bigint           NOT NULL,
    content_hash   bytea            NOT NULL,
    chunks         bigint           NOT NULL,
    chunks_written bigint           NOT NULL,
    worker         text             NOT NULL,
    ready_at       timestamptz,
    create_time    timestamptz      NOT NULL,
    update_time    timestamptz      NOT NULL,
    priority       smallint         NOT NULL
);

CREATE UNIQUE INDEX ingestion_jobs_by_id ON ingestion_jobs (job_id);
CREATE INDEX ingestion_jobs_by_workspace ON ingestion_jobs (workspace_id, number);
CREATE INDEX ingestion_jobs_by_state ON ingestion_jobs (workspace_id, state, number);
CREATE UNIQUE INDEX ingestion_jobs_by_request ON ingestion_jobs (workspace_id, request_id) WHERE request_id <> '';
CREATE INDEX ingestion_jobs_unfinished ON ingestion_jobs (workspace_id, priority, number) WHERE ready_at IS NOT NULL;
CREATE INDEX ingestion_jobs_of_document ON ingestion_jobs (workspace_id, document_id, number) WHERE ready_at IS NOT NULL;
CREATE INDEX ingestion_jobs_done ON ingestion_jobs (workspace_id, document_id, number) WHERE state = 5;
CREATE INDEX ingestion_jobs_claimed ON ingestion_jobs (worker) WHERE ready_at IS NOT NULL AND state > 1;
CREATE INDEX ingestion_jobs_over ON ingestion_jobs (update_time) WHERE ready_at IS NULL;

-- Unfinished jobs of each workspace. Whoever queues or ends a job holds the row, claims do not.
CREATE TABLE job_backlogs (
    workspace_id uuid   NOT NULL PRIMARY KEY,
    unfinished   bigint NOT NULL
) WITH (fillfactor = 50);

-- Whose turn it is among the workspaces with unfinished jobs: the lowest. A claim sends its workspaces to the end. Apart
-- from job_backlogs, so that a tenant's flood of submissions, which keeps that row locked, cannot keep its own turn.
CREATE TABLE job_turns (
    workspace_id uuid   NOT NULL PRIMARY KEY,
    turn         bigint NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX job_turns_in_order ON job_turns (turn);

-- Runs once a statement, not once a row: cancelling all jobs of a workspace changes its row of job_backlogs once.
CREATE FUNCTION count_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change record;
    waiting bigint;
    changes refcursor;
BEGIN
    IF TG_OP = 'DELETE' THEN
        OPEN changes FOR
            SELECT workspace_id, -count(*) AS jobs FROM before WHERE ready_at IS NOT NULL GROUP BY workspace_id;
    ELSE
        OPEN changes FOR
            SELECT workspace_id, sum(jobs) AS jobs
            FROM (
                SELECT workspace_id, -1 AS jobs FROM before WHERE ready_at IS NOT NULL
                UNION ALL
                SELECT workspace_id, 1 FROM after WHERE ready_at IS NOT NULL) AS both_sides
            GROUP BY workspace_id
            HAVING sum(jobs) <> 0;
    END IF;
    LOOP
        FETCH changes INTO change;
        EXIT WHEN NOT FOUND;
        UPDATE job_backlogs SET unfinished = unfinished + change.jobs
        WHERE workspace_id = change.workspace_id RETURNING unfinished INTO waiting;
        IF waiting <= 0 THEN
            DELETE FROM job_turns WHERE workspace_id = change.workspace_id;
        ELSIF change.jobs > 0 THEN
            -- Jobs that were over are open again.
            INSERT INTO job_turns (workspace_id, turn)
            SELECT change.workspace_id, coalesce((SELECT max(turn) FROM job_turns), 0) + 1
            ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
    CLOSE changes;
    RETURN NULL;
END $$;

CREATE TRIGGER count_changed_jobs AFTER UPDATE ON ingestion_jobs
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();
CREATE TRIGGER count_deleted_jobs AFTER DELETE ON ingestion_jobs
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION count_jobs();

CREATE TABLE blobs (
    blob_id     bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      uuid        NOT NULL,
    complete    boolean     NOT NULL,
    size_bytes  bigint      NOT NULL,
    sha256      bytea       NOT NULL,
    update_time timestamptz NOT NULL
);

CREATE UNIQUE INDEX blobs_by_job ON blobs (job_id);

-- Pieces of 256 KiB. Rows and not large objects: they are erased with their blob by one statement, need no sweeper of
-- orphans, are dumped, replicated and vacuumed like every other table, and a reader holds no transaction open.
CREATE TABLE blob_pieces (
    blob_id bigint  NOT NULL,
    number  integer NOT NULL,
    data    bytea   NOT NULL,
    PRIMARY KEY (blob_id, number)
);

-- Files are mostly compressed already: do not try it again.
ALTER TABLE blob_pieces ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE chat_sessions (
    workspace_id uuid        NOT NULL,
    session_id   uuid        NOT NULL,
    title        text        NOT NULL,
    metadata     bytea       NOT NULL,
    create_time  timestamptz NOT NULL,
    update_time  timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, session_id)
);

CREATE INDEX chat_sessions_by_time ON chat_sessions (workspace_id, update_time, session_id);

-- Range-partitioned by month: partitions are made ahead and dropped by retention.
CREATE TABLE chat_messages (
    workspace_id uuid        NOT NULL,
    session_id   uuid        NOT NULL,
    message_id   uuid        NOT NULL,
    role         smallint    NOT NULL,
    content      text        NOT NULL,
    tokens       integer     NOT NULL,
    create_time  timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, session_id, create_time, message_id)
) PARTITION BY RANGE (create_time);

-- Keys are kept as hashes. Without a workspace: a key of the operator.
CREATE TABLE api_keys (
    key_id       uuid        NOT NULL PRIMARY KEY,
    workspace_id uuid,
    name         text        NOT NULL,
    key_hash     bytea       NOT NULL,
    role         smallint    NOT NULL,
    create_time  timestamptz NOT NULL,
    expire_time  timestamptz,
    revoke_time  timestamptz,
    use_time     timestamptz
);

CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (key_hash);
CREATE INDEX api_keys_by_workspace ON api_keys (workspace_id, create_time);

CREATE TABLE audit_log (
    event_id     uuid        NOT NULL,
    workspace_id uuid,
    actor        text        NOT NULL,
    action       text        NOT NULL,
    target       text        NOT NULL,
    outcome      text        NOT NULL,
    detail       jsonb       NOT NULL,
    create_time  timestamptz NOT NULL,
    PRIMARY KEY (create_time, event_id)
) PARTITION BY RANGE (create_time);

CREATE INDEX audit_log_by_workspace ON audit_log (workspace_id, create_time);

CREATE TABLE usage (
    workspace_id uuid     NOT NULL,
    day          date     NOT NULL,
    metric       smallint NOT NULL,
    amount       bigint   NOT NULL,
    PRIMARY KEY (workspace_id, day, metric)
);
