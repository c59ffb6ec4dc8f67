// Why the vault does not do something: a stable code for programs and the audit log, and a sentence for
// people.
#pragma once

#include <string>

#include "base/result.h"

namespace parlour::vault {

struct VaultRefusal {
  std::string code;  // e.g. "proof.invalid"
  std::string text;
};

inline Unexpected<VaultRefusal> refuse(std::string_view code, std::string_view text) {
  return {VaultRefusal{std::string(code), std::string(text)}};
}

}  // namespace parlour::vault
