#include "crypto/dtls.h"

#include <openssl/err.h>
#include <openssl/srtp.h>

#include <algorithm>

#include "certificate_impl.h"
#include "dtls_records.h"

namespace parlour::crypto {
namespace {

// RFC 6347 4.2.4.1 starts at 1 s; browsers start lower too, since a call set-up shows every second of it.
constexpr Duration kRetransmitFirst = 250ms;
constexpr Duration kRetransmitMax = 4s;
constexpr int kRetransmissionsMax = 10;  // 28 s in all
// The answer to a peer's retransmission: at most this often and this many, so that nobody makes us a
// repeater.
constexpr Duration kAnswerGap = 50ms;
constexpr int kAnswersMax = 40;
constexpr std::size_t kHandshakeBytesMax = 64 * 1024;  // taken from the peer over the life of an engine
constexpr int kAlertsMax = 8;
constexpr std::size_t kMtuMin = 256;

constexpr char kExporterLabel[] = "EXTRACTOR-dtls_srtp";
constexpr std::size_t kSrtpKeySize = 16;

std::size_t salt_size(SrtpProfile profile) {
  return profile == SrtpProfile::kAeadAes128Gcm ? 12 : 14;
}

std::string profile_list(const std::vector<SrtpProfile>& profiles) {
  std::string list;
  for (SrtpProfile profile : profiles) {
    if (!list.empty()) list += ':';
    list += profile == SrtpProfile::kAeadAes128Gcm ? "SRTP_AEAD_AES_128_GCM" : "SRTP_AES128_CM_SHA1_80";
  }
  return list;
}

}  // namespace

struct Dtls::Impl {
  DtlsRole role = DtlsRole::kServer;
  DtlsState state = DtlsState::kHandshaking;
  std::string failure;
  std::uint64_t dropped = 0;
  std::size_t handshake_bytes = 0;
  int alerts = 0;

  DtlsWire wire;
  SslPtr ssl;  // after wire: it is destroyed first
  std::vector<Bytes> outgoing;
  std::optional<SrtpKeys> srtp_keys;

  // The last flight, and what it answered.
  std::vector<Bytes> flight;
  std::uint64_t clear_sequence = 0;  // record sequence number of epoch 0: a repeated record gets a new one
  std::optional<std::uint16_t> peer_message;      // largest message_seq seen
  std::optional<std::uint16_t> answered_message;  // what peer_message was when the flight was made
  std::optional<SteadyTime> deadline;
  Duration timeout = kRetransmitFirst;
  int retransmissions = 0;
  SteadyTime sent_at{};
  int answers = 0;

  void fail_with(std::string reason) {
    state = DtlsState::kFailed;
    failure = std::move(reason);
    deadline.reset();
    flight.clear();
    ERR_clear_error();
  }

  void fail_from_library(const char* what) {
    if (wire.peer_refused) return fail_with("the peer's certificate has another fingerprint");
    unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    fail_with(std::string(what) + ": " + (reason == nullptr ? "no reason given" : reason));
  }

  // Clear records carry a number that nothing authenticates. OpenSSL numbers each once; a repetition needs a
  // fresh one, or the peer's replay window would hide it (RFC 6347 4.2.1). Records of epoch 1 keep theirs: a
  // peer that accepted such a record has also used it.
  void number_clear_records(Bytes& datagram) {
    std::size_t at = 0;
    while (at + kDtlsRecordHeaderSize <= datagram.size()) {
      if (load_u16(&datagram[at + 3]) == 0) {
        std::uint64_t number = clear_sequence++;
        store_u16(&datagram[at + 5], static_cast<std::uint16_t>(number >> 32));
        store_u32(&datagram[at + 7], static_cast<std::uint32_t>(number));
      }
      at += kDtlsRecordHeaderSize + load_u16(&datagram[at + 11]);
    }
  }

  void send_flight(SteadyTime now) {
    for (Bytes& datagram : flight) {
      number_clear_records(datagram);
      outgoing.push_back(datagram);
    }
    sent_at = now;
  }

