#include "rtc/ice_lite.h"

#include <algorithm>

namespace parlour::rtc {

IceLite::IceLite(IceCredentials local, SteadyTime now, const Config& config)
    : config_(config), current_{std::move(local), {}}, last_check_(now), last_heard_(now) {}

std::optional<std::string_view> IceLite::local_ufrag_of(const StunMessage& message) {
  const auto name = message.username();
  if (!name) return std::nullopt;
  const std::size_t colon = name->find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  return name->substr(0, colon);
}

void IceLite::set_remote_ufrag(std::string ufrag) {
  current_.remote_ufrag = std::move(ufrag);
}

void IceLite::restart(IceCredentials local) {
  previous_ = std::move(current_);
  current_ = {std::move(local), {}};
}

const IceLite::Generation* IceLite::authenticate(const StunMessage& message) const {
  const auto local = local_ufrag_of(message);
  if (!local) return nullptr;
  const std::string_view remote = message.username()->substr(local->size() + 1);
  for (const Generation* generation : {&current_, previous_ ? &*previous_ : nullptr}) {
    if (generation == nullptr || *local != generation->local.ufrag) continue;
    if (!generation->remote_ufrag.empty() && remote != generation->remote_ufrag) continue;
    if (message.verify_integrity(as_bytes(generation->local.pwd))) return generation;
  }
  return nullptr;
}

IceAnswer IceLite::refuse(const StunMessage& message, IceVerdict verdict, int code, ByteView key) {
  ++refused_;
  // No reason phrase: the answer to an unauthenticated request is never larger than the request.
  StunBuilder builder(StunClass::kError, message.method(), message.transaction_id());
  builder.error_code(code);
  if (verdict == IceVerdict::kUnknownAttribute) builder.unknown_attributes(message.unknown_required());
  return {verdict, key.empty() ? builder.finish_without_integrity() : builder.finish(key)};
}

IceAnswer IceLite::handle(const StunMessage& message, const Address& from, SteadyTime now) {
  if (message.message_class() != StunClass::kRequest || message.method() != kStunBinding) {
    return {IceVerdict::kIgnored, {}};
  }
  // RFC 8489 9.1.3, in its order.
  if (!message.has_integrity() || !message.username())
    return refuse(message, IceVerdict::kBadRequest, 400, {});
  const Generation* generation = authenticate(message);
  if (generation == nullptr) return refuse(message, IceVerdict::kUnauthenticated, 401, {});

  const ByteView key = as_bytes(generation->local.pwd);
  if (!message.unknown_required().empty()) return refuse(message, IceVerdict::kUnknownAttribute, 420, key);
  if (message.ice_controlled()) return refuse(message, IceVerdict::kRoleConflict, 487, key);
  // RFC 8445 7.1.1: a check without PRIORITY is not a check.
  if (!message.priority()) return refuse(message, IceVerdict::kBadRequest, 400, key);

  Bytes response = StunBuilder(StunClass::kSuccess, kStunBinding, message.transaction_id())
                       .xor_mapped_address(from)
                       .finish(key);

  note_address(from, now);
  // A check under the credentials of before a restart keeps the old path alive but moves nothing.
  const bool is_current = generation == &current_;
  const bool selected_is_silent = selected_ && now - last_heard_ >= config_.stale_after;
  const bool is_lost = !selected_ && nominated_;
  const bool may_select = message.use_candidate() || selected_is_silent || is_lost;
  if (is_current && may_select && selected_ != from) select(from, now);
  if (is_current && message.use_candidate()) {
    nominated_ = true;
    previous_.reset();
  }
  if (selected_ == from) {
    last_check_ = now;
    refresh(now);
  }
  return {IceVerdict::kAnswered, std::move(response)};
}

void IceLite::note_address(const Address& from, SteadyTime now) {
  for (Remote& remote : remotes_) {
    if (remote.address == from) {
      remote.last_check = now;
      return;
    }
  }
  if (remotes_.size() == kIceMaxAddresses) {
    auto oldest = remotes_.end();
    for (auto it = remotes_.begin(); it != remotes_.end(); ++it) {
      if (selected_ == it->address) continue;
      if (oldest == remotes_.end() || it->last_check < oldest->last_check) oldest = it;
    }
    events_.push_back({IceEvent::Kind::kAddressForgotten, oldest->address});
    remotes_.erase(oldest);
  }
  remotes_.push_back({from, now});
  events_.push_back({IceEvent::Kind::kAddressAdded, from});
}

void IceLite::select(const Address& address, SteadyTime now) {
  const bool first = !selected_;
  selected_ = address;
  last_check_ = last_heard_ = now;
  events_.push_back({IceEvent::Kind::kAddressSelected, address});
  if (first) {
    disconnected_ = false;
    events_.push_back({IceEvent::Kind::kConnected, address});
  }
}

void IceLite::refresh(SteadyTime now) {
  last_heard_ = now;
  if (!stale_) return;
  stale_ = false;
  events_.push_back({IceEvent::Kind::kFresh, *selected_});
}

void IceLite::on_deadline(SteadyTime now) {
  if (selected_ && !stale_ && now - last_heard_ >= config_.stale_after) {
    stale_ = true;
    events_.push_back({IceEvent::Kind::kStale, *selected_});
  }
  if (!disconnected_ && now - last_check_ >= config_.disconnect_after) {
    disconnected_ = true;
    stale_ = false;
    const Address last = selected_.value_or(Address());
    selected_.reset();
    events_.push_back({IceEvent::Kind::kDisconnected, last});
  }
}

std::optional<SteadyTime> IceLite::next_deadline() const {
  if (disconnected_) return std::nullopt;
  const SteadyTime disconnect = last_check_ + config_.disconnect_after;
  if (!selected_ || stale_) return disconnect;
  return std::min(disconnect, last_heard_ + config_.stale_after);
}

std::vector<IceEvent> IceLite::take_events() {
  return std::exchange(events_, {});
}

bool IceLite::knows(const Address& address) const {
  return std::any_of(remotes_.begin(), remotes_.end(),
                     [&](const Remote& remote) { return remote.address == address; });
}

}  // namespace parlour::rtc
