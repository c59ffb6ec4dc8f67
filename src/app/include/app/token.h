// Bearer tokens, stored as their SHA-256 only: random ones of sessions and pages, given out once, and those
// of links, which whoever has the link key can make again.
#pragma once

#include "app/context.h"
#include "base/encoding.h"

namespace parlour::app {

struct Token {
  std::string text;
  Hash hash{};
};
inline Token make_token(Context& context) {
  Token token;
  token.text = to_base64url(context.random.array<24>());
  token.hash = context.digest.sha256(token.text);
  return token;
}

// HMAC(link key, link id ‖ version u32), its first 160 bits as 32 characters a–z and 2–7: whatever a mail or
// chat program puts around a link is no part of its token.
inline Token make_link_token(Context& context, const LinkId& link, std::uint32_t version) {
  std::string message(reinterpret_cast<const char*>(link.bytes().data()), link.bytes().size());
  for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(version >> shift & 0xff);
  Token token;
  token.text = to_base32(ByteView(context.link_key.mac(message)).first(20));
  token.hash = context.digest.sha256(token.text);
  return token;
}

}  // namespace parlour::app
