#include "vault_access.h"

#include <chrono>
#include <future>

#include "vault_link/peer.h"

namespace parlour::bin {
namespace {

constexpr std::chrono::seconds kPatience{5};

// Answers may come after we have gone: the promise is shared.
template <class T, class Ask>
Result<T, std::string> wait_for(Ask ask) {
  auto promise = std::make_shared<std::promise<Result<T, std::string>>>();
  auto future = promise->get_future();
  ask([promise](Result<T, vault_link::VaultError> answer) {
    if (answer)
      promise->set_value(std::move(*answer));
    else
      promise->set_value(fail(answer.error().text + " (" + answer.error().code + ")"));
  });
  if (future.wait_for(kPatience) != std::future_status::ready)
    return fail(std::string("the vault does not answer"));
  return future.get();
}

}  // namespace

Result<std::unique_ptr<VaultAccess>, std::string> VaultAccess::connect(const Options& options,
                                                                       const std::string& home) {
  vault_link::VaultClient::Config config{options.get_or("vault", home + "/vault.sock"), std::nullopt};
  if (auto text = options.get("vault-uid")) {
    config.vault_uid = vault_link::uid_from_text(*text);
    if (!config.vault_uid) return fail("--vault-uid: there is no user " + *text + ".");
  }
  auto up = std::make_shared<std::promise<void>>();
  auto once = std::make_shared<std::once_flag>();
  std::unique_ptr<VaultAccess> access(new VaultAccess());
  auto future = up->get_future();
  access->client_ = std::make_unique<vault_link::VaultClient>(config, [up, once](bool is_up) {
    if (is_up) std::call_once(*once, [&] { up->set_value(); });
  });
  if (future.wait_for(kPatience) != std::future_status::ready)
    return fail("The vault does not answer at " + config.socket_path +
                ". It must run; this command must run under the user of `parlour serve`, and --vault-uid "
                "must name the "
                "vault's user where that is another one.");
  return access;
}

Result<vault_link::VaultInfo, std::string> VaultAccess::info() {
  return wait_for<vault_link::VaultInfo>([this](auto reply) { client_->info(std::move(reply)); });
}

Result<void, std::string> VaultAccess::put_policy(const std::string& message) {
  auto put = wait_for<std::monostate>([&](auto reply) { client_->put_policy(message, std::move(reply)); });
  if (!put) return fail(put.error());
  return {};
}

}  // namespace parlour::bin
