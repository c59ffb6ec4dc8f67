#include "audit/format/private_row.h"

#include "audit/format/canonical.h"
#include "base/encoding.h"
#include "base/json.h"

namespace parlour::audit {

std::string private_row_to_line(const PrivateRow& row) {
  return write_json_canonical(JsonObject{
      {"field", row.field}, {"salt", to_base64(row.salt)}, {"seq", row.seq}, {"value", row.value.reveal()}});
}

std::optional<PrivateRow> private_row_from_line(std::string_view line) {
  if (!is_canonical(line)) return std::nullopt;
  auto json = parse_json(line);
  if (!json) return std::nullopt;
  const JsonObject* members = json->as_object();
  const Json *field = json->find("field"), *salt = json->find("salt"), *seq = json->find("seq"),
             *value = json->find("value");
  if (members == nullptr || members->size() != 4 || field == nullptr || salt == nullptr || seq == nullptr ||
      value == nullptr)
    return std::nullopt;
  if (!field->is_string() || !salt->is_string() || !seq->is_integer() || *seq->as_integer() < 0 ||
      !value->is_string())
    return std::nullopt;
  auto salt_bytes = from_base64(*salt->as_string());
  PrivateRow row;
  if (!salt_bytes || salt_bytes->size() != row.salt.size()) return std::nullopt;
  row.seq = static_cast<std::uint64_t>(*seq->as_integer());
  row.field = *field->as_string();
  std::memcpy(row.salt.data(), salt_bytes->data(), row.salt.size());
  row.value = Redacted<std::string>(*value->as_string());
  return row;
}

}  // namespace parlour::audit
