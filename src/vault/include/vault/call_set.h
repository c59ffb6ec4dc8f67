// The calls of a recording (or one live call) as verified chains of signed messages (e2ee.md 10): whatever
// uses a key asks here, and gets one only from messages that were accepted. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "e2ee/call_chain.h"
#include "vault/key_store.h"

namespace parlour::vault {

struct CallFault {
  std::string code;  // "message.signature", …
  std::string type;  // the message's t, as far as it could be read
};

class CallSet {
 public:
  explicit CallSet(const crypto::P256Point& organisation) : organisation_(organisation) {}

  struct Accepted {
    e2ee::CallId call{};  // zero for a Policy
    e2ee::ChainEvent event;
  };
  // Policy goes to every call that has none yet and is kept for calls to come. A message that was accepted
  // before gets the same answer, marked `repeated`: each part of a recording, and a serve that reconnects,
  // tells a call's messages from the beginning.
  Result<Accepted, CallFault> accept(std::string_view message, UtcTime at);

  const e2ee::CallChain* call(const e2ee::CallId& id) const;
  std::vector<e2ee::CallId> calls() const { return order_; }

 private:
  Result<Accepted, CallFault> judge(std::string_view message, UtcTime at);

  crypto::P256Point organisation_;
  std::map<crypto::Hash256, Accepted> seen_;
  std::vector<e2ee::SignedMessage> policies_;
  std::map<e2ee::CallId, std::unique_ptr<e2ee::CallChain>> chains_;
  std::vector<e2ee::CallId> order_;
};

// The base key of a sender, wrapped to the compliance key that the Roster names. Refused unless the Roster
// names a recorder and its key is one of ours.
Result<crypto::Secret, VaultRefusal> recorder_base_key(const KeyStore& keys, const e2ee::EpochState& epoch,
                                                       std::uint8_t sender, e2ee::Kind kind);

}  // namespace parlour::vault
