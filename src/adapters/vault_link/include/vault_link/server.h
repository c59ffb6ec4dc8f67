// The vault's side of the local socket: a UNIX stream socket whose peers' uid is checked, one thread,
// requests answered one by one. Only adapters and bin know that the vault is spoken to by a socket;
// vault_core is pure.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "vault/vault.h"
#include "vault_link/protocol.h"

namespace parlour::vault_link {

// One request in, its answer frame out. Pure of sockets, so it can be tested and fuzzed alone. `now`: of this
// call.
Bytes answer(vault::Vault& vault, ByteView request_json, Now now);

class VaultServer {
 public:
  struct Config {
    std::string socket_path;
    // Peers must run under one of these; empty: this process's own uid.
    std::vector<uid_t> peers;
  };
  // Binds and listens; the socket's file is made anew. vault and clock outlive the server.
  static Result<VaultServer, vault::VaultRefusal> listen(vault::Vault& vault, const Clock& clock,
                                                         Config config);
  ~VaultServer();
  VaultServer(VaultServer&& other) noexcept;
  VaultServer& operator=(VaultServer&&) = delete;

  // Serves until `stop_descriptor` becomes readable.
  void run(int stop_descriptor);

  static constexpr std::size_t kConnectionsMax = 16;

 private:
  struct Connection;
  VaultServer(vault::Vault& vault, const Clock& clock, Config config, int listener)
      : vault_(&vault), clock_(&clock), config_(std::move(config)), listener_(listener) {}
  void accept_one(std::vector<Connection>& connections);
  bool serve(Connection& connection);

  vault::Vault* vault_;
  const Clock* clock_;
  Config config_;
  int listener_ = -1;
};

}  // namespace parlour::vault_link
