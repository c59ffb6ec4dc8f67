# shellcheck shell=bash disable=SC2154
# ./dev run, stop, demo: the vault and the server over one home directory, with a demonstration organisation in it.
#
#   <home>/demo.json   for scripts: address, accounts, types, log key, pids (mode 0600)
#   <home>/log/        what the two processes say
# The rest of <home> is theirs: docs/operating/install.md.

organisation="Example Bank"
accounts=(agent compliance administrator)
declare -A account_names=([agent]="Anna Visser" [compliance]="Cora Meijer" [administrator]="Adam de Boer")

run_home() {
  local home="${PARLOUR_HOME:-$root/.parlour}"
  mkdir -p "$home"
  (cd "$home" && pwd -P)
}
run_port() { printf '%s' "${PARLOUR_PORT:-8443}"; }

cmd_run() {
  local background="" reset="" yes="" argument
  for argument in "$@"; do
    case "$argument" in
      --background) background=yes ;;
      --reset) reset=yes ;;
      --yes) yes=yes ;;
      *) die "run [--reset [--yes]] [--background]" ;;
    esac
  done
  home="$(run_home)"
  readonly home
  chmod 700 "$home"
  setup run
  read_pids
  if [[ -n "$reset" ]]; then reset_home "$yes"; fi
  build_parlour
  SECONDS=0
  if is_running serve && is_running vault; then
    say "Parlour is running already."
  else
    port_is_free || die "Port $(run_port) is taken by another program. Choose another one: PARLOUR_PORT=8444 ./dev run"
    [[ -n "$background" ]] || trap 'say ""; stop_all; exit 130' INT TERM HUP
    start_all
  fi
  print_table
  if [[ -z "$background" ]]; then stay; fi
}

# The two programs and the web client, not the tests.
build_parlour() {
  configure release
  timed "Building Parlour" build release parlour parlour-vault
  build_web
}

cmd_stop() {
  home="$(run_home)"
  readonly home
  read_pids
  if ! is_running serve && ! is_running vault; then
    say "Parlour is not running."
    return 0
  fi
  stop_all
  say "Stopped. The data stay in $home."
}

cmd_demo() {
  setup test
  build_parlour
  [[ -f "$root/tests/e2e/demo.mjs" ]] || die "The demonstration is not there yet."
  (cd "$root" && exec node tests/e2e/demo.mjs "$@")
}

# --- starting ---------------------------------------------------------------------------------------------------------

start_all() {
  mkdir -p "$home/log" "$home/recordings"
  [[ -f "$home/vault/vault.json" ]] || make_keys
  start vault
  make_organisation
  start serve
  wait_for_serve
  write_demo
}

make_keys() {
  say "Making the keys of the demonstration organisation."
  "$(program_of vault)" init --home "$home/vault" --organisation "$organisation" --origin localhost/audit \
    --with-organisation-key >"$home/log/vault-init.log" 2>&1 || {
    cat "$home/log/vault-init.log" >&2
    die "The vault could not make its keys."
  }
}

# Accounts and types, each once: what is in demo.json is there already.
make_organisation() {
  local role
  for role in "${accounts[@]}"; do
    if [[ -n "$(json_get "$home/demo.json" "accounts.$role.password")" ]]; then continue; fi
    add_account "$role"
  done
  publish_type required wealth-management
  publish_type never debt-counselling
}

add_account() {
  local role="$1" email="$1@example.test" password create=()
  password="$(new_password)"
  # The first one begins the installation; a home that has files of ours in it is not taken for a mistyped one.
  [[ -e "$home/parlour.db" ]] || create=(--create)
  if ! parlour admin user add --home "$home" "${create[@]}" --email "$email" --name "${account_names[$role]}" --role "$role" \
    <<<"$password" >>"$home/log/admin.log" 2>&1; then
    # An earlier start was broken off between the account and demo.json.
    parlour admin user password --home "$home" --email "$email" <<<"$password" >>"$home/log/admin.log" 2>&1 ||
      die "The account of the $role could not be made: $home/log/admin.log says why."
  fi
  json_set "$home/demo.json" "accounts.$role.email=$email" "accounts.$role.password=$password"
}

