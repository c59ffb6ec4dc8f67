// Salted commitments: how a personal value is bound to an entry without being in it.
//
// In the entry stands {"c": base64(HMAC-SHA-256(salt, "parlour/field/v1" ‖ 0x00 ‖ name ‖ 0x00 ‖ value))};
// salt and value live in an erasable row beside the log. Each field of each entry has its own salt of exactly
// 32 random bytes: HMAC pads its key, so a free length would not bind. Once the row is erased nobody can
// guess the value. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace parlour::audit {

using crypto::Hash256;
using Salt = ByteArray<32>;

Hash256 commit_field(std::string_view name, std::string_view value, const Salt& salt);

// {"c": "<base64>"}.
Json commitment_to_json(const Hash256& commitment);
// Nothing unless the value is exactly such an object.
std::optional<Hash256> commitment_from_json(const Json& value);

}  // namespace parlour::audit
