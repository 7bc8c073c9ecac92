#!/bin/sh
# Runs once, when the cluster is new: a role and a database for Hilo, a role and two databases for Temporal. Neither
# role sees the other's.
set -eu

psql --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set=hilo="$HILO_DATABASE_PASSWORD" --set=temporal="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
create role hilo login password :'hilo';
create role temporal login password :'temporal';
create database hilo owner hilo;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke connect on database hilo, temporal, temporal_visibility from public;
SQL
