// Passwords by argon2id (RFC 9106; OWASP: 19 MiB, 2 passes, 1 lane), on threads of their own.
//
// One hash takes tens of milliseconds of a core, so the queue is bounded: when it is full the caller is told
// at once and answers "busy" (503), and log-ins cannot starve the rest of the server. The stored form is the
// PHC string. Passwords are wiped after use.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace parlour {

class PasswordHasher {
 public:
  struct Config {
    std::size_t threads = 2;
    std::size_t queue_limit = 64;
    std::uint64_t passes = 2;
    std::size_t memory_bytes = 19 * 1024 * 1024;
  };
  static constexpr std::size_t kPasswordLimit = 1024;  // bytes; longer ones never match and are never stored

  enum class Verdict {
    kMatch,
    kMatchRehash,  // right, but stored with other parameters: store a new hash
    kMismatch,     // wrong, or unknown user
    kStopped,      // the hasher was destroyed first
  };
  using HashDone =
      std::function<void(std::optional<std::string> stored)>;  // nothing: too long, no memory, stopped
  using VerifyDone = std::function<void(Verdict)>;

  PasswordHasher();  // default Config
  explicit PasswordHasher(const Config& config);
  ~PasswordHasher();  // waits for what is being computed; what is still queued is answered kStopped
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;

  // False: too busy, `done` is dropped uncalled. Else `done` is called exactly once, on one of the hasher's
  // threads. Any thread.
  [[nodiscard]] bool hash(std::string password, HashDone done);
  // `stored` empty: the user is unknown. The same work is done against a hash that nothing matches, so the
  // answer takes as long as for a known user with a wrong password.
  [[nodiscard]] bool verify(std::string password, std::optional<std::string> stored, VerifyDone done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour
