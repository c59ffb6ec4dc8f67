// app's CallRules over e2ee::CallChain: the same checks as in browsers and vault, seen as ids and flags. App
// thread.
#pragma once

#include "app/call_rules.h"
#include "crypto/p256.h"

namespace parlour::call_rules {

class ChainRulesFactory final : public app::CallRulesFactory {
 public:
  // The organisation's public key, once the vault has told it.
  void set_root(const crypto::P256Point& root) { root_ = root; }
  Result<std::unique_ptr<app::CallRules>, meeting::Refusal> make(const std::string& call,
                                                                 const meeting::MeetingId& meeting,
                                                                 const std::string& policy) override;
  std::string root_public_key() const override;
  std::string root_fingerprint() const override;

 private:
  std::optional<crypto::P256Point> root_;
};

}  // namespace parlour::call_rules