# 90 random bits, in letters and digits that survive being read aloud.
new_password() {
  local text
  text="$(head -c 64 /dev/urandom | base32 | tr -dc 'A-Z2-7' | tr '[:upper:]' '[:lower:]')"
  printf '%s-%s-%s' "${text:0:6}" "${text:6:6}" "${text:12:6}"
}

# publish_type NAME FILE: NAME is how demo.json calls it.
publish_type() {
  local name="$1" file="$root/deploy/demo/$2.json" printed
  if [[ -n "$(json_get "$home/demo.json" "types.$name")" ]]; then return 0; fi
  printed="$(parlour admin type publish --home "$home" "$file" 2>>"$home/log/admin.log")" ||
    die "The meeting type $2 could not be published: $home/log/admin.log says why."
  json_set "$home/demo.json" "types.$name=${printed%% *}"
}

parlour() { "$(program_of serve)" "$@"; }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$(run_port)") 2>/dev/null || is_running serve; }

# A socket's path has at most 107 bytes: a deep home is spoken of from inside.
vault_socket() {
  local path="$home/vault.sock"
  if ((${#path} > 100)); then printf 'vault.sock'; else printf '%s' "$path"; fi
}

program_of() {
  local folder="${PARLOUR_BUILD:-$root/build/release}/src/bin"
  case "$1" in
    serve) printf '%s/parlour/parlour' "$folder" ;;
    vault) printf '%s/parlour_vault/parlour-vault' "$folder" ;;
  esac
}

title_of() { if [[ "$1" == vault ]]; then printf 'parlour-vault'; else printf 'parlour serve'; fi; }

# start serve|vault: unless it runs. In a session of its own, so that Ctrl-C reaches this script alone, which then stops
# the two in the right order.
start() {
  local name="$1" arguments=()
  if is_running "$name"; then return 0; fi
  case "$name" in
    vault)
      rm -f "$home/vault.sock"
      arguments=(run --home "$home/vault" --socket "$(vault_socket)" --recordings "$(recordings)")
      ;;
    serve)
      rm -f "$home/serve.json"
      # shellcheck disable=SC2206  # several options in one variable
      arguments=(serve --home "$home" --port "$(run_port)" --web "$root/web/dist" --vault "$(vault_socket)"
        --recordings "$(recordings)" --organisation "$organisation" ${PARLOUR_SERVE_OPTIONS:-})
      ;;
  esac
  (cd "$home" && exec setsid "$(program_of "$name")" "${arguments[@]}" </dev/null >>"$home/log/$name.log" 2>&1) &
  pids[$name]=$!
  disown "${pids[$name]}"
  json_set "$home/demo.json" "pids.$name:=${pids[$name]}"
  if [[ "$name" == vault ]]; then wait_for_vault; fi
}

recordings() { printf '%s' "${PARLOUR_RECORDINGS:-$home/recordings}"; }

# The process of demo.json, if it is still the program that was started. Read from the file once.
declare -A pids=()
pid_of() {
  local pid="${pids[$1]:-}"
  [[ -n "$pid" && "$(readlink "/proc/$pid/exe" 2>/dev/null)" == "$(program_of "$1")"* ]] && printf '%s' "$pid"
}
is_running() { pid_of "$1" >/dev/null; }
read_pids() {
  local name
  for name in vault serve; do pids[$name]="$(json_get "$home/demo.json" "pids.$name")"; done
}

wait_for_vault() {
  local try
  for ((try = 0; try < 100; ++try)); do
    [[ ! -S "$home/vault.sock" ]] || return 0
    is_running vault || ((try < 5)) || break
    sleep 0.1
  done
  tail -n 20 "$home/log/vault.log" >&2
  die "parlour-vault did not start."
}