  // What OpenSSL wrote is a new flight while we shake hands, and an alert otherwise.
  void take_written(SteadyTime now, bool is_flight) {
    if (wire.written.empty()) return;
    if (is_flight) {
      flight = std::exchange(wire.written, {});
      answered_message = peer_message;
      timeout = kRetransmitFirst;
      retransmissions = 0;
      deadline = now + timeout;
      send_flight(now);
      return;
    }
    for (Bytes& datagram : wire.written) {
      number_clear_records(datagram);
      outgoing.push_back(std::move(datagram));
    }
    wire.written.clear();
  }

  void drive_handshake(SteadyTime now) {
    ERR_clear_error();
    int result = SSL_do_handshake(ssl.get());
    if (result == 1) {
      finish_handshake(now);
      return;
    }
    if (SSL_get_error(ssl.get(), result) == SSL_ERROR_WANT_READ) {
      take_written(now, true);
      return;
    }
    fail_from_library("handshake");
    take_written(now, false);
  }

  void finish_handshake(SteadyTime now) {
    take_written(now, true);
    deadline.reset();  // whoever spoke last repeats only when asked
    if (!wire.peer_verified) return fail_with("the peer showed no certificate");
    if (!export_keys()) return;
    state = DtlsState::kConnected;
  }

  bool export_keys() {
    SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl.get());
    if (selected == nullptr) {
      fail_with("no common SRTP profile");
      return false;
    }
    auto profile = static_cast<SrtpProfile>(selected->id);
    std::size_t salt = salt_size(profile);
    Secret block(2 * kSrtpKeySize + 2 * salt);
    if (SSL_export_keying_material(ssl.get(), block.mutable_view().data(), block.size(), kExporterLabel,
                                   sizeof kExporterLabel - 1, nullptr, 0, 0) != 1) {
      fail_from_library("key export");
      return false;
    }
    // RFC 5764 4.2: client key, server key, client salt, server salt.
    ByteView view = block.view();
    ByteView keys[2] = {view.first(kSrtpKeySize), view.subspan(kSrtpKeySize, kSrtpKeySize)};
    ByteView salts[2] = {view.subspan(2 * kSrtpKeySize, salt), view.subspan(2 * kSrtpKeySize + salt, salt)};
    int local = role == DtlsRole::kClient ? 0 : 1;
    srtp_keys = SrtpKeys{profile, Secret(keys[local]), Secret(salts[local]), Secret(keys[1 - local]),
                         Secret(salts[1 - local])};
    return true;
  }

  void read_alert(SteadyTime now) {
    ERR_clear_error();
    std::uint8_t ignored[64];
    int result = SSL_read(ssl.get(), ignored, sizeof ignored);
    if (result > 0) return;
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return;
      case SSL_ERROR_ZERO_RETURN:
        close_now(now);
        return;
      default:
        fail_from_library("alert");
        take_written(now, false);
    }
  }

  void close_now(SteadyTime now) {
    ERR_clear_error();
    SSL_shutdown(ssl.get());
    ERR_clear_error();
    take_written(now, false);
    state = DtlsState::kClosed;
    deadline.reset();
    flight.clear();
  }

  // A message of a flight that ours has answered: the peer has not got ours, or not all of it.
  bool is_retransmission(const DtlsRecord& record) const {
    if (flight.empty()) return false;
    if (state == DtlsState::kConnected) {
      // The client's last word is answered by the server's; the server never lacks the client's.
      return role == DtlsRole::kServer;
    }
    return record.last_message && answered_message && *record.last_message <= *answered_message;
  }

  void answer_retransmission(SteadyTime now) {
    if (now - sent_at < kAnswerGap || answers >= kAnswersMax) return;
    ++answers;
    send_flight(now);
  }

  enum class Verdict { kForLibrary, kRepeated, kDrop };
  Verdict judge(const DtlsRecord& record) {
    switch (record.type) {
      case DtlsContentType::kApplicationData:
        return Verdict::kDrop;  // nothing is sent through the tunnel itself
      case DtlsContentType::kAlert:
        // After the handshake only alerts that the session's keys protect count.
        if (state == DtlsState::kConnected && record.epoch == 0) return Verdict::kDrop;
        return ++alerts <= kAlertsMax ? Verdict::kForLibrary : Verdict::kDrop;
      case DtlsContentType::kChangeCipherSpec:
      case DtlsContentType::kHandshake:
        if (is_retransmission(record)) return Verdict::kRepeated;
        if (state == DtlsState::kConnected) return Verdict::kDrop;  // no renegotiation
        handshake_bytes += record.bytes.size();
        if (handshake_bytes > kHandshakeBytesMax) return Verdict::kDrop;
        if (record.last_message) peer_message = std::max(peer_message.value_or(0), *record.last_message);
        return Verdict::kForLibrary;
    }
    return Verdict::kDrop;
  }
};

