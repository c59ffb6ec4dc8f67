// Bytes from hex with blanks, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/time.h"

namespace parlour::rtc {

inline Bytes hex(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != '\n') digits += c;
  }
  auto bytes = from_hex(digits);
  EXPECT_TRUE(bytes.has_value()) << text;
  return bytes.value_or(Bytes());
}

inline SteadyTime at_ms(std::int64_t ms) {
  return {ms * 1000};
}

}  // namespace parlour::rtc