# serve.json is written by the server when people can come.
wait_for_serve() {
  local try
  for ((try = 0; try < 300; ++try)); do
    if [[ -f "$home/serve.json" && "$(json_get "$home/serve.json" pid)" == "${pids[serve]}" ]]; then return 0; fi
    is_running serve || ((try < 5)) || break
    sleep 0.1
  done
  tail -n 20 "$home/log/serve.log" >&2
  stop_all
  die "parlour serve did not start."
}

write_demo() {
  json_set "$home/demo.json" "base_url=$(json_get "$home/serve.json" base_url)" \
    "log_key=$(json_get "$home/serve.json" log_key)" "data_dir=$home"
}

# --- while it runs ----------------------------------------------------------------------------------------------------

print_table() {
  local role base
  base="$(json_get "$home/demo.json" base_url)"
  say ""
  say "Parlour is ready (after $(duration "$SECONDS"))."
  say ""
  printf '  %-16s %s\n' "Console" "$base/" >&2
  printf '  %-16s %s\n' "Data" "$home" >&2
  printf '  %-16s %s\n' "Key of the log" "$(json_get "$home/demo.json" log_key)" >&2
  say ""
  printf '  %-16s %-30s %s\n' "Account" "E-mail" "Password" >&2
  for role in "${accounts[@]}"; do
    printf '  %-16s %-30s %s\n' "$role" "$(json_get "$home/demo.json" "accounts.$role.email")" \
      "$(json_get "$home/demo.json" "accounts.$role.password")" >&2
  done
  say ""
  say "  What to try (the certificate is self-made, so the browser asks once whether to go on):"
  say "  1. Log in as the agent, make a meeting of the type Wealth management, copy the customer's link."
  say "  2. Open the link in a private window, check camera and microphone, read the notice, wait."
  say "  3. As the agent: admit, talk, end. Then log in as the compliance officer: play the recording, export the proof."
  say "  4. Check the proof:  build/release/src/bin/parlour/parlour audit verify PROOF.zip --key 'KEY OF THE LOG'"
  say "  5. The same with Debt counselling: nothing is recorded, and the proof says so."
  say ""
}

# Until Ctrl-C. A process that dies is started again, as a service manager would do, but not for ever.
stay() {
  local restarts=0 name
  say "Ctrl-C stops Parlour; the data stay."
  trap 'stopping=yes' INT TERM HUP
  stopping=""
  while [[ -z "$stopping" ]]; do
    for name in vault serve; do
      if [[ -n "$stopping" ]] || is_running "$name"; then continue; fi
      ((++restarts <= 5)) || {
        say "$(title_of "$name") has ended too often; $home/log/$name.log says why."
        stop_all
        exit 1
      }
      say "$(title_of "$name") has ended by itself; starting it again ($home/log/$name.log says more)."
      start "$name"
    done
    sleep 1 &
    wait $! || true
  done
  say ""
  stop_all
  say "Stopped. The data stay in $home; ./dev run goes on with them."
}

# The server first: what it still has to say to the vault arrives.
stop_all() {
  local name pid try
  for name in serve vault; do
    pid="$(pid_of "$name")" || continue
    kill -TERM "$pid" 2>/dev/null || true
    for ((try = 0; try < 100; ++try)); do
      is_running "$name" || break
      sleep 0.1
    done
    if is_running "$name"; then
      say "$(title_of "$name") does not stop; ending it."
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
}

# --- starting anew ----------------------------------------------------------------------------------------------------

reset_home() {
  local answer
  if [[ ! -e "$home/demo.json" && ! -e "$home/parlour.db" && ! -e "$home/vault" ]]; then return 0; fi
  if [[ -z "$1" ]]; then
    say "This deletes everything in $home: accounts, meetings, recordings, and the keys without which no recording opens."
    read -r -p "Type 'yes' to go on: " answer
    [[ "$answer" == yes ]] || die "Nothing was deleted."
  fi
  stop_all
  # What we made, by name: whatever else lies in that folder is not ours.
  (cd "$home" && rm -rf -- parlour.db parlour.db-wal parlour.db-shm recordings vault tls log demo.json serve.json vault.sock)
  say "Deleted. A new organisation is made."
}
