# shellcheck shell=bash disable=SC2154
# ./dev lint, format, bench.

# The formatter differs from version to version; this one is Debian 12's.
clang_format_version=14

cmd_lint() {
  setup test
  local bad=0
  timed "Formatting" lint_format || bad=1
  timed "Rules of the house" python3 -B "$root/tools/check_house" || bad=1
  python3 -B "$root/tools/longest"
  return "$bad"
}

cmd_format() {
  setup test
  check_clang_format
  (cd "$root" && cpp_files | xargs clang-format -i)
  (cd "$root" && git status --short -- '*.cpp' '*.h') || true
}

lint_format() {
  check_clang_format
  (cd "$root" && cpp_files | xargs -P "$(nproc)" -n 20 clang-format --dry-run -Werror)
}

check_clang_format() {
  clang-format --version | grep -q "version $clang_format_version\." ||
    die "clang-format $clang_format_version is needed; this is: $(clang-format --version)"
}

# Our own figures: the media plane's and the log's. What they mean is in bench/.
cmd_bench() {
  setup test
  configure release
  timed "Building what is measured (release)" build release
  local program name
  for name in audit_bench append_bench; do
    program="$(find "$root/build/release" -type f -perm -u+x -name "$name" -print -quit)"
    if [[ -n "$program" ]]; then timed "$name" "$program" "$@"; fi
  done
  if [[ -x "$root/bench/run" ]]; then timed "bench/run" "$root/bench/run" "$@"; fi
}
