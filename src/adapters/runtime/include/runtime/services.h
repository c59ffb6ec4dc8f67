// SHA-256 and passwords for the use cases: the ports of app/runtime.h over crypto and libsodium.
#pragma once

#include "app/runtime.h"
#include "crypto/secret.h"
#include "password/password_hasher.h"
#include "runtime/executor.h"

namespace parlour::runtime {

class Sha256Digest final : public app::Digest {
 public:
  std::array<std::uint8_t, 32> sha256(std::string_view text) override;
  std::unique_ptr<app::Hasher> begin() override;
};

class HmacLinkKey final : public app::LinkKey {
 public:
  explicit HmacLinkKey(crypto::Secret key) : key_(std::move(key)) {}
  std::array<std::uint8_t, 32> mac(std::string_view message) override;

 private:
  crypto::Secret key_;
};

class PasswordService final : public app::Passwords {
 public:
  explicit PasswordService(Executor& executor) : executor_(executor) {}
  void verify(std::string password, std::optional<std::string> stored,
              std::function<void(Verdict)> done) override;
  std::optional<std::string> hash_now(std::string password) override;

 private:
  Executor& executor_;
  PasswordHasher hasher_;
};

}  // namespace parlour::runtime
