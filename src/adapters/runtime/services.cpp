#include "runtime/services.h"

#include <future>

#include "crypto/hash.h"

namespace parlour::runtime {

std::array<std::uint8_t, 32> Sha256Digest::sha256(std::string_view text) {
  return crypto::sha256(as_bytes(text));
}

std::array<std::uint8_t, 32> HmacLinkKey::mac(std::string_view message) {
  return crypto::hmac_sha256(key_.view(), {as_bytes(message)});
}

namespace {

class Sha256Hasher final : public app::Hasher {
 public:
  void add(ByteView bytes) override { hash_.update(bytes); }
  std::array<std::uint8_t, 32> finish() override { return hash_.finish(); }

 private:
  crypto::Sha256 hash_;
};

}  // namespace

std::unique_ptr<app::Hasher> Sha256Digest::begin() {
  return std::make_unique<Sha256Hasher>();
}

void PasswordService::verify(std::string password, std::optional<std::string> stored,
                             std::function<void(Verdict)> done) {
  bool queued =
      hasher_.verify(std::move(password), std::move(stored), [this, done](PasswordHasher::Verdict verdict) {
        Verdict out =
            verdict == PasswordHasher::Verdict::kMatch || verdict == PasswordHasher::Verdict::kMatchRehash
                ? Verdict::kMatch
            : verdict == PasswordHasher::Verdict::kMismatch ? Verdict::kMismatch
                                                            : Verdict::kBusy;
        executor_.post([done, out] { done(out); });
      });
  if (!queued) executor_.post([done] { done(Verdict::kBusy); });
}

std::optional<std::string> PasswordService::hash_now(std::string password) {
  std::promise<std::optional<std::string>> promise;
  auto future = promise.get_future();
  if (!hasher_.hash(std::move(password),
                    [&](std::optional<std::string> stored) { promise.set_value(std::move(stored)); }))
    return std::nullopt;
  return future.get();
}

}  // namespace parlour::runtime
