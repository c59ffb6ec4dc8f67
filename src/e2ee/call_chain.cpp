// Policy, Hello and Roster: who belongs to the call, and whether it may be recorded.
#include "e2ee/call_chain.h"

#include <algorithm>

namespace parlour::e2ee {
namespace {

ChainError error(ChainFault fault) {
  return {fault, {MessageFault::kForm, {}}};
}
ChainError malformed(const MessageError& why) {
  return {ChainFault::kMalformed, why};
}

std::int64_t milliseconds(UtcTime time) {
  return time.us / 1000;
}

}  // namespace

const SenderState* EpochState::sender(std::uint8_t idx) const {
  auto found = senders.find(idx);
  return found == senders.end() ? nullptr : &found->second;
}

CallChain::CallChain(const Config& config) : config_(config) {}

CallChain::Verdict CallChain::accept(const SignedMessage& message, UtcTime now) {
  switch (message.type) {
    case MessageType::kPolicy:
      return accept_policy(message);
    case MessageType::kHello:
      return accept_hello(message);
    case MessageType::kRoster:
      return accept_roster(message, now);
    case MessageType::kSenderKey:
      return accept_sender_key(message);
    case MessageType::kKeyAck:
      return accept_key_ack(message);
    case MessageType::kActivated:
      return accept_activated(message, now);
    case MessageType::kProgress:
      return accept_progress(message, now);
    case MessageType::kLinkProof:
      return accept_link_proof(message);
  }
  return fail(malformed({MessageFault::kUnknownType, "t"}));
}

CallChain::Verdict CallChain::accept_policy(const SignedMessage& message) {
  auto policy = parse_policy(message.body);
  if (!policy) return fail(malformed(policy.error()));
  if (message.signer != kSignerRoot) return fail(error(ChainFault::kSigner));
  if (!verify_signature(message, config_.root)) return fail(error(ChainFault::kSignature));
  ChainEvent event{MessageType::kPolicy, message.hash(), 0, 0, false};
  if (policy_ && event.hash == policy_hash_) {
    event.repeated = true;
    return event;
  }
  // Two Policies with one version number are one too many: the operator would not know which is in force.
  std::int64_t newest = policy_ ? policy_->version + 1 : config_.policy_version_min;
  if (policy->version < newest) return fail(error(ChainFault::kPolicyOlder));
  if (!epochs_.empty()) return fail(error(ChainFault::kPolicyChanged));
  if (!crypto::p256_is_point(policy->rec.kem) || !crypto::p256_is_point(policy->rec.sig) ||
      (policy->next_root && !crypto::p256_is_point(*policy->next_root))) {
    return fail(error(ChainFault::kBadPoint));
  }
  policy_ = std::move(*policy);
  policy_hash_ = event.hash;
  return event;
}

CallChain::Verdict CallChain::accept_hello(const SignedMessage& message) {
  auto hello = parse_hello(message.body);
  if (!hello) return fail(malformed(hello.error()));
  if (config_.call && hello->call != *config_.call) return fail(error(ChainFault::kOtherCall));
  if (message.signer != signer_of(hello->ep)) return fail(error(ChainFault::kSigner));
  if (!verify_signature(message, hello->sig)) return fail(error(ChainFault::kSignature));
  if (!crypto::p256_is_point(hello->kem)) return fail(error(ChainFault::kBadPoint));
  ChainEvent event{MessageType::kHello, message.hash(), 0, 0, false};
  if (this->hello(event.hash) != nullptr) {
    event.repeated = true;
    return event;
  }
  if (hello->renews) {
    // An endpoint that nobody here knows may be renewed: it was never a member, and the steward decides
    // anyway.
    bool foreign = std::any_of(hellos_.begin(), hellos_.end(), [&](const KnownHello& old) {
      return old.hello.ep == *hello->renews && (old.hello.sig != hello->sig || old.hello.role != hello->role);
    });
    if (foreign) return fail(error(ChainFault::kRenewsForeign));
  }
  hellos_.push_back({event.hash, std::move(*hello)});
  if (hellos_.size() > kHellosMax) forget_oldest_hello();
  return event;
}

// Whoever floods the waiting room pushes out waiting Hellos, never one of a member.
void CallChain::forget_oldest_hello() {
  auto unused = std::find_if(hellos_.begin(), hellos_.end(), [this](const KnownHello& known) {
    const EpochState* state = newest();
    return state == nullptr ||
           std::none_of(state->roster.members.begin(), state->roster.members.end(),
                        [&](const RosterMember& member) { return member.hello == known.hash; });
  });
  if (unused != hellos_.end()) hellos_.erase(unused);
}

void CallChain::forget_hello(const Hash256& hash) {
  for (const EpochState& state : epochs_)
    for (const RosterMember& member : state.roster.members)
      if (member.hello == hash) return;
  std::erase_if(hellos_, [&](const KnownHello& known) { return known.hash == hash; });
}

CallChain::Verdict CallChain::accept_roster(const SignedMessage& message, UtcTime now) {
  auto roster = parse_roster(message.body);
  if (!roster) return fail(malformed(roster.error()));
  ChainEvent event{MessageType::kRoster, message.hash(), roster->epoch, roster->steward, false};
  if (const EpochState* known = epoch(roster->epoch); known != nullptr && known->roster_hash == event.hash) {
    event.repeated = true;
    return event;
  }
  if (auto fault = check_roster_place(*roster, now)) return fail(error(*fault));
  if (auto fault = check_roster_signature(message, *roster)) return fail(error(*fault));
  if (auto fault = check_roster_members(*roster)) return fail(error(*fault));
  const PolicyType* type = policy_->find_type(roster->type_id, roster->type_version);
  if (auto fault = check_roster_mode(*roster, *type, now)) return fail(error(*fault));
  if (pending_after(*roster, now)) return fail(error(ChainFault::kEpochPending));

  if (roster->mode != CallMode::kPaused) {
    pause_.reset();
  } else if (!pause_) {
    pause_ = PauseStart{now, roster->time_ms};
  }
  config_.call = roster->call;
  config_.meeting = roster->meeting;
  type_ = *type;
  EpochState state{std::move(*roster), event.hash, now, {}, {}};
  for (const RosterMember& member : state.roster.members) {
    idx_used_.set(member.idx);
    state.senders[member.idx];
  }
  epochs_.push_back(std::move(state));
  if (epochs_.size() > std::max<std::size_t>(config_.epochs_kept, 2)) epochs_.pop_front();
  return event;
}

// Its place in the chain: call, meeting, epoch, the Roster before, Policy and type, time.
std::optional<ChainFault> CallChain::check_roster_place(const Roster& roster, UtcTime now) const {
  if (config_.call && roster.call != *config_.call) return ChainFault::kOtherCall;
  if (config_.meeting && roster.meeting != *config_.meeting) return ChainFault::kMeetingOther;
  if (roster.epoch != newest_epoch() + 1) return ChainFault::kEpochNotNext;
  if (!policy_ || roster.policy != policy_hash_) return ChainFault::kPolicyUnknown;
  if (type_ && (roster.type_id != type_->type_id || roster.type_version != type_->version)) {
    return ChainFault::kTypeChanged;
  }
  if (policy_->find_type(roster.type_id, roster.type_version) == nullptr) return ChainFault::kTypeUnknown;
  const EpochState* last = newest();
  Hash256 prev = last != nullptr
                     ? last->roster_hash
                     : start_hash(roster.call, roster.policy, roster.type_id, roster.type_version);
  if (roster.prev != prev) return ChainFault::kPrevious;
  std::int64_t skew = roster.time_ms - milliseconds(now);
  std::int64_t skew_max = std::chrono::duration_cast<std::chrono::milliseconds>(kClockSkewMax).count();
  if (skew > skew_max || skew < -skew_max || (last != nullptr && roster.time_ms < last->roster.time_ms)) {
    return ChainFault::kTime;
  }
  return std::nullopt;
}

// Only the steward that the last Roster names signs the next; a call's first is signed by its own steward.
// After a reload the steward signs as the endpoint that renews the old one, with the same key.
std::optional<ChainFault> CallChain::check_roster_signature(const SignedMessage& message,
                                                            const Roster& roster) const {
  const RosterMember* next = roster.find(roster.steward);
  if (next == nullptr) return ChainFault::kStewardNotMember;
  if (next->role != Role::kAgent) return ChainFault::kStewardNotAgent;
  const EpochState* last = newest();
  const RosterMember* steward = last == nullptr ? next : last->roster.find(last->roster.steward);
  bool is_steward = message.signer == signer_of(steward->ep) ||
                    (message.signer == signer_of(next->ep) && next->sig == steward->sig);
  if (!is_steward) return ChainFault::kSigner;
  if (!verify_signature(message, steward->sig)) return ChainFault::kSignature;
  return std::nullopt;
}

std::optional<ChainFault> CallChain::check_roster_members(const Roster& roster) const {
  const EpochState* last = newest();
  for (const RosterMember& member : roster.members) {
    if (member.kinds != Kinds{true, true}) return ChainFault::kMemberKinds;
    const Hello* hello = this->hello(member.hello);
    if (hello == nullptr) return ChainFault::kHelloUnknown;
    // What is bound together in the Hello stays together in the Roster.
    if (hello->call != roster.call || hello->ep != member.ep || hello->role != member.role ||
        hello->sig != member.sig || hello->kem != member.kem) {
      return ChainFault::kMemberBind;
    }
    const RosterMember* same_idx = last == nullptr ? nullptr : last->roster.find(member.idx);
    if (same_idx != nullptr) {
      if (same_idx->ep != member.ep) return ChainFault::kIdxReused;
      if (*same_idx != member) return ChainFault::kMemberChanged;
      continue;
    }
    if (idx_used_.test(member.idx)) return ChainFault::kIdxReused;
    bool stays = last != nullptr && std::any_of(last->roster.members.begin(), last->roster.members.end(),
                                                [&](const RosterMember& old) { return old.ep == member.ep; });
    if (stays) return ChainFault::kMemberChanged;
  }
  return std::nullopt;
}

std::optional<ChainFault> CallChain::check_roster_mode(const Roster& roster, const PolicyType& type,
                                                       UtcTime now) const {
  bool recorded = roster.mode == CallMode::kRecorded;
  if (recorded && !roster.rec) return ChainFault::kRecorderMissing;
  if (!recorded && roster.rec) return ChainFault::kRecorderUnexpected;
  if (type.record == RecordRule::kNever && roster.mode != CallMode::kOff) return ChainFault::kModeForbidden;
  if (type.record == RecordRule::kRequired && roster.mode == CallMode::kOff)
    return ChainFault::kModeForbidden;
  if (roster.rec) {
    const PolicyRecorder& rec = policy_->rec;
    if (roster.rec->kem != rec.kem || roster.rec->sig != rec.sig) return ChainFault::kRecorderKey;
    if (roster.time_ms < rec.not_before_s * 1000 || roster.time_ms / 1000 > rec.expires_s) {
      return ChainFault::kRecorderExpired;
    }
  }
  if (roster.mode != CallMode::kPaused) return std::nullopt;
  // A pause interrupts a recording; a call cannot begin with one.
  const EpochState* last = newest();
  if (last == nullptr || last->roster.mode == CallMode::kOff) return ChainFault::kModeForbidden;
  if (type.pause_max_s == 0) return ChainFault::kModeForbidden;
  std::int64_t pause_max_ms = static_cast<std::int64_t>(type.pause_max_s) * 1000;
  if (pause_ && (roster.time_ms - pause_->time_ms > pause_max_ms ||
                 milliseconds(now) - milliseconds(pause_->arrived) > pause_max_ms)) {
    return ChainFault::kPauseTooLong;
  }
  return std::nullopt;
}

// The newest epoch is pending until all its members have switched. Its successor may come before that only
// when the waiting ones are not in it, or have had their time.
bool CallChain::pending_after(const Roster& next, UtcTime now) const {
  const EpochState* last = newest();
  if (last == nullptr || now - last->accepted_at >= kPendingMax) return false;
  return std::any_of(last->senders.begin(), last->senders.end(), [&](const auto& entry) {
    return !entry.second.activated && next.find(entry.first) != nullptr;
  });
}

std::uint16_t CallChain::newest_epoch() const {
  return epochs_.empty() ? std::uint16_t{0} : epochs_.back().roster.epoch;
}

const EpochState* CallChain::newest() const {
  return epochs_.empty() ? nullptr : &epochs_.back();
}

const EpochState* CallChain::epoch(std::uint16_t epoch) const {
  if (epochs_.empty() || epoch < epochs_.front().roster.epoch || epoch > epochs_.back().roster.epoch)
    return nullptr;
  return &epochs_[static_cast<std::size_t>(epoch - epochs_.front().roster.epoch)];
}

EpochState* CallChain::mutable_epoch(std::uint16_t epoch) {
  if (this->epoch(epoch) == nullptr) return nullptr;
  return &epochs_[static_cast<std::size_t>(epoch - epochs_.front().roster.epoch)];
}

const Hello* CallChain::hello(const Hash256& hash) const {
  auto found = std::find_if(hellos_.begin(), hellos_.end(),
                            [&](const KnownHello& known) { return known.hash == hash; });
  return found == hellos_.end() ? nullptr : &found->hello;
}

const Hello* CallChain::hello_of(std::uint8_t idx) const {
  const EpochState* state = newest();
  const RosterMember* member = state == nullptr ? nullptr : state->roster.find(idx);
  return member == nullptr ? nullptr : hello(member->hello);
}

std::optional<UtcTime> CallChain::pause_ends() const {
  if (!pause_ || !type_) return std::nullopt;
  return pause_->arrived + std::chrono::seconds(type_->pause_max_s);
}

}  // namespace parlour::e2ee
