#!/bin/sh
# Runs once, when the primary's data folder is made: the users, and a write counts when a replica has it as well.
set -eu
psql -v ON_ERROR_STOP=1 -v rag="$RAG_PASSWORD" -v replication="$REPLICATION_PASSWORD" --username postgres <<'SQL'
CREATE ROLE rag LOGIN PASSWORD :'rag';
CREATE DATABASE rag OWNER rag ENCODING 'UTF8';
CREATE ROLE replication LOGIN REPLICATION PASSWORD :'replication';
ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (postgres_1, postgres_2)';
ALTER SYSTEM SET wal_keep_size = '1GB';
SQL
echo 'host replication replication all scram-sha-256' >>"$PGDATA/pg_hba.conf"
