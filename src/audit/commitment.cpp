#include "audit/format/commitment.h"

#include "base/encoding.h"

namespace parlour::audit {

Hash256 commit_field(std::string_view name, std::string_view value, const Salt& salt) {
  constexpr ByteArray<1> kZero{0x00};
  return crypto::hmac_sha256(salt,
                             {as_bytes("parlour/field/v1"), kZero, as_bytes(name), kZero, as_bytes(value)});
}

Json commitment_to_json(const Hash256& commitment) {
  return JsonObject{{"c", to_base64(commitment)}};
}

std::optional<Hash256> commitment_from_json(const Json& value) {
  const JsonObject* object = value.as_object();
  if (object == nullptr || object->size() != 1 || object->front().first != "c") return std::nullopt;
  const std::string* text = object->front().second.as_string();
  auto bytes = text != nullptr ? from_base64(*text) : std::nullopt;
  Hash256 hash;
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::memcpy(hash.data(), bytes->data(), hash.size());
  return hash;
}

}  // namespace parlour::audit
