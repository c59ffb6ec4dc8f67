#include "transport.h"

#include <utility>

namespace parlour::media {

namespace {

rtc::IceCredentials unused_credentials(Context& context) {
  for (;;) {
    rtc::IceCredentials made = rtc::IceCredentials::make(context.random());
    if (!context.ufrags.contains(made.ufrag)) return made;
  }
}

}  // namespace

Transport::Transport(Context& context, Peer& peer, EndpointId endpoint, SteadyTime now)
    : context_(context), peer_(peer), endpoint_(endpoint), ice_(unused_credentials(context), now) {
  context_.ufrags.add(ice_.local().ufrag, peer_);
}

Transport::~Transport() {
  context_.ufrags.remove_all(peer_);
  context_.addresses.remove_all(peer_);
}

void Transport::restart_ice() {
  // Only two generations are ever answered; an older one must not find us any more.
  context_.ufrags.remove(ice_.previous_ufrag());
  ice_.restart(unused_credentials(context_));
  context_.ufrags.add(ice_.local().ufrag, peer_);
}

bool Transport::expect_fingerprint(const crypto::Hash256& fingerprint, SteadyTime now) {
  if (dtls_) return fingerprint == expected_fingerprint_;
  crypto::Dtls::Config config;
  config.role = crypto::DtlsRole::kServer;
  config.certificate = context_.config.certificate;
  config.peer_fingerprint = fingerprint;
  auto made = crypto::Dtls::create(config, now);
  if (!made) return false;
  dtls_.emplace(std::move(*made));
  expected_fingerprint_ = fingerprint;
  return true;
}

bool Transport::on_stun(const rtc::StunMessage& message, const rtc::Address& from, bool address_taken,
                        SteadyTime now) {
  if (address_taken) {
    context_.count(Drop::kAddressTaken);
    return false;
  }
  if (!check_budget_.take(now)) {
    context_.count(Drop::kRateLimited);
    return false;
  }
  return_budget_.received(from, message.size());
  const rtc::IceAnswer answer_to_check = ice_.handle(message, from, now);
  if (answer_to_check.verdict == rtc::IceVerdict::kUnauthenticated) {
    context_.count(Drop::kStunNotAuthentic);
  } else if (answer_to_check.verdict != rtc::IceVerdict::kAnswered) {
    context_.count(Drop::kStunNotForUs);
  }
  if (!answer_to_check.response.empty()) answer(from, answer_to_check.response);
  drain_ice();
  return answer_to_check.verdict == rtc::IceVerdict::kAnswered;
}

void Transport::answer(const rtc::Address& to, ByteView datagram) {
  if (!return_budget_.take(to, datagram.size())) {
    context_.count(Drop::kNotProven);
  } else if (!context_.output.append(to, datagram)) {
    context_.count(Drop::kOutputFull);
  }
}

void Transport::drain_ice() {
  for (const rtc::IceEvent& event : ice_.take_events()) {
    switch (event.kind) {
      case rtc::IceEvent::Kind::kAddressAdded:
        context_.addresses.add(event.address, peer_);
        break;
      case rtc::IceEvent::Kind::kAddressForgotten:
        context_.addresses.remove(event.address, peer_);
        break;
      case rtc::IceEvent::Kind::kAddressSelected:
        if (address_known_ && !gone_) context_.tell(AddressChanged{endpoint_});
        address_known_ = true;
        break;
      case rtc::IceEvent::Kind::kConnected:
        stale_ = false;
        gone_ = false;
        become_connected();
        break;
      case rtc::IceEvent::Kind::kStale:
        stale_ = true;
        context_.tell(Disconnected{endpoint_, Absence::kStale});
        break;
      case rtc::IceEvent::Kind::kFresh:
        stale_ = false;
        context_.tell(Returned{endpoint_});
        break;
      case rtc::IceEvent::Kind::kDisconnected:
        gone_ = true;
        connected_ = false;
        context_.tell(Disconnected{endpoint_, Absence::kGone});
        break;
    }
  }
}

void Transport::become_connected() {
  if (connected_ || !sender_ || !ice_.selected() || dtls_over_) return;
  connected_ = true;
  context_.tell(Connected{endpoint_});
}

void Transport::on_dtls(const rtc::Address& from, ByteView datagram, SteadyTime now) {
  if (!dtls_) {
    context_.count(Drop::kNoKeysYet);
    return;
  }
  return_budget_.received(from, datagram.size());
  dtls_->handle(datagram, now);
  drain_dtls();
}

void Transport::drain_dtls() {
  if (!dtls_) return;
  if (dtls_->state() == crypto::DtlsState::kConnected) return_budget_.prove();
  for (const Bytes& datagram : dtls_->take_outgoing()) {
    if (!ice_.selected()) continue;  // retransmitted when there is an address
    answer(*ice_.selected(), datagram);
  }
  if (dtls_over_) return;
  switch (dtls_->state()) {
    case crypto::DtlsState::kHandshaking:
      break;
    case crypto::DtlsState::kConnected:
      if (auto keys = dtls_->take_srtp_keys()) {
        auto receiver =
            rtc::SrtpReceiver::create(keys->profile, keys->remote_key.view(), keys->remote_salt.view());
        auto sender = rtc::SrtpSender::create(keys->profile, keys->local_key.view(), keys->local_salt.view());
        if (!receiver || !sender) {
          dtls_over_ = true;
          context_.tell(DtlsFailed{endpoint_, "srtp keys"});
          break;
        }
        receiver_.emplace(std::move(*receiver));
        sender_.emplace(std::move(*sender));
        become_connected();
      }
      break;
    case crypto::DtlsState::kClosed:
      dtls_over_ = true;
      connected_ = false;
      context_.tell(Disconnected{endpoint_, Absence::kClosed});
      break;
    case crypto::DtlsState::kFailed:
      dtls_over_ = true;
      connected_ = false;
      context_.tell(DtlsFailed{endpoint_, std::string(dtls_->failure())});
      break;
  }
}

bool Transport::within_budget(SteadyTime now) {
  if (budget_.take(now)) return true;
  context_.count(Drop::kRateLimited);
  return false;
}

std::optional<rtc::SrtpRtp> Transport::open_rtp(const rtc::Address& from, MutableByteView packet,
                                                SteadyTime now) {
  if (!receiver_ || dtls_over_) {
    context_.count(Drop::kNoKeysYet);
    return std::nullopt;
  }
  auto opened = receiver_->unprotect_rtp(packet);
  if (!opened) {
    const rtc::SrtpError error = opened.error();
    context_.count(error == rtc::SrtpError::kReplay         ? Drop::kReplay
                   : error == rtc::SrtpError::kMalformed    ? Drop::kMalformedRtp
                   : error == rtc::SrtpError::kTooManySsrcs ? Drop::kUnknownStream
                                                            : Drop::kNotAuthentic);
    return std::nullopt;
  }
  ice_.on_authentic_packet(from, now);
  return *opened;
}

std::optional<std::size_t> Transport::open_rtcp(const rtc::Address& from, MutableByteView packet,
                                                SteadyTime now) {
  if (!receiver_ || dtls_over_) {
    context_.count(Drop::kNoKeysYet);
    return std::nullopt;
  }
  auto size = receiver_->unprotect_rtcp(packet);
  if (!size) {
    const rtc::SrtpError error = size.error();
    context_.count(error == rtc::SrtpError::kReplay      ? Drop::kReplay
                   : error == rtc::SrtpError::kMalformed ? Drop::kMalformedRtcp
                                                         : Drop::kNotAuthentic);
    return std::nullopt;
  }
  ice_.on_authentic_packet(from, now);
  return *size;
}

bool Transport::send_rtp(MutableByteView buffer, std::size_t size, std::uint64_t index) {
  auto sealed = sender_->protect_rtp_at(buffer, size, index);
  if (!sealed) return false;
  context_.output.commit(*ice_.selected(), *sealed);
  return true;
}

bool Transport::send_rtcp(ByteView compound) {
  MutableByteView buffer = context_.output.begin();
  if (!ready() || compound.size() + rtc::kSrtcpMaxOverhead > buffer.size()) return false;
  std::copy(compound.begin(), compound.end(), buffer.begin());
  auto sealed = sender_->protect_rtcp(buffer, compound.size());
  if (!sealed) return false;
  context_.output.commit(*ice_.selected(), *sealed);
  return true;
}

void Transport::on_deadline(SteadyTime now) {
  if (const auto due = ice_.next_deadline(); due && *due <= now) {
    ice_.on_deadline(now);
    drain_ice();
  }
  if (!dtls_) return;
  if (const auto due = dtls_->next_deadline(); due && *due <= now) {
    dtls_->on_deadline(now);
    drain_dtls();
  }
}

std::optional<SteadyTime> Transport::next_deadline() const {
  std::optional<SteadyTime> next = ice_.next_deadline();
  if (dtls_) {
    if (const auto due = dtls_->next_deadline(); due && (!next || *due < *next)) next = due;
  }
  return next;
}

}  // namespace parlour::media
