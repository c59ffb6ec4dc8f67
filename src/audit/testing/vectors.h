// Reading published test vectors, which lie outside the project: PARLOUR_VECTORS names their folder, or tests
// skip.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace parlour::audit::testing {

std::optional<std::filesystem::path> vector_folder(const char* name);
Bytes read_file(const std::filesystem::path& path);
// Integers beyond 2^53 come as strings: our JSON has none so large, other people's vectors do.
Json read_vector_json(const std::filesystem::path& path);
crypto::Hash256 hash_from_hex(std::string_view text);
std::optional<crypto::Hash256> hash_from_base64(std::string_view text);

}  // namespace parlour::audit::testing