Dtls::Dtls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dtls::~Dtls() = default;
Dtls::Dtls(Dtls&&) noexcept = default;
Dtls& Dtls::operator=(Dtls&&) noexcept = default;

Result<Dtls, CryptoError> Dtls::create(const Config& config, SteadyTime now) {
  if (config.certificate == nullptr || config.profiles.empty() || config.mtu < kMtuMin) {
    return fail(CryptoError::kBadInput);
  }
  const DtlsContext* context = config.certificate->impl().dtls_context();
  if (context == nullptr) return fail(CryptoError::kLibrary);
  auto impl = std::make_unique<Impl>();
  impl->role = config.role;
  impl->wire.peer_fingerprint = config.peer_fingerprint;
  impl->ssl = context->make_ssl(impl->wire);
  if (!impl->ssl) return fail(CryptoError::kLibrary);
  SSL* ssl = impl->ssl.get();
  // SSL_set_tlsext_use_srtp gives 0 for success.
  if (SSL_set_mtu(ssl, static_cast<long>(config.mtu)) == 0 ||
      SSL_set_tlsext_use_srtp(ssl, profile_list(config.profiles).c_str()) != 0) {
    ERR_clear_error();
    return fail(CryptoError::kLibrary);
  }
  if (config.role == DtlsRole::kServer) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
    impl->drive_handshake(now);
    if (impl->state == DtlsState::kFailed) return fail(CryptoError::kLibrary);
  }
  return Dtls(std::move(impl));
}

void Dtls::handle(ByteView datagram, SteadyTime now) {
  Impl& d = *impl_;
  if (d.state == DtlsState::kClosed || d.state == DtlsState::kFailed) return;
  bool repeated = false;
  bool alert = false;
  Bytes admitted;
  while (!datagram.empty()) {
    auto next = next_dtls_record(datagram);
    auto verdict = !next || next->malformed ? Impl::Verdict::kDrop : d.judge(next->record);
    if (verdict == Impl::Verdict::kForLibrary) {
      alert |= next->record.type == DtlsContentType::kAlert;
      append(admitted, next->record.bytes);
    }
    repeated |= verdict == Impl::Verdict::kRepeated;
    if (verdict == Impl::Verdict::kDrop) ++d.dropped;
  }
  if (repeated) d.answer_retransmission(now);
  if (admitted.empty()) return;
  d.wire.inbox = std::move(admitted);
  if (d.state == DtlsState::kHandshaking) {
    d.drive_handshake(now);
  } else if (alert) {
    d.read_alert(now);
  }
  d.wire.inbox.clear();
}

void Dtls::on_deadline(SteadyTime now) {
  Impl& d = *impl_;
  if (!d.deadline || now < *d.deadline) return;
  if (d.retransmissions >= kRetransmissionsMax) {
    d.fail_with("the peer stopped answering the handshake");
    return;
  }
  ++d.retransmissions;
  d.timeout = std::min(d.timeout * 2, kRetransmitMax);
  d.deadline = now + d.timeout;
  d.send_flight(now);
}

void Dtls::close(SteadyTime now) {
  if (impl_->state == DtlsState::kConnected) {
    impl_->close_now(now);
  } else if (impl_->state == DtlsState::kHandshaking) {
    impl_->state = DtlsState::kClosed;
    impl_->deadline.reset();
    impl_->flight.clear();
  }
}

std::vector<Bytes> Dtls::take_outgoing() {
  return std::exchange(impl_->outgoing, {});
}
std::optional<SteadyTime> Dtls::next_deadline() const {
  return impl_->deadline;
}
DtlsState Dtls::state() const {
  return impl_->state;
}
std::string_view Dtls::failure() const {
  return impl_->failure;
}
std::optional<SrtpKeys> Dtls::take_srtp_keys() {
  return std::exchange(impl_->srtp_keys, std::nullopt);
}
std::uint64_t Dtls::dropped_records() const {
  return impl_->dropped;
}

}  // namespace parlour::crypto
