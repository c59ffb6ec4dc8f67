// The set of recent sequence numbers of one stream, as a ring of bits: which arrived, or which were sent.
// Numbers are extended to 64 bits. Fixed memory (256 bytes), one thread.
#pragma once

#include <array>
#include <cstdint>

namespace parlour::media {

class SequenceWindow {
 public:
  static constexpr std::uint64_t kSize = 2048;  // more than a second of video at 10 Mb/s

  // Adds a number. False: it is there already, or older than the window.
  bool insert(std::uint64_t sequence) {
    if (!started_) {
      started_ = true;
      highest_ = sequence;
    } else if (sequence > highest_) {
      const std::uint64_t steps = sequence - highest_;
      if (steps >= kSize) {
        bits_.fill(0);
      } else {
        for (std::uint64_t s = highest_ + 1; s <= sequence; ++s) word(s) &= ~bit(s);
      }
      highest_ = sequence;
    } else if (highest_ - sequence >= kSize || contains(sequence)) {
      return false;
    }
    word(sequence) |= bit(sequence);
    return true;
  }

  bool contains(std::uint64_t sequence) const {
    return started_ && sequence <= highest_ && highest_ - sequence < kSize &&
           (bits_[sequence % kSize / 64] & bit(sequence)) != 0;
  }
  std::uint64_t highest() const { return highest_; }
  void clear() { *this = SequenceWindow(); }

 private:
  static std::uint64_t bit(std::uint64_t sequence) { return std::uint64_t{1} << (sequence % 64); }
  std::uint64_t& word(std::uint64_t sequence) { return bits_[sequence % kSize / 64]; }

  std::array<std::uint64_t, kSize / 64> bits_{};
  std::uint64_t highest_ = 0;
  bool started_ = false;
};

}  // namespace parlour::media
