#include "testing/vectors.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/encoding.h"

namespace parlour::audit::testing {

std::optional<std::filesystem::path> vector_folder(const char* name) {
  const char* folder = std::getenv("PARLOUR_VECTORS");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  return std::filesystem::path(folder) / name;
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return to_bytes(std::string(std::istreambuf_iterator<char>(file), {}));
}

Json read_vector_json(const std::filesystem::path& path) {
  std::string text = to_string(read_file(path)), quoted;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') in_string = !in_string;
    std::size_t end = i;
    while (!in_string && end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (end - i > 15) {
      quoted += '"' + text.substr(i, end - i) + '"';
      i = end;
    } else {
      quoted += text[i++];
    }
  }
  auto json = parse_json(quoted, {.bytes = 16 * 1024 * 1024, .depth = 32, .values = 1'000'000});
  if (!json) throw std::runtime_error(path.string() + ": " + std::string(json.error().reason));
  return std::move(*json);
}

crypto::Hash256 hash_from_hex(std::string_view text) {
  crypto::Hash256 hash{};
  auto bytes = from_hex(text);
  if (!bytes || bytes->size() != hash.size()) throw std::runtime_error("not a hash");
  std::memcpy(hash.data(), bytes->data(), hash.size());
  return hash;
}

std::optional<crypto::Hash256> hash_from_base64(std::string_view text) {
  crypto::Hash256 hash{};
  auto bytes = from_base64(text);
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::memcpy(hash.data(), bytes->data(), hash.size());
  return hash;
}

}  // namespace parlour::audit::testing
