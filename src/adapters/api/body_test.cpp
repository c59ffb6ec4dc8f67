#include "body.h"

#include <gtest/gtest.h>

namespace parlour::api {
namespace {

std::string reason_of(const std::string& text) {
  Body body(write_json_canonical(JsonObject{{"reason", text}}));
  body.string("reason", 2, 300);
  return body.good() ? "good" : body.reason();
}

std::string times(std::string_view one, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += one;
  return out;
}

// What is printed as characters is counted in them, whatever bytes they have.
TEST(Body, TextsAreCountedInCharacters) {
  const std::string fault = "must be a text of 2 to 300 characters";
  for (std::string_view one : {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x94\x92"}) {
    EXPECT_EQ(reason_of(times(one, 1)), fault) << one;
    EXPECT_EQ(reason_of(times(one, 2)), "good") << one;
    EXPECT_EQ(reason_of(times(one, 300)), "good") << one;
    EXPECT_EQ(reason_of(times(one, 301)), fault) << one;
  }
}

// So the bytes are bounded too: what is no UTF-8 does not pass as few characters.
TEST(Body, WhatIsNoUtf8IsRefused) {
  Body body("{\"reason\":\"ab" + times("\x80", 2000) + "\"}");
  body.string("reason", 2, 300);
  EXPECT_FALSE(body.good());
}

}  // namespace
}  // namespace parlour::api
