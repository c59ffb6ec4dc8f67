#include "rtc/ice.h"

#include <algorithm>

namespace parlour::rtc {

namespace {

constexpr std::string_view kIceChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string random_text(Random& random, std::size_t size) {
  std::string text;
  for (const std::uint8_t byte : random.bytes(size)) text += kIceChars[byte & 63];
  return text;
}

}  // namespace

IceCredentials IceCredentials::make(Random& random) {
  std::string ufrag = random_text(random, 12);
  return {std::move(ufrag), random_text(random, 32)};
}

bool is_ice_text(std::string_view text, std::size_t size_min, std::size_t size_max) {
  return text.size() >= size_min && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return kIceChars.find(c) != std::string_view::npos; });
}

}  // namespace parlour::rtc
