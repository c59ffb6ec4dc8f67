// The two counters of an SRTP stream: which index a 16-bit sequence number means (RFC 3711 3.3.1) and which
// indices were seen (3.3.2). Private to rtc.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace parlour::rtc {

// Remembers the last `kSize` indices. A ring of 64-bit words, one more than needed, cleared as it moves on.
template <std::size_t kSize>
class ReplayWindow {
 public:
  static_assert(kSize % 64 == 0);

  bool started() const { return started_; }
  std::uint64_t highest() const { return highest_; }

  // False: seen, or too old to know.
  bool may_accept(std::uint64_t index) const {
    if (!started_ || index > highest_) return true;
    if (highest_ - index >= kSize) return false;
    return (words_[word_of(index)] >> (index % 64) & 1) == 0;
  }
  // Precondition: may_accept(index).
  void accept(std::uint64_t index) {
    if (!started_) {
      started_ = true;
      highest_ = index;
    } else if (index > highest_) {
      const std::uint64_t steps = index / 64 - highest_ / 64;
      if (steps >= kWords) {
        words_.fill(0);
      } else {
        for (std::uint64_t i = 1; i <= steps; ++i) words_[word_of(highest_ + i * 64)] = 0;
      }
      highest_ = index;
    }
    words_[word_of(index)] |= std::uint64_t{1} << (index % 64);
  }

 private:
  static constexpr std::size_t kWords = kSize / 64 + 1;
  static std::size_t word_of(std::uint64_t index) { return static_cast<std::size_t>(index / 64 % kWords); }

  std::array<std::uint64_t, kWords> words_{};
  std::uint64_t highest_ = 0;
  bool started_ = false;
};

// The index nearest to `highest` whose low 16 bits are `sequence`; nullopt when that would lie before index
// 0.
inline std::optional<std::uint64_t> estimate_index(std::uint64_t highest, std::uint16_t sequence) {
  const auto ahead = static_cast<std::uint16_t>(sequence - static_cast<std::uint16_t>(highest));
  if (ahead < 0x8000) return highest + ahead;
  const std::uint64_t behind = 0x10000u - ahead;
  if (highest < behind) return std::nullopt;
  return highest - behind;
}

}  // namespace parlour::rtc
