# shellcheck shell=bash disable=SC2154
# Installs what is missing on Debian 12: packages by apt, Node.js where Debian's is too old, npm packages from lock
# files. Nothing that is there is touched, so a second call takes a moment.

# To build and run.
run_packages=(ca-certificates g++ cmake ninja-build ccache mold pkg-config python3
  libboost1.81-dev libssl-dev libsqlite3-dev libsodium-dev libavformat-dev libavcodec-dev libavutil-dev
  libgtest-dev libgmock-dev)
# To test, fuzz and measure.
test_packages=(libbenchmark-dev libsrtp2-dev clang libclang-rt-14-dev clang-format chromium chromium-headless-shell ffmpeg
  espeak-ng iproute2 tcpdump
  git procps unzip xxd)

# Vite needs this much; Debian 12 has 18.
node_needed="20.19"
# From the npm registry where the system's is too old: the binary itself, and an npm of its age.
node_package="22.23.3"
npm_package="11.21.2"

cmd_setup() {
  case "${1:-test}" in
    run) setup run ;;
    test) setup test ;;
    *) die "setup run, or setup test" ;;
  esac
}

# setup run|test
setup() {
  local packages=("${run_packages[@]}")
  [[ "$1" != test ]] || packages+=("${test_packages[@]}")
  install_packages "${packages[@]}"
  use_node
  install_npm web
  if [[ "$1" == test && -f "$root/tests/e2e/package-lock.json" ]]; then install_npm tests/e2e; fi
}

missing_packages() {
  local name
  for name in "$@"; do
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || printf '%s\n' "$name"
  done
}

install_packages() {
  have dpkg-query || die "This is no Debian. Install by hand what tools/dev/setup.sh lists, for example: $*"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "These Debian packages are missing: ${missing[*]}"
  timed "Installing ${#missing[@]} Debian packages (without recommended ones)" apt_install "${missing[@]}"
}

apt_install() {
  local as_root=()
  if [[ "$(id -u)" != 0 ]]; then
    have sudo || die "Only root may install packages, and there is no sudo. As root: apt-get install --no-install-recommends $*"
    as_root=(sudo)
  fi
  # Another apt may be at work: wait for it.
  local quiet=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300) log
  log="$(log_of apt)"
  "${as_root[@]}" apt-get "${quiet[@]}" update </dev/null >"$log" 2>&1 &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends "$@" \
      </dev/null >>"$log" 2>&1 && return 0
  tail -n 20 "$log" >&2
  die "apt-get could not install: $*"
}

node_is_new_enough() {
  have node || return 1
  local version
  version="$(node --version)" || return 1
  [[ "$(printf '%s\n' "$node_needed" "${version#v}" | sort -V | head -n 1)" == "$node_needed" ]]
}

# Puts a Node.js that is new enough first in PATH; installs one under build/node when there is none.
use_node() {
  local own="$root/build/node/bin"
  if node_is_new_enough && have npm; then return 0; fi
  if [[ ! -x "$own/node" ]]; then
    install_packages nodejs npm
    hash -r
    if node_is_new_enough; then return 0; fi
    timed "Debian's Node.js $(node --version) is too old for the web client; installing $node_package under build/node" install_node
  fi
  export PATH="$own:$PATH"
  hash -r
  node_is_new_enough || die "The Node.js under build/node does not run here. Install Node.js $node_needed or newer."
}

install_node() {
  local machine
  case "$(uname -m)" in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) die "There is no ready-made Node.js for $(uname -m). Install Node.js $node_needed or newer." ;;
  esac
  local place="$root/build/node"
  mkdir -p "$place/bin"
  # Into a folder of its own, without scripts: the package holds the program itself.
  (cd "$place" && printf '{"private": true}\n' >package.json &&
    npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error \
      "node-linux-$machine@$node_package" "npm@$npm_package") >&2 ||
    die "Node.js could not be installed. Install Node.js $node_needed or newer by hand."
  ln -sf "../node_modules/node-linux-$machine/bin/node" "$place/bin/node"
  local tool
  for tool in npm npx; do
    printf '#!/bin/sh\nhere="$(dirname "$0")"\nexec "$here/node" "$here/../node_modules/npm/bin/%s-cli.js" "$@"\n' "$tool" >"$place/bin/$tool"
    chmod +x "$place/bin/$tool"
  done
}

# install_npm FOLDER: npm ci when its lock file has changed since the last time.
install_npm() {
  local folder="$root/$1" lock stamp
  lock="$(sha256sum <"$folder/package-lock.json")"
  stamp="$folder/node_modules/.parlour-lock"
  if [[ -f "$stamp" && "$(<"$stamp")" == "$lock" ]]; then return 0; fi
  timed "Installing the npm packages of $1 from its lock file" npm_ci "$folder"
  printf '%s\n' "$lock" >"$stamp"
}

npm_ci() { (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) >&2; }
