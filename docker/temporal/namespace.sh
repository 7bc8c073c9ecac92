#!/bin/sh
# Makes the namespace, once Temporal serves. An existing one keeps its retention.
set -eu

tries=60
until temporal operator cluster health; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 2
done
temporal operator namespace describe --namespace "$NAMESPACE" ||
    temporal operator namespace create --namespace "$NAMESPACE" --retention "$RETENTION"
