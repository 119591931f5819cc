# Part of ./rag: `./rag test [--soak MINUTES] [FILTER]`. Installs what tests need, builds, runs every test project, at
# most two at a time and each with a time limit, and ends with one line: N passed, N failed, N skipped.

test_usage() {
  cat <<'USAGE'
Usage: ./rag test [--soak MINUTES] [FILTER]

Runs the tests. FILTER is a part of a project's name (Engine, Router, ...); where no project is called so, it is a part
of a test's full name. --soak lets the tests that stress and break things go on for so many minutes.
USAGE
}

run_tests() {
  local soak=0 filter=""
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h) test_usage; exit 0 ;;
      --soak)
        soak=${2:-}
        [[ "$soak" =~ ^[0-9]+$ ]] || { say "rag test: --soak takes a number of minutes."; exit 2; }
        shift
        ;;
      -*) say "rag test: unknown option $1."; test_usage >&2; exit 2 ;;
      *) filter=$1 ;;
    esac
    shift
  done

  install_for_tests
  build tests Rag.Engine.sln src tests bench protos models
  # The solution holds the command line too: tests that start ./rag must not build it again.
  fingerprint src protos models >"$state/build/rag"
  export RAG_SOAK_MINUTES=$soak

  results=$(mktemp -d "${TMPDIR:-/tmp}/rag-test-XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$results'" EXIT
  select_projects "$filter"
  export results test_name_filter
  export -f run_one report_one
  export time_limit_s=$((480 + soak * 60))
  # Large ones first, so that no long one is left alone at the end.
  printf '%s\n' "${test_programs[@]}" | xargs -d '\n' -n 1 -P 2 bash -c 'run_one "$1"' run_one || true
  closing_line
}

install_for_tests() {
  local missing=()
  command -v pdftotext >/dev/null || missing+=(poppler-utils)
  command -v h2load >/dev/null || missing+=(nghttp2-client)
  { command -v nats-server || [ -x /usr/sbin/nats-server ]; } >/dev/null || missing+=(nats-server)
  # Where services are started as they are installed, nginx would take port 80 for itself: its test is skipped there.
  [ -x /usr/sbin/nginx ] || [ -d /run/systemd/system ] || missing+=(nginx-light)
  /usr/bin/python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
  if [ ! -x /usr/lib/postgresql/15/bin/postgres ]; then
    # Only the programs: without this, Debian makes a cluster and starts it.
    if [ "$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      mkdir -p /etc/postgresql-common
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
    missing+=(postgresql-15)
  fi
  /usr/bin/python3 -c 'import grpc' 2>/dev/null || missing+=(python3-grpcio)
  /usr/bin/python3 -c 'import google.protobuf' 2>/dev/null || missing+=(python3-protobuf)
  command -v g++ >/dev/null || missing+=(g++)
  [ -f /usr/include/hnswlib/hnswlib.h ] || missing+=(libhnswlib-dev)
  debian_install "peers that tests talk to" "${missing[@]}"
  local lock
  for lock in "$root"/tests/*/package-lock.json "$root"/protos/package-lock.json "$root"/bench/peers/package-lock.json; do
    if [ -f "$lock" ]; then npm_install "$(dirname "$lock")"; fi
  done
}

# Sets test_programs (largest source first) and test_name_filter.
select_projects() {
  local filter=$1 project name program size all=() chosen=()
  for project in "$root"/tests/*/*.Tests.csproj; do
    name=$(basename "$project" .csproj)
    program="$(dirname "$project")/bin/Release/net10.0/$name.dll"
    size=$(find "$(dirname "$project")" -name obj -prune -o -name '*.cs' -printf '%s\n' | awk '{s += $1} END {print s + 0}')
    # A project without a test yet has nothing to run.
    [ "$size" -gt 0 ] || continue
    all+=("$size $program")
    if [ -n "$filter" ] && [[ "${name,,}" == *"${filter,,}"* ]]; then chosen+=("$size $program"); fi
  done
  test_name_filter=""
  if [ ${#chosen[@]} -eq 0 ]; then
    chosen=("${all[@]}")
    test_name_filter=$filter
  fi
  mapfile -t test_programs < <(printf '%s\n' "${chosen[@]}" | sort -rn | cut -d' ' -f2-)
}

# Runs one project in a process of its own and reports it in one piece.
run_one() {
  local program=$1 name status=0 arguments=(-noLogo -noColor -longRunning 60 -diagnostics)
  name=$(basename "$program" .dll)
  local log="$results/$name.log" xml="$results/$name.xml"
  if [ -n "$test_name_filter" ]; then arguments+=(-method "*$test_name_filter*"); fi
  timeout --kill-after=20 "$time_limit_s" dotnet "$program" "${arguments[@]}" -xml "$xml" \
    >"$log" 2>&1 </dev/null || status=$?
  report_one "$name" "$status" "$log" "$xml"
}

report_one() {
  local name=$1 status=$2 log=$3 xml=$4 head="" passed=0 failed=0 skipped=0 errors=0 seconds=0
  if [ -s "$xml" ]; then head=$(grep -o '<assembly [^>]*>' "$xml" | head -n 1); fi
  if [ -n "$head" ]; then
    number() { sed -n "s/.* $1=\"\([0-9.]*\)\".*/\1/p" <<<"$head"; }
    passed=$(number passed) failed=$(number failed) skipped=$(number skipped)
    errors=$(number errors) seconds=$(number time)
    failed=$((failed + errors))
  fi
  # A run that broke off, or that failed without a failed test, counts as a failure of its own.
  if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  {
    if [ "$failed" != 0 ]; then
      printf '==== %s ====\n' "$name"
      tail -n 600 "$log"
      if [ "$status" = 124 ]; then printf '%s was ended after %s s.\n' "$name" "$time_limit_s"; fi
      if [ -z "$head" ]; then printf '%s broke off with exit code %s.\n' "$name" "$status"; fi
    fi
    if [ "$skipped" != 0 ]; then
      grep -o '<reason>.*</reason>' "$xml" |
        sed -e 's/<!\[CDATA\[//' -e 's/\]\]>//' -e 's/<[^>]*>//g' |
        sort | uniq -c | sed "s/^ *\([0-9]*\)/$name skipped \1:/"
    fi
    printf '%-28s %s passed, %s failed, %s skipped (%.1f s)\n' "$name" "$passed" "$failed" "$skipped" "$seconds"
  } >"$results/$name.report"
  cat "$results/$name.report"
  # What a long run has been through, whether it passed or not.
  if [ "$RAG_SOAK_MINUTES" != 0 ]; then sed -n 's/.*\] soak: //p' "$log"; fi
  printf '%s %s %s\n' "$passed" "$failed" "$skipped" >"$results/$name.count"
}

closing_line() {
  local counts
  if ! compgen -G "$results/*.count" >/dev/null; then
    say "rag test: nothing ran."
    exit 1
  fi
  # A project whose report is missing was not counted: that is a failure too.
  local program name lost=0
  for program in "${test_programs[@]}"; do
    name=$(basename "$program" .dll)
    [ -f "$results/$name.count" ] || { say "$name left no result."; lost=$((lost + 1)); }
  done
  counts=$(cat "$results"/*.count | awk -v lost="$lost" '{p += $1; f += $2; s += $3} END {print p + 0, f + lost, s + 0}')
  read -r passed failed skipped <<<"$counts"
  if [ "$failed" != 0 ]; then printf '\nFailed:\n'; grep -h -E '\[FAIL\]' "$results"/*.log | sed 's/^ */  /' | sort -u || true; fi
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
