-- Due jobs of a workspace are read in their order until there are enough, and not all gathered and sorted: for the
-- planner nothing else must look as good. So the index by document begins with the document, and the one in order has
-- the time too, so that jobs whose time has not come are passed over without a look at their rows.
DROP INDEX ingestion_jobs_of_document;
CREATE INDEX ingestion_jobs_of_document ON ingestion_jobs (document_id, workspace_id, number) WHERE ready_at IS NOT NULL;

DROP INDEX ingestion_jobs_unfinished;
CREATE INDEX ingestion_jobs_unfinished ON ingestion_jobs (workspace_id, priority, number, ready_at)
    WHERE ready_at IS NOT NULL;
