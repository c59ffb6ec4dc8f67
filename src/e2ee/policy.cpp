#include "base/id.h"
#include "message_reader.h"

namespace parlour::e2ee {
namespace {

constexpr std::size_t kOrgMax = 600;  // bytes of UTF-8
constexpr std::size_t kTypesMax = 400;
constexpr std::size_t kRecorderIdMax = 200;
constexpr std::int64_t kVersionMax = (std::int64_t{1} << 53) - 1;
constexpr std::uint32_t kPauseMaxS = 24 * 60 * 60;

constexpr std::string_view kRecordNames[] = {"required", "optional", "never"};

RecordRule read_record(ObjectReader& reader) {
  std::string text = reader.text("record", 1, 16);
  for (std::size_t i = 0; i < std::size(kRecordNames); ++i) {
    if (text == kRecordNames[i]) return static_cast<RecordRule>(i);
  }
  reader.bad("record");
  return RecordRule::kNever;
}

Kinds read_kinds(ObjectReader& reader) {
  auto names = reader.list("kinds", 2, [&](const Json& element) {
    const std::string* name = element.as_string();
    if (name == nullptr || (*name != "a" && *name != "v")) reader.bad("kinds");
    return name == nullptr ? std::string() : *name;
  });
  if (!rises(names, [](const std::string& name) { return name; })) reader.bad("kinds");
  Kinds kinds;
  for (const std::string& name : names) (name == "a" ? kinds.audio : kinds.pictures) = true;
  return kinds;
}

PolicyType read_type(ObjectReader& reader) {
  PolicyType type;
  type.type_id = reader.text("type_id", 36, 36);
  auto uuid = uuid_from_text(type.type_id);
  if (!uuid || uuid_to_text(*uuid) != type.type_id) reader.bad("type_id");
  type.version = reader.integer_as<std::uint32_t>("version", 0, 0xFFFFFFFFu);
  type.record = read_record(reader);
  type.kinds = read_kinds(reader);
  type.pause_max_s = reader.integer_as<std::uint32_t>("pause_max_s", 0, kPauseMaxS);
  if ((type.record == RecordRule::kNever) != (type.kinds == Kinds{})) reader.bad("kinds");
  return type;
}

PolicyRecorder read_recorder(ObjectReader& reader) {
  PolicyRecorder rec;
  rec.id = reader.text("id", 0, kRecorderIdMax);
  rec.kem = reader.bytes<65>("kem");
  rec.sig = reader.bytes<65>("sig");
  rec.not_before_s = reader.integer("nbf", 0, kVersionMax / 1000);
  rec.expires_s = reader.integer("exp", 0, kVersionMax / 1000);
  if (rec.not_before_s >= rec.expires_s) reader.bad("exp");
  return rec;
}

Policy read_policy(ObjectReader& reader) {
  Policy policy;
  policy.org = reader.text("org", 0, kOrgMax);
  policy.version = reader.integer("ver", 0, kVersionMax);
  policy.types = reader.list("types", kTypesMax,
                             [&](const Json& element) { return reader.object(element, "types", read_type); });
  for (const PolicyType& type : policy.types) {
    if (policy.find_type(type.type_id, type.version) != &type) reader.bad("types");  // listed twice
  }
  policy.rec = reader.object(reader.member("rec"), "rec", read_recorder);
  // Nothing signs by staff keys yet: a Policy that names one is for a later version of this program.
  const JsonArray* staff = reader.member("staff").as_array();
  if (staff == nullptr || !staff->empty()) reader.bad("staff");
  const Json& next_root = reader.member("next_root");
  if (!next_root.is_null()) policy.next_root = reader.bytes_of<65>(next_root, "next_root");
  return policy;
}

}  // namespace

const PolicyType* Policy::find_type(std::string_view type_id, std::uint32_t type_version) const {
  for (const PolicyType& type : types) {
    if (type.version == type_version && type.type_id == type_id) return &type;
  }
  return nullptr;
}

Result<Policy, MessageError> parse_policy(ByteView body) {
  return read_body(body, "Policy", read_policy);
}

Bytes encode(const Policy& policy) {
  JsonArray types;
  for (const PolicyType& type : policy.types) {
    JsonArray kinds;
    if (type.kinds.audio) kinds.push_back("a");
    if (type.kinds.pictures) kinds.push_back("v");
    types.push_back(JsonObject{{"type_id", type.type_id},
                               {"version", type.version},
                               {"record", kRecordNames[static_cast<std::size_t>(type.record)]},
                               {"kinds", std::move(kinds)},
                               {"pause_max_s", type.pause_max_s}});
  }
  return body_bytes(JsonObject{{"org", policy.org},
                               {"ver", policy.version},
                               {"types", std::move(types)},
                               {"rec", JsonObject{{"id", policy.rec.id},
                                                  {"kem", text_of(policy.rec.kem)},
                                                  {"sig", text_of(policy.rec.sig)},
                                                  {"nbf", policy.rec.not_before_s},
                                                  {"exp", policy.rec.expires_s}}},
                               {"staff", JsonArray{}},
                               {"next_root", policy.next_root ? Json(text_of(*policy.next_root)) : Json()}});
}

SignedMessage sign(const Policy& policy, const crypto::P256Key& root) {
  return sign_message(MessageType::kPolicy, std::string(kSignerRoot), encode(policy), root);
}

}  // namespace parlour::e2ee
