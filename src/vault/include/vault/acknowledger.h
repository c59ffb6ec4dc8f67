// Member 255 in a running call (e2ee.md 10): follows the call's signed messages and acknowledges a sender's
// keys only after it has opened the wraps and checked the commits. Keys are wiped at once: opening a
// recording unwraps them anew from the log. What is kept of a call is public. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "vault/call_set.h"

namespace parlour::vault {

class Acknowledger {
 public:
  explicit Acknowledger(const KeyStore& keys) : keys_(keys) {}

  // `call`: the name of the session, base64url of the call id; a message of another call is refused. The
  // answer holds what member 255 has to say: a KeyAck, or nothing. Repeated messages get the same answer
  // again.
  Result<std::vector<std::string>, VaultRefusal> announce(const std::string& call, std::string_view message,
                                                          UtcTime now);
  void close(const std::string& call);
  std::size_t open_calls() const { return calls_.size(); }

  static constexpr std::size_t kCallsMax = 10'000;

 private:
  struct Call {
    explicit Call(const crypto::P256Point& organisation) : messages(organisation) {}
    CallSet messages;
    std::map<std::uint16_t, std::vector<e2ee::KeyHave>> have;  // by epoch, sorted
  };
  Result<std::vector<std::string>, VaultRefusal> acknowledge(Call& call, const CallSet::Accepted& accepted,
                                                             UtcTime now);

  const KeyStore& keys_;
  std::map<std::string, Call> calls_;
};

}  // namespace parlour::vault
