// Bearer tokens: 128 random bits or more, given out once, stored as their SHA-256 only.
#pragma once

#include "app/context.h"
#include "base/encoding.h"

namespace parlour::app {

struct Token {
  std::string text;  // base64url, 24 random bytes
  Hash hash{};
};
inline Token make_token(Context& context) {
  Token token;
  token.text = to_base64url(context.random.array<24>());
  token.hash = context.digest.sha256(token.text);
  return token;
}

}  // namespace parlour::app
