# shellcheck shell=bash disable=SC2154
# ./dev fuzz: libFuzzer targets, each on its seeds and then on what it makes of them. A crash leaves its input in
# build/asan/found and is a defect: the input becomes a seed, the fix comes with a test.

cmd_fuzz() {
  local target="${1:-}" seconds="${2:-60}"
  if [[ "$target" =~ ^[0-9]+$ && $# -eq 1 ]]; then seconds="$target" target=""; fi
  setup test
  if [[ -z "$target" ]]; then
    fuzz_all "$seconds"
  else
    configure asan
    timed "Building fuzz_${target#fuzz_}" build asan "fuzz_${target#fuzz_}"
    fuzz_one "${target#fuzz_}" "$seconds"
  fi
}

fuzz_targets() {
  cmake --build "$root/build/asan" --target help | sed -n 's/^\(fuzz_[a-z0-9_]*\):.*/\1/p' | LC_ALL=C sort -u
}

# fuzz_all SECONDS: the last line counts.
fuzz_all() {
  local targets target good=0 bad=0
  configure asan
  mapfile -t targets < <(fuzz_targets)
  ((${#targets[@]})) || die "There are no fuzz targets."
  timed "Building ${#targets[@]} fuzz targets" build asan "${targets[@]}"
  for target in "${targets[@]}"; do
    if fuzz_one "${target#fuzz_}" "$1"; then good=$((good + 1)); else bad=$((bad + 1)); fi
  done
  printf '%d passed, %d failed\n' "$good" "$bad"
  ((bad == 0))
}

# fuzz_one NAME SECONDS
fuzz_one() {
  local name="$1" seconds="$2" folder="$root/build/asan" program log
  program="$(find "$folder" -type f -perm -u+x -name "fuzz_$name" -print -quit)"
  [[ -n "$program" ]] || die "There is no fuzz target '$name'."
  [[ -d "$root/fuzz/seeds/$name" ]] || die "The fuzz target '$name' has no seeds in fuzz/seeds/$name."
  mkdir -p "$folder/corpus/$name" "$folder/found"
  log="$(log_of "fuzz-$name")"
  if "$program" "$folder/corpus/$name" "$root/fuzz/seeds/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$folder/found/$name-" -print_final_stats=1 >"$log" 2>&1; then
    say "   $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, no fault"
  else
    tail -n 40 "$log" >&2
    say "   $name: FAULT; the input is in build/asan/found"
    return 1
  fi
}
