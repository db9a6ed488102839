#!/bin/sh
# Writes the secrets that docker-compose.yml mounts, once: passwords of the five database roles and Django's secret key.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
random() { od -An -N 32 -tx1 /dev/urandom | tr -d ' \n'; }
once() { [ -e "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"; }
once secret_key "$(random)"
once postgres_password "$(random)"
for alias in registry exchange holdings default; do
    name=$alias
    [ "$alias" = default ] && name=portal
    once "${alias}_database_url" "postgres://myna_$name:$(random)@postgres:5432/$name"
done
# Compose mounts the files as they are, and the containers' user is another one: so the files are readable, and the
# directory keeps everyone else on this machine out.
chmod 700 secrets
chmod 644 secrets/*
echo "Secrets are in docker/secrets."
