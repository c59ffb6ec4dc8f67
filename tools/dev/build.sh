# shellcheck shell=bash disable=SC2154
# Builds: CMake presets, and the web client when its sources have changed.

# A clone in another folder finds what this one has compiled: paths are seen from the checkout.
export CCACHE_BASEDIR="$root"
export CCACHE_NOHASHDIR=1
# What ccache asks for where a precompiled header is used (cmake/parlour.cmake).
export CCACHE_SLOPPINESS=pch_defines,time_macros
export NINJA_STATUS="[%f/%t, %e s] "

cmd_build() {
  local preset="${1:-release}"
  setup run
  configure "$preset"
  timed "Building ($preset)" build "$preset"
  build_web
}

# configure PRESET [OPTION…]
configure() {
  local preset="$1"
  shift
  (cd "$root" && cmake --preset "$preset" "$@" >"$(log_of "configure-$preset")" 2>&1) || {
    tail -n 30 "$(log_of "configure-$preset")" >&2
    die "CMake could not configure '$preset'."
  }
}

# build PRESET [TARGET…]: ninja's own line on a terminal; elsewhere a line every 20 s, and what failed.
build() {
  local preset="$1" targets=() target log heart status=0
  shift
  for target in "$@"; do targets+=(--target "$target"); done
  if [[ -t 2 ]]; then
    cmake --build "$root/build/$preset" "${targets[@]}" >&2
    return
  fi
  log="$(log_of "build-$preset")"
  : >"$log"
  heartbeat "$log" &
  heart=$!
  cmake --build "$root/build/$preset" "${targets[@]}" >"$log" 2>&1 || status=$?
  kill "$heart" 2>/dev/null && wait "$heart" 2>/dev/null || true
  ((status == 0)) && return
  grep -E -A 12 'FAILED|error:' "$log" | head -n 80 >&2
  say "The whole output is in build/logs/build-$preset.log."
  return 1
}

# How far ninja is, from time to time.
heartbeat() {
  while sleep 20 >/dev/null 2>&1; do
    say "   $(grep -o '^\[[^]]*\]' "$1" | tail -n 1)"
  done
}

web_sources_hash() {
  (cd "$root/web" && find src public ./*.html ./*.ts ./*.js package-lock.json -type f -not -name '*.test.ts' -print0 2>/dev/null |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
}

build_web() {
  local stamp="$root/build/web.stamp" now
  mkdir -p "$root/build"
  now="$(web_sources_hash)"
  if [[ -f "$root/web/dist/join.html" && -f "$stamp" && "$(<"$stamp")" == "$now" ]]; then return 0; fi
  timed "Building the web client" npm_run web build --logLevel warn
  printf '%s\n' "$now" >"$stamp"
}

# npm_run FOLDER SCRIPT [ARGUMENT…]
npm_run() {
  local folder="$1" script="$2"
  shift 2
  (cd "$root/$folder" && NO_COLOR=1 npm run --silent "$script" -- "$@") >&2
}
