// Text encodings of bytes: hex, base64, base64url and base32 (RFC 4648 sections 4 to 8), UTF-8 check. Strict
// decoders: no white space, no wrong padding, no non-zero left-over bits, so a value has exactly one text.
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace parlour {

std::string to_hex(ByteView bytes);
std::optional<Bytes> from_hex(std::string_view text);

std::string to_base64(ByteView bytes);  // with padding
std::optional<Bytes> from_base64(std::string_view text);

std::string to_base64url(ByteView bytes);  // without padding
std::optional<Bytes> from_base64url(std::string_view text);

// Lower case, without padding: letters and digits only, so that nothing that surrounds it can be taken for a
// part of it.
std::string to_base32(ByteView bytes);

// True for well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace parlour
