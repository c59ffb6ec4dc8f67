// Small ports around the use cases: timers, sockets of pages, passwords. Thread: the app thread, callbacks
// included.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace parlour::app {

using TimerId = std::uint64_t;

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual TimerId after(Duration delay, std::function<void()> run) = 0;
  virtual void cancel(TimerId id) = 0;
};

// The socket of one page. send() never blocks; a client that reads too slowly is closed by the adapter.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void send(std::string text) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

class Passwords {
 public:
  enum class Verdict { kMatch, kMismatch, kBusy };
  virtual ~Passwords() = default;
  // `stored` empty: unknown user; the same work is done.
  virtual void verify(std::string password, std::optional<std::string> stored,
                      std::function<void(Verdict)> done) = 0;
  virtual std::optional<std::string> hash_now(std::string password) = 0;  // blocks; for commands
};

// SHA-256 of what comes in pieces.
class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual void add(ByteView bytes) = 0;
  virtual std::array<std::uint8_t, 32> finish() = 0;  // once
};

// SHA-256, for tokens (only their hash is stored), notices and downloads.
class Digest {
 public:
  virtual ~Digest() = default;
  virtual std::array<std::uint8_t, 32> sha256(std::string_view text) = 0;
  virtual std::unique_ptr<Hasher> begin() = 0;
};

// HMAC-SHA-256 under the link key, which stands in a file of its own: the tokens of links can be made again
// from it and their rows, and not from the rows alone.
class LinkKey {
 public:
  virtual ~LinkKey() = default;
  virtual std::array<std::uint8_t, 32> mac(std::string_view message) = 0;
};

}  // namespace parlour::app
