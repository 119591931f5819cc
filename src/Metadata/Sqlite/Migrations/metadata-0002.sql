-- Priorities of jobs: 1 high, 2 normal, 3 bulk. A workspace's jobs go by priority, then by number.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 2;

DROP INDEX jobs_unfinished;
CREATE INDEX jobs_unfinished ON jobs (workspace_uid, priority, number) WHERE ready_at IS NOT NULL;

-- Whose leases are running, for taking over from a worker that is known to be dead.
CREATE INDEX jobs_claimed ON jobs (worker) WHERE ready_at IS NOT NULL AND state > 1;

-- Whether a dead letter's document has been indexed from a later source since.
CREATE INDEX jobs_done ON jobs (workspace_uid, document_id, number) WHERE state = 5;

-- A dead letter that is queued again is unfinished once more.
CREATE TRIGGER jobs_requeued AFTER UPDATE OF ready_at ON jobs WHEN OLD.ready_at IS NULL AND NEW.ready_at IS NOT NULL
BEGIN
    INSERT INTO turns (workspace_uid, turn, unfinished)
    VALUES (NEW.workspace_uid, (SELECT coalesce(max(turn), 0) + 1 FROM turns), 1)
    ON CONFLICT (workspace_uid) DO UPDATE SET unfinished = unfinished + 1;
END;
