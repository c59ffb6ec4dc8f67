# shellcheck shell=bash disable=SC2154
# ./dev test: every step says what it does, how long it took and what it counted; the last line is for machines.
#
# Fast things come first. Nothing stops at the first failure except what cannot go on without it.

# What ThreadSanitizer looks at: everything that has more than one thread.
thread_tests='^(media_|adapter_|audit_verify|recording_|blob_dir|log_|password_|sql_|store_|vault_link|http_|runtime_|capture_)'

all_steps=(house web-check web-unit build unit web-browser screens e2e asan tsan fuzz)

cmd_test() {
  local long="" filter="" argument
  for argument in "$@"; do
    case "$argument" in
      --long) long=yes ;;
      -*) die "test [--long] [FILTER]" ;;
      *) filter="$argument" ;;
    esac
  done
  if [[ "$filter" == steps ]]; then
    printf '%s\n' "${all_steps[@]}"
    return 0
  fi
  readonly long
  passed=0 failed=0 summary=() step_ok=""
  SECONDS=0
  setup test
  if [[ -z "$filter" ]]; then
    run_all_steps
  elif [[ " ${all_steps[*]} " == *" $filter "* ]]; then
    run_one_step "$filter"
  else
    run_matching "$filter"
  fi
  print_summary
  ((failed == 0))
}

run_all_steps() {
  step house "Layers, routes, links and other rules of the house" test_house
  step web-check "Types of the web client" npm_run web check
  step web-unit "Unit tests of the web client" test_web_unit
  step build "Building everything (release)" build_release
  if [[ -n "$step_ok" ]]; then
    step unit "Unit, conformance and simulation tests" test_unit
    step web-browser "Browser tests of the web client" test_web_browser
    step screens "Every page in every state, with axe" test_screens
    test_e2e
  fi
  step asan "AddressSanitizer and UndefinedBehaviorSanitizer" test_asan
  step tsan "ThreadSanitizer on media and adapters" test_tsan
  step fuzz "Fuzz targets on their seeds, then $(fuzz_seconds) s each" fuzz_all "$(fuzz_seconds)"
}

run_one_step() {
  case "$1" in
    house) step house "Rules of the house" test_house ;;
    web-check) step web-check "Types of the web client" npm_run web check ;;
    web-unit) step web-unit "Unit tests of the web client" test_web_unit ;;
    build) step build "Building everything (release)" build_release ;;
    unit)
      step build "Building everything (release)" build_release
      [[ -z "$step_ok" ]] || step unit "Unit, conformance and simulation tests" test_unit
      ;;
    web-browser) step web-browser "Browser tests of the web client" test_web_browser ;;
    e2e)
      step build "Building Parlour" build_parlour
      [[ -z "$step_ok" ]] || test_e2e
      ;;
    screens) step screens "Every page in every state, with axe" test_screens ;;
    asan) step asan "AddressSanitizer and UndefinedBehaviorSanitizer" test_asan ;;
    tsan) step tsan "ThreadSanitizer on media and adapters" test_tsan ;;
    fuzz) step fuzz "Fuzz targets on their seeds, then $(fuzz_seconds) s each" fuzz_all "$(fuzz_seconds)" ;;
  esac
}

