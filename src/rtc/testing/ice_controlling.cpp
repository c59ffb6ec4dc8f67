#include "rtc/testing/ice_controlling.h"

#include <algorithm>
#include <utility>

namespace parlour::rtc::testing {

namespace {

constexpr std::size_t kPendingMax = 16;
constexpr std::uint32_t kPeerReflexivePriority = 0x6E0001FF;

}  // namespace

IceControlling::IceControlling(Config config, Address local_address, Random& random, SteadyTime now)
    : config_(std::move(config)),
      local_address_(local_address),
      random_(random),
      tie_breaker_(std::uint64_t{random.u32()} << 32 | random.u32()),
      next_check_(now),
      last_answer_(now) {
  send_check(now);
}

void IceControlling::send_check(SteadyTime now) {
  const auto id = random_.array<12>();
  if (pending_.size() == kPendingMax) pending_.erase(pending_.begin());
  pending_.push_back(id);
  StunBuilder builder(StunClass::kRequest, kStunBinding, id);
  builder.username(config_.remote.ufrag + ":" + config_.local.ufrag)
      .priority(kPeerReflexivePriority)
      .ice_controlling(tie_breaker_);
  if (config_.nominate) builder.use_candidate();
  outgoing_.push_back({local_address_, config_.remote_address, builder.finish(as_bytes(config_.remote.pwd))});
  next_check_ = now + (connected_ ? config_.interval : config_.retransmit_after);
}

void IceControlling::handle(ByteView datagram, SteadyTime now) {
  const auto message = StunMessage::parse(datagram);
  if (!message || message->method() != kStunBinding) return;
  const auto it = std::find(pending_.begin(), pending_.end(), message->transaction_id());
  if (it == pending_.end()) return;
  if (message->message_class() == StunClass::kError) {
    pending_.erase(it);
    last_error_ = message->error_code();
    return;
  }
  if (message->message_class() != StunClass::kSuccess) return;
  if (!message->verify_integrity(as_bytes(config_.remote.pwd))) return;
  pending_.erase(it);
  mapped_ = message->xor_mapped_address();
  last_answer_ = now;
  if (!connected_) {
    connected_ = true;
    next_check_ = now + config_.interval;
  }
}

void IceControlling::on_deadline(SteadyTime now) {
  if (connected_ && now - last_answer_ >= config_.consent_timeout) connected_ = false;
  if (now >= next_check_) send_check(now);
}

void IceControlling::move_to(const Address& local_address, SteadyTime now) {
  local_address_ = local_address;
  connected_ = false;
  pending_.clear();
  send_check(now);
}

void IceControlling::restart(IceCredentials local, IceCredentials remote, SteadyTime now) {
  config_.local = std::move(local);
  config_.remote = std::move(remote);
  connected_ = false;
  pending_.clear();
  send_check(now);
}

std::vector<IceControlling::Outgoing> IceControlling::take_outgoing() {
  return std::exchange(outgoing_, {});
}

}  // namespace parlour::rtc::testing
