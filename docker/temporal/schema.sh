#!/bin/sh
# Brings both of Temporal's databases to the schema of this image's version. A new database first gets the table that
# holds its version; where there is one, making it again is refused, and that refusal ends the script.
set -eu

upgrade() {
    temporal-sql-tool --db "$1" update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

for pair in temporal:temporal temporal_visibility:visibility; do
    database=${pair%%:*}
    kind=${pair##*:}
    upgrade "$database" "$kind" || {
        temporal-sql-tool --db "$database" setup-schema -v 0.0
        upgrade "$database" "$kind"
    }
done
