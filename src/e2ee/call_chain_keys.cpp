// SenderKey, KeyAck, Activated and Progress: whose keys are with whom, and who has switched.
#include <algorithm>

#include "e2ee/call_chain.h"

namespace parlour::e2ee {
namespace {

constexpr Kind kKinds[] = {Kind::kAudio, Kind::kPictures};

ChainError error(ChainFault fault) {
  return {fault, {MessageFault::kForm, {}}};
}
ChainError malformed(const MessageError& why) {
  return {ChainFault::kMalformed, why};
}

}  // namespace

std::optional<ChainFault> CallChain::check_member_signature(const SignedMessage& message,
                                                            const EpochState& state,
                                                            std::uint8_t from) const {
  const RosterMember* member = state.roster.find(from);
  if (member == nullptr) return ChainFault::kNotMember;
  if (message.signer != signer_of(member->ep)) return ChainFault::kSigner;
  if (!verify_signature(message, member->sig)) return ChainFault::kSignature;
  return std::nullopt;
}

std::optional<ChainFault> CallChain::check_recorder_signature(const SignedMessage& message,
                                                              const EpochState& state) const {
  if (!state.roster.rec) return ChainFault::kNotMember;
  if (message.signer != kSignerRecorder) return ChainFault::kSigner;
  if (!verify_signature(message, state.roster.rec->sig)) return ChainFault::kSignature;
  return std::nullopt;
}

template <class Body>
Result<EpochState*, ChainFault> CallChain::sender_epoch(const SignedMessage& message, const Body& body,
                                                        std::uint16_t oldest) {
  if (config_.call && body.call != *config_.call) return fail(ChainFault::kOtherCall);
  if (body.epoch > newest_epoch()) return fail(ChainFault::kEpochUnknown);
  EpochState* state = mutable_epoch(body.epoch);
  if (state == nullptr || body.epoch < oldest) return fail(ChainFault::kEpochOver);
  if (body.roster != state->roster_hash) return fail(ChainFault::kRosterHash);
  auto fault = body.from == kRecorderIdx ? check_recorder_signature(message, *state)
                                         : check_member_signature(message, *state, body.from);
  if (fault) return fail(*fault);
  return state;
}

CallChain::Verdict CallChain::accept_sender_key(const SignedMessage& message) {
  auto key = parse_sender_key(message.body);
  if (!key) return fail(malformed(key.error()));
  auto state = sender_epoch(message, *key, newest_epoch());
  if (!state) return fail(error(state.error()));
  ChainEvent event{MessageType::kSenderKey, message.hash(), key->epoch, key->from, false};
  SenderState& sender = (*state)->senders[key->from];
  if (sender.key) {
    if (*sender.key != *key) return fail(error(ChainFault::kSenderKeyTwice));
    event.repeated = true;
    return event;
  }
  if (auto fault = check_wraps(*key, (*state)->roster)) return fail(error(*fault));
  sender.key = std::move(*key);
  return event;
}

// Both kinds for every other member, and for the recorder exactly what the type records.
std::optional<ChainFault> CallChain::check_wraps(const SenderKey& key, const Roster& roster) const {
  for (const KeyWrap& wrap : key.wraps) {
    if (wrap.to == kRecorderIdx) {
      if (!roster.rec || !type_->kinds.has(wrap.kind)) return ChainFault::kRecorderWrapUnexpected;
    } else if (wrap.to == key.from || roster.find(wrap.to) == nullptr) {
      return ChainFault::kWrapUnexpected;
    }
  }
  for (Kind kind : kKinds) {
    if (roster.rec && type_->kinds.has(kind) && key.find(kRecorderIdx, kind) == nullptr) {
      return ChainFault::kRecorderWrapMissing;
    }
    for (const RosterMember& member : roster.members) {
      if (member.idx != key.from && key.find(member.idx, kind) == nullptr) return ChainFault::kWrapMissing;
    }
  }
  return std::nullopt;
}

CallChain::Verdict CallChain::accept_key_ack(const SignedMessage& message) {
  auto ack = parse_key_ack(message.body);
  if (!ack) return fail(malformed(ack.error()));
  auto found = sender_epoch(message, *ack, newest_epoch());
  if (!found) return fail(error(found.error()));
  EpochState& state = **found;
  bool news = false;
  for (const KeyHave& have : ack->have) {
    const SenderState* sender = state.sender(have.idx);
    if (sender == nullptr || have.idx == ack->from) return fail(error(ChainFault::kAckCommit));
    if (!sender->key) return fail(error(ChainFault::kNoSenderKey));
    if (have.commit != sender->key->commit(have.kind)) return fail(error(ChainFault::kAckCommit));
    if (ack->from == kRecorderIdx && !type_->kinds.has(have.kind)) return fail(error(ChainFault::kAckCommit));
    news = news || !sender->acknowledged(ack->from, have.kind);
  }
  for (const KeyHave& have : ack->have) {
    SenderState& sender = state.senders[have.idx];
    (have.kind == Kind::kAudio ? sender.acknowledged_audio : sender.acknowledged_pictures).set(ack->from);
  }
  return ChainEvent{MessageType::kKeyAck, message.hash(), ack->epoch, ack->from, !news};
}

// A sender's counters never go back, whatever message tells them.
std::optional<ChainFault> CallChain::check_counters(const std::vector<CounterLast>& last,
                                                    std::uint8_t from) const {
  for (const CounterLast& entry : last) {
    if (entry.kid.idx != from) return ChainFault::kForeignKid;
    const EpochState* state = epoch(entry.kid.epoch);
    const SenderState* sender = state == nullptr ? nullptr : state->sender(from);
    if (sender == nullptr || !sender->progress) continue;
    for (const CounterLast& before : sender->progress->last) {
      if (before.kid == entry.kid && before.counter > entry.counter) return ChainFault::kCounterWentBack;
    }
  }
  return std::nullopt;
}

CallChain::Verdict CallChain::accept_activated(const SignedMessage& message, UtcTime now) {
  auto activated = parse_activated(message.body);
  if (!activated) return fail(malformed(activated.error()));
  // It may cross the next Roster on its way here.
  auto found = sender_epoch(message, *activated, static_cast<std::uint16_t>(std::max(1, newest_epoch() - 1)));
  if (!found) return fail(error(found.error()));
  EpochState& state = **found;
  SenderState& sender = state.senders[activated->from];
  ChainEvent event{MessageType::kActivated, message.hash(), activated->epoch, activated->from, false};
  if (sender.activated) {
    if (*sender.activated != *activated) return fail(error(ChainFault::kActivatedTwice));
    event.repeated = true;
    return event;
  }
  if (activated->epoch <= active_epoch(activated->from)) return fail(error(ChainFault::kEpochOver));
  if (!sender.key) return fail(error(ChainFault::kNoSenderKey));
  if (state.roster.rec && !recorder_acknowledged(activated->epoch, activated->from)) {
    return fail(error(ChainFault::kNotAcknowledged));
  }
  for (const Kid& kid : activated->slots) {
    if (kid.idx != activated->from || kid.epoch != activated->epoch)
      return fail(error(ChainFault::kForeignKid));
  }
  for (const CounterLast& entry : activated->last) {
    if (entry.kid.epoch >= activated->epoch) return fail(error(ChainFault::kForeignKid));
  }
  if (auto fault = check_counters(activated->last, activated->from)) return fail(error(*fault));
  active_epoch_[activated->from] = activated->epoch;
  sender.activated = std::move(*activated);
  sender.activated_at = now;
  return event;
}

CallChain::Verdict CallChain::accept_progress(const SignedMessage& message, UtcTime now) {
  auto progress = parse_progress(message.body);
  if (!progress) return fail(malformed(progress.error()));
  // Whoever left the Roster still tells how far it came in the epoch before.
  std::uint16_t oldest = std::max<std::uint16_t>(1, active_epoch(progress->from));
  auto found = sender_epoch(message, *progress, oldest);
  if (!found) return fail(error(found.error()));
  SenderState& sender = (*found)->senders[progress->from];
  if (!sender.activated && !progress->last.empty()) return fail(error(ChainFault::kNotActivated));
  for (const CounterLast& entry : progress->last) {
    if (entry.kid.epoch != progress->epoch) return fail(error(ChainFault::kForeignKid));
  }
  if (auto fault = check_counters(progress->last, progress->from)) return fail(error(*fault));
  if (sender.progress) {
    // What was told once cannot be left out later.
    for (const CounterLast& before : sender.progress->last) {
      if (std::none_of(progress->last.begin(), progress->last.end(),
                       [&](const CounterLast& entry) { return entry.kid == before.kid; })) {
        return fail(error(ChainFault::kCounterWentBack));
      }
    }
  }
  ChainEvent event{MessageType::kProgress, message.hash(), progress->epoch, progress->from, false};
  event.repeated = sender.progress == *progress;
  sender.progress = std::move(*progress);
  sender.progress_at = now;
  return event;
}

// The steward's alone, to somebody who came by a link, of a Roster that has both: the newest, or the one
// before, which the next may overtake.
CallChain::Verdict CallChain::accept_link_proof(const SignedMessage& message) {
  auto proof = parse_link_proof(message.body);
  if (!proof) return fail(malformed(proof.error()));
  if (config_.call && proof->call != *config_.call) return fail(error(ChainFault::kOtherCall));
  const auto oldest = static_cast<std::uint16_t>(std::max(1, newest_epoch() - 1));
  auto state = std::find_if(epochs_.begin(), epochs_.end(), [&](const EpochState& known) {
    return known.roster.epoch >= oldest && known.roster_hash == proof->roster;
  });
  if (state == epochs_.end()) return fail(error(ChainFault::kRosterHash));
  if (auto fault = check_member_signature(message, *state, state->roster.steward)) return fail(error(*fault));
  const RosterMember* member = state->roster.find(proof->to);
  if (member == nullptr || member->role == Role::kAgent) return fail(error(ChainFault::kLinkProofTo));
  ChainEvent event{MessageType::kLinkProof, message.hash(), state->roster.epoch, state->roster.steward,
                   false};
  auto [known, added] = state->link_proofs.emplace(proof->to, *proof);
  if (!added && *proof != known->second) return fail(error(ChainFault::kLinkProofTwice));
  event.repeated = !added;
  return event;
}

bool CallChain::recorder_acknowledged(std::uint16_t epoch, std::uint8_t sender) const {
  const EpochState* state = this->epoch(epoch);
  const SenderState* from = state == nullptr ? nullptr : state->sender(sender);
  if (from == nullptr || !from->key || !state->roster.rec) return false;
  return std::all_of(std::begin(kKinds), std::end(kKinds), [&](Kind kind) {
    return !type_->kinds.has(kind) || from->acknowledged(kRecorderIdx, kind);
  });
}

bool CallChain::all_acknowledged(std::uint16_t epoch, std::uint8_t sender,
                                 std::span<const std::uint8_t> connected) const {
  const EpochState* state = this->epoch(epoch);
  const SenderState* from = state == nullptr ? nullptr : state->sender(sender);
  if (from == nullptr || !from->key) return false;
  if (state->roster.rec && !recorder_acknowledged(epoch, sender)) return false;
  return std::all_of(connected.begin(), connected.end(), [&](std::uint8_t idx) {
    if (idx == sender || state->roster.find(idx) == nullptr) return true;
    return from->acknowledged(idx, Kind::kAudio) && from->acknowledged(idx, Kind::kPictures);
  });
}

bool CallChain::switched(std::uint16_t epoch) const {
  const EpochState* state = this->epoch(epoch);
  return state != nullptr && std::all_of(state->senders.begin(), state->senders.end(), [](const auto& entry) {
           return entry.second.activated.has_value();
         });
}

std::uint16_t CallChain::active_epoch(std::uint8_t sender) const {
  return active_epoch_[sender];
}

std::uint16_t CallChain::oldest_epoch_in_use(std::uint8_t sender) const {
  std::uint16_t newest = newest_epoch();
  std::uint16_t before = newest > 1 ? static_cast<std::uint16_t>(newest - 1) : newest;
  std::uint16_t active = active_epoch(sender);
  return active == 0 ? before : std::min(before, active);
}

std::string_view to_text(ChainFault fault) {
  switch (fault) {
    case ChainFault::kMalformed:
      return "malformed";
    case ChainFault::kSigner:
      return "signer";
    case ChainFault::kSignature:
      return "signature";
    case ChainFault::kOtherCall:
      return "other_call";
    case ChainFault::kBadPoint:
      return "bad_point";
    case ChainFault::kPolicyOlder:
      return "policy_older";
    case ChainFault::kPolicyChanged:
      return "policy_changed";
    case ChainFault::kRenewsForeign:
      return "renews_foreign";
    case ChainFault::kEpochNotNext:
      return "epoch_not_next";
    case ChainFault::kEpochPending:
      return "epoch_pending";
    case ChainFault::kPrevious:
      return "previous";
    case ChainFault::kPolicyUnknown:
      return "policy_unknown";
    case ChainFault::kTypeUnknown:
      return "type_unknown";
    case ChainFault::kTypeChanged:
      return "type_changed";
    case ChainFault::kMeetingOther:
      return "meeting_other";
    case ChainFault::kHelloUnknown:
      return "hello_unknown";
    case ChainFault::kMemberBind:
      return "member_bind";
    case ChainFault::kMemberChanged:
      return "member_changed";
    case ChainFault::kMemberKinds:
      return "member_kinds";
    case ChainFault::kIdxReused:
      return "idx_reused";
    case ChainFault::kStewardNotMember:
      return "steward_not_member";
    case ChainFault::kStewardNotAgent:
      return "steward_not_agent";
    case ChainFault::kRecorderMissing:
      return "recorder_missing";
    case ChainFault::kRecorderUnexpected:
      return "recorder_unexpected";
    case ChainFault::kRecorderKey:
      return "recorder_key";
    case ChainFault::kRecorderExpired:
      return "recorder_expired";
    case ChainFault::kModeForbidden:
      return "mode_forbidden";
    case ChainFault::kPauseTooLong:
      return "pause_too_long";
    case ChainFault::kTime:
      return "time";
    case ChainFault::kEpochUnknown:
      return "epoch_unknown";
    case ChainFault::kEpochOver:
      return "epoch_over";
    case ChainFault::kRosterHash:
      return "roster_hash";
    case ChainFault::kNotMember:
      return "not_member";
    case ChainFault::kSenderKeyTwice:
      return "sender_key_twice";
    case ChainFault::kWrapMissing:
      return "wrap_missing";
    case ChainFault::kWrapUnexpected:
      return "wrap_unexpected";
    case ChainFault::kRecorderWrapMissing:
      return "recorder_wrap_missing";
    case ChainFault::kRecorderWrapUnexpected:
      return "recorder_wrap_unexpected";
    case ChainFault::kNoSenderKey:
      return "no_sender_key";
    case ChainFault::kAckCommit:
      return "ack_commit";
    case ChainFault::kNotAcknowledged:
      return "not_acknowledged";
    case ChainFault::kActivatedTwice:
      return "activated_twice";
    case ChainFault::kNotActivated:
      return "not_activated";
    case ChainFault::kForeignKid:
      return "foreign_kid";
    case ChainFault::kCounterWentBack:
      return "counter_went_back";
    case ChainFault::kLinkProofTo:
      return "link_proof_to";
    case ChainFault::kLinkProofTwice:
      return "link_proof_twice";
  }
  return "unknown";
}

}  // namespace parlour::e2ee
