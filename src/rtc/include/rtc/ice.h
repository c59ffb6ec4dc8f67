// ICE credentials (RFC 8445 section 5.3), shared by the lite agent and SDP. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

namespace parlour::rtc {

struct IceCredentials {
  std::string ufrag;  // 4..256 ice-chars
  std::string pwd;    // 22..256 ice-chars; a secret, never logged

  // 12 and 32 characters from a 64-letter alphabet: 72 and 192 random bits. The server's ufrag also finds the
  // endpoint on the shared port, so it has to be unique as well as unguessable.
  static IceCredentials make(Random& random);
  friend bool operator==(const IceCredentials&, const IceCredentials&) = default;
};

// ALPHA / DIGIT / "+" / "/".
bool is_ice_text(std::string_view text, std::size_t size_min, std::size_t size_max);

}  // namespace parlour::rtc
