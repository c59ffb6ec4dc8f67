// KID: which key a frame was sealed with. KID = epoch · 2^12 + idx · 2^4 + slot. Any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace parlour::e2ee {

constexpr std::uint16_t kEpochMax = 4095;
constexpr std::uint8_t kIdxMax = 254;       // the highest that sends
constexpr std::uint8_t kRecorderIdx = 255;  // a member that only receives
constexpr std::uint8_t kSlotMicrophone = 0;
constexpr std::uint8_t kSlotCamera = 1;
constexpr std::uint8_t kSlotScreen = 2;
// Defined, and refused until something sends them: the sound of a shared screen, data (e2ee.md 6a), and the
// camera's other layers, each with counters of its own.
constexpr std::uint8_t kSlotScreenSound = 3;
constexpr std::uint8_t kSlotData = 4;
constexpr std::uint8_t kSlotCameraLayer1 = 8;
constexpr std::uint8_t kSlotCameraLayer2 = 9;
constexpr std::uint8_t kSlotMax = kSlotScreen;                   // the highest that is built
constexpr std::uint64_t kCounterLimit = std::uint64_t{1} << 32;  // counters stay below

// A base key serves the slots of one kind.
enum class Kind : std::uint8_t { kAudio = 1, kPictures = 2 };

struct Kid {
  std::uint16_t epoch = 0;
  std::uint8_t idx = 0;
  std::uint8_t slot = 0;

  std::uint64_t value() const {
    return static_cast<std::uint64_t>(epoch) << 12 | static_cast<std::uint64_t>(idx) << 4 | slot;
  }
  Kind kind() const { return slot == kSlotMicrophone ? Kind::kAudio : Kind::kPictures; }  // of built slots

  // Nothing for epoch 0 and those beyond 4095, for member 255 (it never sends) and for slots that are not
  // built.
  static std::optional<Kid> from_value(std::uint64_t value) {
    std::uint64_t epoch = value >> 12;
    auto idx = static_cast<std::uint8_t>(value >> 4);
    auto slot = static_cast<std::uint8_t>(value & 0xF);
    if (epoch == 0 || epoch > kEpochMax || idx > kIdxMax || slot > kSlotMax) return std::nullopt;
    return Kid{static_cast<std::uint16_t>(epoch), idx, slot};
  }

  friend auto operator<=>(const Kid&, const Kid&) = default;
};

}  // namespace parlour::e2ee
