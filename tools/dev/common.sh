# shellcheck shell=bash disable=SC2154
# Words and times for everything that ./dev does. Sourced by dev; `root` is the checkout.

say() { printf '%s\n' "$*" >&2; }
die() {
  say "dev: $*"
  exit 1
}

# timed WORDS COMMAND…: says what begins, and how long it took.
timed() {
  local words="$1" began=$SECONDS
  shift
  say "── $words"
  "$@" || return
  say "── $words: done in $(duration $((SECONDS - began)))"
}

duration() {
  local seconds="$1"
  if ((seconds < 60)); then printf '%d s' "$seconds"; else printf '%d min %02d s' $((seconds / 60)) $((seconds % 60)); fi
}

have() { command -v "$1" >/dev/null 2>&1; }

# Our own C++ files, as paths from the checkout.
cpp_files() {
  (cd "$root" && find src tests bench fuzz -type f \( -name '*.cpp' -o -name '*.h' \) -not -path '*/node_modules/*' | LC_ALL=C sort)
}

# json_set FILE NAME=VALUE…: writes values into a JSON file of mode 0600, replacing it as a whole. NAME may be dotted;
# VALUE is text, or a number after := instead of =.
json_set() { python3 -ISB "$root/tools/json_file" set "$@"; }
# json_get FILE NAME: prints a value, or nothing when the file or the value is not there.
json_get() { python3 -ISB "$root/tools/json_file" get "$@"; }

# log_of NAME: where a step's whole output goes.
log_of() {
  mkdir -p "$root/build/logs"
  printf '%s/build/logs/%s.log' "$root" "$1"
}
