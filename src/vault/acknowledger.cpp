#include "vault/acknowledger.h"

#include <algorithm>

#include "base/encoding.h"

namespace parlour::vault {

Result<std::vector<std::string>, VaultRefusal> Acknowledger::announce(const std::string& call,
                                                                      std::string_view message, UtcTime now) {
  auto at = calls_.find(call);
  if (at == calls_.end()) {
    if (calls_.size() >= kCallsMax) return refuse("call.too_many", "too many calls are open");
    auto id = from_base64url(call);
    if (!id || id->size() != sizeof(e2ee::CallId)) return refuse("call.name", "not the id of a call");
    at = calls_.emplace(call, keys_.organisation_public()).first;
  }
  auto accepted = at->second.messages.accept(message, now);
  if (!accepted) return refuse(accepted.error().code, "the message was refused: " + accepted.error().type);
  if (accepted->event.type != e2ee::MessageType::kPolicy && to_base64url(accepted->call) != call)
    return refuse("message.call", "the message belongs to another call");
  if (accepted->event.type != e2ee::MessageType::kSenderKey) return std::vector<std::string>{};
  return acknowledge(at->second, *accepted, now);
}

Result<std::vector<std::string>, VaultRefusal> Acknowledger::acknowledge(Call& call,
                                                                         const CallSet::Accepted& accepted,
                                                                         UtcTime now) {
  const e2ee::CallChain& chain = *call.messages.call(accepted.call);
  const e2ee::EpochState* epoch = chain.epoch(accepted.event.epoch);
  // Not recorded: member 255 is not there, opens nothing and says nothing.
  if (epoch == nullptr || !epoch->roster.rec || chain.type() == nullptr) return std::vector<std::string>{};
  const std::uint8_t sender = accepted.event.from;
  const e2ee::SenderState* state = epoch->sender(sender);
  auto& have = call.have[accepted.event.epoch];
  for (e2ee::Kind kind : {e2ee::Kind::kAudio, e2ee::Kind::kPictures}) {
    if (!chain.type()->kinds.has(kind)) continue;
    auto key = recorder_base_key(keys_, *epoch, sender, kind);
    if (!key) return fail(key.error());
    const e2ee::KeyHave held{sender, kind, state->key->commit(kind)};
    auto place =
        std::lower_bound(have.begin(), have.end(), held, [](const e2ee::KeyHave& a, const e2ee::KeyHave& b) {
          return std::pair(a.idx, a.kind) < std::pair(b.idx, b.kind);
        });
    if (place == have.end() || !(*place == held)) have.insert(place, held);
  }
  e2ee::KeyAck ack;
  ack.call = accepted.call;
  ack.epoch = accepted.event.epoch;
  ack.roster = epoch->roster_hash;
  ack.from = e2ee::kRecorderIdx;
  ack.have = have;
  const std::string text =
      write_json(e2ee::to_json(e2ee::sign(ack, e2ee::kSignerRecorder, keys_.recorder())));
  // Our own word goes through the same checks; Activated messages are judged against it.
  auto own = call.messages.accept(text, now);
  if (!own) return refuse(own.error().code, "the recorder's own acknowledgement was refused");
  return std::vector<std::string>{text};
}

void Acknowledger::close(const std::string& call) {
  calls_.erase(call);
}

}  // namespace parlour::vault
