#!/usr/bin/env bash
# OpenSSL 3.0 chooses the SRTP profile by the server's order, and a handshake without a common profile succeeds.
# Version: OpenSSL 3.0.19 (Debian 12: openssl).
# A good guess: the client's order counts, as it does for OpenSSL's ciphers by default, and no common profile is an error.
set -uo pipefail
dir="$(mktemp -d)"
server=""
finish() {
  [[ -z "$server" ]] || kill "$server" 2>/dev/null
  rm -rf "$dir"
}
trap finish EXIT
command -v openssl >/dev/null || { echo "install Debian's openssl"; exit 2; }
openssl version
port="${PORT:-45443}"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/key" -out "$dir/cert" -days 2 -subj /CN=x 2>/dev/null

# handshake SERVER_PROFILES CLIENT_PROFILES: sets status and chosen.
handshake() {
  openssl s_server -dtls1_2 -accept "127.0.0.1:$port" -cert "$dir/cert" -key "$dir/key" -use_srtp "$1" \
    < <(exec sleep 8) >"$dir/server" 2>&1 &
  server=$!
  sleep 1
  (sleep 1; echo Q) | timeout 6 openssl s_client -dtls1_2 -connect "127.0.0.1:$port" -use_srtp "$2" >"$dir/client" 2>&1
  status=$?
  chosen="$(sed -n 's/^SRTP Extension negotiated, profile=//p' "$dir/client")"
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=""
  echo "server $1, client $2: exit $status, profile ${chosen:-none}, $(grep -o 'Cipher is .*' "$dir/client")"
}

cm=SRTP_AES128_CM_SHA1_80
gcm=SRTP_AEAD_AES_128_GCM
handshake "$cm:$gcm" "$gcm:$cm"
[[ "$status" == 0 && "$chosen" == "$cm" ]] || { echo "changed: the client's order counts"; exit 1; }
handshake "$gcm" "$cm"
[[ "$status" == 0 && -z "$chosen" ]] && grep -q "Cipher is ECDHE" "$dir/client" || { echo "changed: no common profile is an error"; exit 1; }
echo "as found: the server's order decides; without a common profile DTLS is up and only the profile's absence tells"

# Seen with OpenSSL 3.0.19 (Debian 12), two runs alike:
#   server CM:GCM, client GCM:CM: exit 0, profile SRTP_AES128_CM_SHA1_80
#   server GCM, client CM: exit 0, profile none, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384
