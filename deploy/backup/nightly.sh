#!/bin/sh
# Writes one backup by date and keeps the newest KEEP. For cron or a systemd timer; needs the same environment as the services.
#   BACKUP_DIR=/var/backups/payflow KEEP=14 deploy/backup/nightly.sh
set -eu
: "${BACKUP_DIR:?set BACKUP_DIR to the folder of all backups}"
KEEP="${KEEP:-14}"
umask 077
mkdir -p "$BACKUP_DIR"
payflow backup "$BACKUP_DIR/payflow-$(date -u +%Y%m%dT%H%M%SZ)"
# Only finished ones count, and only after this one was finished: a failing backup never pushes out a good one.
ls -1d "$BACKUP_DIR"/payflow-*Z | sort -r | tail -n "+$((KEEP + 1))" | while read -r old; do rm -r -- "$old"; done