# FILTER as part of the names of C++ tests, of web test files, and of end-to-end stories.
run_matching() {
  configure release
  if [[ -n "$(tests_of release "$1")" ]]; then
    step build "Building the tests named like '$1'" build_tests release "$1"
    [[ -z "$step_ok" ]] || step unit "Tests named like '$1'" test_preset release -R "$1" -E '^house_'
  fi
  if (cd "$root/web" && find src -name '*.test.ts' | grep -q -- "$1"); then
    step web-unit "Web tests named like '$1'" test_web_unit "$1"
  fi
  if [[ -d "$root/tests/e2e" ]] && grep -rqs --include='*.mjs' --exclude-dir=node_modules -- "$1" "$root/tests/e2e"; then
    step build "Building Parlour" build_parlour
    [[ -z "$step_ok" ]] || test_e2e "$1"
  fi
  ((${#summary[@]})) || die "Nothing is named like '$1'. ./dev test steps lists the steps."
}

# --- steps ------------------------------------------------------------------------------------------------------------

# step NAME WORDS COMMAND…: runs, times, counts. Sets step_ok; a failure is told, it does not end the script.
step() {
  local name="$1" words="$2" began=$SECONDS log status counted=()
  shift 2
  log="$(log_of "test-$name")"
  say "── $words"
  # In a subshell, so that a step that dies ends alone.
  set +e
  (
    set -euo pipefail
    "$@"
  ) 2>&1 | tee "$log" >&2
  status=${PIPESTATUS[0]}
  set -e
  mapfile -t counted < <(python3 -B "$root/tools/count_tests" "$log")
  local good="${counted[0]}" bad="${counted[1]}"
  if ((good + bad == 0)); then
    # A check without a count of its own is one check; a test run that ran no test has failed.
    case "$name" in
      unit | web-unit | web-browser | screens | asan | tsan | fuzz | e2e) bad=1 ;;
      *) if ((status == 0)); then good=1; else bad=1; fi ;;
    esac
  elif ((status != 0 && bad == 0)); then
    bad=1
  fi
  passed=$((passed + good)) failed=$((failed + bad))
  summary+=("$(printf '%-12s %9s   %5d passed  %3d failed' "$name" "$(duration $((SECONDS - began)))" "$good" "$bad")")
  say "── $name: $good passed, $bad failed, $(duration $((SECONDS - began)))"
  step_ok=""
  ((bad)) || step_ok=yes
}

print_summary() {
  local line
  say ""
  for line in "${summary[@]}"; do say "  $line"; done
  say "  together     $(duration "$SECONDS")"
  printf '%d passed, %d failed\n' "$passed" "$failed"
}

fuzz_seconds() { if [[ -n "$long" ]]; then printf 60; else printf 2; fi; }

test_house() { python3 -B "$root/tools/check_house"; }

test_web_unit() { npm_run web test "$@"; }
test_web_browser() { npm_run web test:browser; }
# Light or dark in turn, without pictures; with --long both, and pictures under build/screens.
test_screens() {
  if [[ -n "$long" ]]; then npm_run web screens; else SCREENS_SCHEMES=alternate SCREENS_PICTURES=no npm_run web screens; fi
}

build_release() {
  configure release
  build release
  build_web
}

# tests_of PRESET [REGEX]: names of the C++ tests that a build folder knows and that are programs.
tests_of() {
  local preset="$1" regex="${2:-.}"
  (cd "$root/build/$preset" && ctest -N -R "$regex" | sed -n 's/^ *Test *#[0-9]*: //p' | grep -v '^house_') || true
}

build_tests() {
  local targets
  mapfile -t targets < <(tests_of "$@")
  ((${#targets[@]})) || die "The preset $1 has no such tests."
  build "$1" "${targets[@]}"
}

# test_preset PRESET [ctest option…]
test_preset() {
  local preset="$1"
  shift
  (cd "$root/build/$preset" && ctest --output-on-failure -j "$(nproc)" "$@")
}

# A million hostile packets here; a tenth of it under the sanitizers.
test_unit() { PARLOUR_SIMULATION_PACKETS="${PARLOUR_SIMULATION_PACKETS:-1000000}" test_preset release -E '^house_'; }

# Everything that needs neither Boost nor FFmpeg: the parsers, the rules, the log, the vault, the simulation.
test_asan() {
  configure asan
  timed "Building with AddressSanitizer" build_tests asan
  ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 test_preset asan -E '^house_' --timeout 600
}

# The HTTP server takes minutes to compile, so it is looked at with --long.
test_tsan() {
  local options=()
  [[ -z "$long" ]] || options=(-DPARLOUR_WITH_SERVER=ON)
  configure tsan "${options[@]}"
  timed "Building with ThreadSanitizer" build_tests tsan "$thread_tests"
  TSAN_OPTIONS=halt_on_error=1 test_preset tsan -R "$thread_tests" --timeout 600
}

# test_e2e [FILTER]: real browsers against real processes.
test_e2e() {
  if [[ ! -f "$root/tests/e2e/run.mjs" ]]; then
    say "── The end-to-end tests are not there yet."
    return 0
  fi
  step e2e "End-to-end tests in Chromium" run_e2e "$@"
}

# PARLOUR_LONG asks for the stories that take minutes.
run_e2e() { (cd "$root" && PARLOUR_LONG="$long" node tests/e2e/run.mjs "$@"); }
