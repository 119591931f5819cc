#!/bin/sh
# Copies the primary into an empty data folder, then follows it. $1: this replica's name.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  export PGPASSWORD="$REPLICATION_PASSWORD"
  until pg_basebackup --pgdata "$PGDATA" --host postgres-0 --username replication --write-recovery-conf --wal-method stream; do
    rm -rf "${PGDATA:?}"/*
    sleep 2
  done
  echo "primary_conninfo = 'host=postgres-0 user=replication password=$REPLICATION_PASSWORD application_name=$1'" \
    >>"$PGDATA/postgresql.auto.conf"
  chmod 700 "$PGDATA"
fi
exec postgres
