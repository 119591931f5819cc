-- How many documents each workspace has, so that counting them reads one row: rows that were changed a moment ago would
-- otherwise be visited one by one. Whoever adds a document or takes one away holds the row until it is done.
CREATE TABLE document_counts (
    workspace_id uuid   NOT NULL PRIMARY KEY,
    documents    bigint NOT NULL
) WITH (fillfactor = 50);

-- Once a statement, not once a row. A document that is replaced is neither added nor taken away. Workspaces in one order:
-- two that change the same ones do not wait for each other.
CREATE FUNCTION count_added_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO document_counts AS counted (workspace_id, documents)
    SELECT workspace_id, count(*) FROM added GROUP BY workspace_id ORDER BY workspace_id
    ON CONFLICT (workspace_id) DO UPDATE SET documents = counted.documents + excluded.documents;
    RETURN NULL;
END $$;

CREATE FUNCTION count_removed_documents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE document_counts counted SET documents = counted.documents - gone.rows
    FROM (SELECT workspace_id, count(*) AS rows FROM removed GROUP BY workspace_id) gone
    WHERE counted.workspace_id = gone.workspace_id;
    RETURN NULL;
END $$;

-- The triggers lock the table against writes until all of this is done: nothing is counted twice or left out.
CREATE TRIGGER count_documents_added AFTER INSERT ON documents
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_added_documents();
CREATE TRIGGER count_documents_removed AFTER DELETE ON documents
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_removed_documents();

INSERT INTO document_counts SELECT workspace_id, count(*) FROM documents GROUP BY workspace_id;
