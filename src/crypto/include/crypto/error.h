// Why a cryptographic operation gave nothing. The reason is for logs and tests; callers decide on "no value".
#pragma once

#include <string_view>

namespace parlour::crypto {

enum class CryptoError {
  kBadKey,        // wrong length, not on the curve, unreadable PEM
  kBadInput,      // wrong length or form of other input
  kNotAuthentic,  // tag or signature does not match
  kLibrary,       // OpenSSL refused for another reason (out of memory, missing algorithm)
};

std::string_view to_text(CryptoError error);

}  // namespace parlour::crypto
