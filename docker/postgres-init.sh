#!/bin/sh
# Run once by the postgres image on an empty volume: four databases, each with a role of its own that can open no other.
set -eu
for alias in registry exchange holdings default; do
    name=$alias
    [ "$alias" = default ] && name=portal
    # postgres://myna_<name>:<password>@postgres:5432/<name>
    password=$(sed -E 's#^postgres://[^:]+:([^@]+)@.*$#\1#' "/run/secrets/${alias}_database_url")
    psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set=role="myna_$name" --set=database="$name" --set=password="$password" <<'SQL'
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
done
