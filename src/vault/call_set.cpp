#include "vault/call_set.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "e2ee/key_wrap.h"

namespace parlour::vault {
namespace {

std::optional<e2ee::CallId> call_of(const e2ee::SignedMessage& message) {
  auto body = parse_json(as_text(message.body));
  if (!body) return std::nullopt;
  auto bytes = from_base64url(body->string_or("call"));
  e2ee::CallId call{};
  if (!bytes || bytes->size() != call.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), call.begin());
  return call;
}

// Whether an epoch was still pending is judged by the time between Rosters. Told again in one go they all
// arrive now, so the steward's signed times are taken, as far as they can be true.
UtcTime signed_time(const e2ee::SignedMessage& message, UtcTime arrival) {
  auto roster = e2ee::parse_roster(message.body);
  if (!roster) return arrival;
  const UtcTime signed_at{roster->time_ms * 1000};
  return signed_at < arrival && arrival - signed_at < e2ee::CallChain::kClockSkewMax ? signed_at : arrival;
}

}  // namespace

Result<CallSet::Accepted, CallFault> CallSet::accept(std::string_view text, UtcTime at) {
  const crypto::Hash256 name = crypto::sha256(as_bytes(text));
  if (auto known = seen_.find(name); known != seen_.end()) return known->second;
  auto accepted = judge(text, at);
  if (accepted) {
    Accepted again = *accepted;
    again.event.repeated = true;
    seen_.emplace(name, again);
  }
  return accepted;
}

Result<CallSet::Accepted, CallFault> CallSet::judge(std::string_view text, UtcTime at) {
  auto message = e2ee::parse_signed_message(text);
  if (!message) return fail(CallFault{"message." + std::string(e2ee::to_text(message.error().fault)), ""});
  const std::string type(e2ee::to_text(message->type));
  auto fault_of = [&](const e2ee::ChainError& error) {
    const std::string_view word = error.fault == e2ee::ChainFault::kMalformed
                                      ? e2ee::to_text(error.malformed.fault)
                                      : e2ee::to_text(error.fault);
    return CallFault{"message." + std::string(word), type};
  };

  if (message->type == e2ee::MessageType::kPolicy) {
    // Judged on a chain of its own, so that a forged one is refused here and not when a call first needs it.
    e2ee::CallChain probe({.root = organisation_});
    auto judged = probe.accept(*message, at);
    if (!judged) return fail(fault_of(judged.error()));
    // A call keeps the Policy it began with; a newer one is for the calls to come.
    for (auto& [id, chain] : chains_)
      if (chain->newest_epoch() == 0) (void)chain->accept(*message, at).has_value();
    policies_.push_back(std::move(*message));
    return Accepted{{}, *judged};
  }

  auto id = call_of(*message);
  if (!id) return fail(CallFault{"message.call", type});
  auto found = chains_.find(*id);
  std::unique_ptr<e2ee::CallChain> fresh;
  if (found == chains_.end()) {
    fresh = std::make_unique<e2ee::CallChain>(
        e2ee::CallChain::Config{.root = organisation_, .call = *id, .epochs_kept = e2ee::kEpochMax});
    for (const e2ee::SignedMessage& policy : policies_) (void)fresh->accept(policy, at).has_value();
  }
  e2ee::CallChain& chain = fresh ? *fresh : *found->second;
  if (message->type == e2ee::MessageType::kRoster) at = signed_time(*message, at);
  auto event = chain.accept(*message, at);
  if (!event) return fail(fault_of(event.error()));
  if (fresh) {
    chains_.emplace(*id, std::move(fresh));
    order_.push_back(*id);
  }
  return Accepted{*id, *event};
}

const e2ee::CallChain* CallSet::call(const e2ee::CallId& id) const {
  auto at = chains_.find(id);
  return at == chains_.end() ? nullptr : at->second.get();
}

Result<crypto::Secret, VaultRefusal> recorder_base_key(const KeyStore& keys, const e2ee::EpochState& epoch,
                                                       std::uint8_t sender, e2ee::Kind kind) {
  if (!epoch.roster.rec) return refuse("key.not_recorded", "the Roster does not name the recorder");
  const e2ee::SenderState* state = epoch.sender(sender);
  if (state == nullptr || !state->key) return refuse("key.missing", "this member has sent no key");
  for (const crypto::P256Key* key : keys.compliance_keys()) {
    if (key->public_key() != epoch.roster.rec->kem) continue;
    auto opened = e2ee::unwrap_base_key(*state->key, e2ee::kRecorderIdx, kind, *key);
    if (!opened) return refuse("key.wrong", e2ee::to_text(opened.error()));
    return std::move(*opened);
  }
  return refuse("key.foreign", "the Roster names a recorder whose key is not in this vault");
}

}  // namespace parlour::vault
