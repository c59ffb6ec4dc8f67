// DTLS 1.2 (RFC 6347) with use_srtp (RFC 5764), sans-I/O: datagrams and the time in, datagrams and a deadline
// out.
//
// Contract: after each handle() or on_deadline(), drain take_outgoing(), then look at state() and
// next_deadline(). Retransmission is ours and runs on the time that is passed in: the last flight is kept and
// sent again when the deadline passes (RFC 6347 4.2.4), so a simulation decides about time. One thread per
// engine.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/error.h"
#include "crypto/secret.h"

namespace parlour::crypto {

enum class DtlsRole { kServer, kClient };  // the SFU is always the server; tests play the client
enum class DtlsState { kHandshaking, kConnected, kClosed, kFailed };

// RFC 5764 4.1.2 and RFC 7714 14.2.
enum class SrtpProfile : std::uint16_t { kAes128CmHmacSha1_80 = 0x0001, kAeadAes128Gcm = 0x0007 };

struct SrtpKeys {
  SrtpProfile profile;
  Secret local_key, local_salt;    // for what this side sends
  Secret remote_key, remote_salt;  // for what the other side sends
};

class Dtls {
 public:
  struct Config {
    DtlsRole role;
    const Certificate* certificate;  // outlives the engine
    Hash256 peer_fingerprint;        // the handshake fails unless the peer's certificate has it
    std::vector<SrtpProfile> profiles = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1_80};
    std::size_t mtu = 1200;
  };
  static Result<Dtls, CryptoError> create(const Config& config,
                                          SteadyTime now);  // a client's first flight is ready
  ~Dtls();
  Dtls(Dtls&&) noexcept;
  Dtls& operator=(Dtls&&) noexcept;

  // A datagram that RFC 7983 says is DTLS (first byte 20..63). Malformed records are dropped and counted.
  void handle(ByteView datagram, SteadyTime now);
  void on_deadline(SteadyTime now);
  void close(SteadyTime now);  // close_notify

  std::vector<Bytes> take_outgoing();
  std::optional<SteadyTime> next_deadline() const;
  DtlsState state() const;
  std::string_view failure() const;  // why kFailed, in words for logs
  // Once, when connected.
  std::optional<SrtpKeys> take_srtp_keys();
  std::uint64_t dropped_records() const;

 private:
  struct Impl;
  explicit Dtls(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::crypto
