#!/bin/sh
# Run once by the keys job: makes every key, and copies to each group of doors the keys behind them and no others.
set -eu
umask 077
python manage.py make_keys
MYNA_DOORS=portal,api python manage.py make_keys --copy-to /keys/web
MYNA_DOORS=desk python manage.py make_keys --copy-to /keys/desk
MYNA_DOORS=status python manage.py make_keys --copy-to /keys/status
chmod 700 /keys/all /keys/web /keys/desk /keys/status
chown -R mynaportal /keys/web /keys/desk /keys/status
