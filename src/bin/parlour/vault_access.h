// The vault as commands see it: connect, ask, wait for the answer. Blocks; at most a few seconds.
#pragma once

#include <string>

#include "options.h"
#include "vault_link/client.h"

namespace parlour::bin {

class VaultAccess {
 public:
  // From --vault (HOME/vault.sock) and --vault-uid. The error says what to do.
  static Result<std::unique_ptr<VaultAccess>, std::string> connect(const Options& options,
                                                                   const std::string& home);

  Result<vault_link::VaultInfo, std::string> info();
  Result<void, std::string> put_policy(const std::string& message);

 private:
  VaultAccess() = default;
  std::unique_ptr<vault_link::VaultClient> client_;
};

}  // namespace parlour::bin
