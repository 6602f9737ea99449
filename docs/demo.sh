#!/bin/sh
# The demo: perfkit's main job from nothing, on servers and data of its own, in about five minutes. Ends with 0 when all
# went as told. More data take longer: PERFKIT_TEST_DEMO_ALUMNI=100000 make demo
set -eu
cd "$(dirname "$0")/.."
baselines=$(mktemp -d)
trap 'perfkit demo down >/dev/null; rm -rf "$baselines"' EXIT
# An interrupt too ends by way of EXIT, which some shells would leave out.
trap 'exit 130' INT TERM

say() { printf '\n\033[1m# %s\033[0m\n' "$1"; }
users() { perfkit demo psql -Atc "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'perfkit load%'"; }
run() { printf '\n$ %s\n' "$*"; "$@"; }
# A few families are enough to show the gate, and quick.
judged='events_* classes_* mentoring_*'

say "PostgreSQL, Valkey, and 1.1 million rows of an alumni office"
run perfkit demo up --alumni "${PERFKIT_TEST_DEMO_ALUMNI:-30000}" --seed 1
run perfkit doctor

say "What is slow, why, and what to do"
run perfkit analyze --samples 3

say "Record what is normal"
set -f
only=; for family in $judged; do only="$only --only $family"; done
run perfkit baseline --baselines "$baselines" $only

say "Nothing changed: the gate passes"
run perfkit regress --baselines "$baselines" $judged

say "Somebody drops an index: the gate fails, and names case and cause"
restore=$(perfkit demo psql -Atc "SELECT pg_get_indexdef('alumni.people_class_idx'::regclass)")
run perfkit demo psql -qc 'DROP INDEX alumni.people_class_idx'
code=0
run perfkit regress --baselines "$baselines" $judged || code=$?
perfkit demo psql -qc "$restore"
printf '\nexit code %s\n' "$code"
test "$code" -eq 1

say "A migration is judged on two copies of the database, before it meets the real one"
migration="$baselines/login.sql"
echo 'CREATE INDEX CONCURRENTLY emails_lower_idx ON alumni.emails (lower(email));' > "$migration"
run perfkit regress --migration "$migration" 'profile_login'

say "Indexes that would help, judged by the planner of a twin without rows; the dry run of making them"
run perfkit suggest 'profile_*' 'directory_search_*' --samples 2 --budget 25MB --also "json=$baselines/advice.json"
run perfkit apply "$baselines/advice.json"

say "How fast an import is and why, how many users are held, and what a cache brings"
run perfkit bench import --rows 1000 --batch 1000 --rounds 2 --workers 1,2
run perfkit bench load --users 1,50,100 --seconds 2 --rounds 2 --no-pool || test $? -eq 1
run perfkit bench cache --requests 300 --rounds 1

say "An application on it, and every target"
run perfkit demo api up --instances 2
run perfkit bench api --users 1,100 --seconds 2 --rounds 2 || test $? -eq 1
run perfkit targets || test $? -eq 1

say "What else is wrong with the server, and where its time goes now"
run perfkit health
# A part of the catalog is soon under way, and leaves the result of all of it as it is.
perfkit bench load 'profile_*' 'directory_*' --users 100 --seconds 15 --rounds 1 --no-pool >/dev/null 2>&1 &
load=$!
while kill -0 "$load" 2>/dev/null && test "$(users)" -lt 100; do sleep 1; done
run perfkit profile --seconds 5
wait

say "The configuration that the measurements call for; alerts and dashboards; one page of it all"
run perfkit render all -o "$baselines/stack" --pool-size 8 || test $? -eq 3
run perfkit monitor rules -o "$baselines/rules"
perfkit demo api down
run perfkit report --format html --output "$baselines/report.html"

say "Every run is kept; drift that no single comparison sees is found over them"
run perfkit history --last 3 $judged

say "The demo is stopped and its data kept; start it again with: perfkit demo up"
