#include "crypto/error.h"

namespace parlour::crypto {

std::string_view to_text(CryptoError error) {
  switch (error) {
    case CryptoError::kBadKey:
      return "bad key";
    case CryptoError::kBadInput:
      return "bad input";
    case CryptoError::kNotAuthentic:
      return "not authentic";
    case CryptoError::kLibrary:
      return "library failure";
  }
  return "unknown";
}

}  // namespace parlour::crypto
