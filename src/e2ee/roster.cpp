#include <set>

#include "base/id.h"
#include "message_reader.h"

namespace parlour::e2ee {
namespace {

constexpr std::size_t kMembersMax = 64;  // a SenderKey for so many still fits kBodySizeMax
constexpr std::size_t kReasonMax = 64;
constexpr std::int64_t kTimeMax = (std::int64_t{1} << 53) - 1;

constexpr std::string_view kModeNames[] = {"recorded", "paused", "off"};

// Everybody's keys of both kinds: fewer is a word for features that are not there.
Kinds read_kinds(ObjectReader& reader) {
  auto names = reader.list("kinds", 2, [&](const Json& element) {
    const std::string* name = element.as_string();
    if (name == nullptr || (*name != "a" && *name != "v")) reader.bad("kinds");
    return name == nullptr ? std::string() : *name;
  });
  if (!rises(names, [](const std::string& name) { return name; })) reader.bad("kinds");
  Kinds kinds{};
  for (const std::string& name : names) (name == "a" ? kinds.audio : kinds.pictures) = true;
  return kinds;
}

RosterMember read_member(ObjectReader& reader) {
  RosterMember member;
  member.idx = reader.integer_as<std::uint8_t>("idx", 0, kIdxMax);
  member.ep = reader.bytes<16>("ep");
  member.role = static_cast<Role>(reader.integer("role", 1, 3));
  member.sig = reader.bytes<65>("sig");
  member.kem = reader.bytes<65>("kem");
  member.hello = reader.bytes<32>("hello");
  member.kinds = read_kinds(reader);
  return member;
}

RosterRecorder read_recorder(ObjectReader& reader) {
  RosterRecorder rec;
  reader.integer("idx", kRecorderIdx, kRecorderIdx);
  rec.kem = reader.bytes<65>("kem");
  rec.sig = reader.bytes<65>("sig");
  return rec;
}

CallMode read_mode(ObjectReader& reader) {
  std::string text = reader.text("mode", 1, 16);
  for (std::size_t i = 0; i < std::size(kModeNames); ++i) {
    if (text == kModeNames[i]) return static_cast<CallMode>(i);
  }
  reader.bad("mode");
  return CallMode::kOff;
}

void check_members(ObjectReader& reader, const std::vector<RosterMember>& members) {
  std::set<EndpointId> endpoints;
  for (const RosterMember& member : members) endpoints.insert(member.ep);
  if (members.empty() || endpoints.size() != members.size() ||
      !rises(members, [](const RosterMember& member) { return member.idx; })) {
    reader.bad("members");
  }
}

Roster read_roster(ObjectReader& reader) {
  Roster roster;
  roster.call = reader.bytes<16>("call");
  roster.meeting = reader.bytes<16>("meeting");
  roster.epoch = reader.integer_as<std::uint16_t>("epoch", 1, kEpochMax);
  roster.prev = reader.bytes<32>("prev");
  roster.type_id = reader.text("type_id", 36, 36);
  auto uuid = uuid_from_text(roster.type_id);
  if (!uuid || uuid_to_text(*uuid) != roster.type_id) reader.bad("type_id");
  roster.type_version = reader.integer_as<std::uint32_t>("type_version", 0, 0xFFFFFFFFu);
  roster.policy = reader.bytes<32>("policy");
  roster.steward = reader.integer_as<std::uint8_t>("steward", 0, kIdxMax);
  roster.members = reader.list("members", kMembersMax, [&](const Json& element) {
    return reader.object(element, "members", read_member);
  });
  check_members(reader, roster.members);
  roster.mode = read_mode(reader);
  const Json& rec = reader.member("rec");
  if (!rec.is_null()) roster.rec = reader.object(rec, "rec", read_recorder);
  roster.reason = reader.text("reason", 0, kReasonMax);
  roster.time_ms = reader.integer("t", 0, kTimeMax);
  return roster;
}

}  // namespace

const RosterMember* Roster::find(std::uint8_t idx) const {
  for (const RosterMember& member : members) {
    if (member.idx == idx) return &member;
  }
  return nullptr;
}

Hash256 start_hash(const CallId& call, const Hash256& policy, std::string_view type_id,
                   std::uint32_t type_version) {
  Bytes head = to_bytes("Parlour/1 start");
  Writer(head).u8(0).bytes(call).bytes(policy).text(type_id).u32(type_version);
  return crypto::sha256(head);
}

Result<Roster, MessageError> parse_roster(ByteView body) {
  return read_body(body, "Roster", read_roster);
}

Bytes encode(const Roster& roster) {
  JsonArray members;
  for (const RosterMember& member : roster.members) {
    JsonArray kinds;
    if (member.kinds.audio) kinds.push_back("a");
    if (member.kinds.pictures) kinds.push_back("v");
    members.push_back(JsonObject{{"idx", member.idx},
                                 {"ep", text_of(member.ep)},
                                 {"role", static_cast<int>(member.role)},
                                 {"sig", text_of(member.sig)},
                                 {"kem", text_of(member.kem)},
                                 {"hello", text_of(member.hello)},
                                 {"kinds", std::move(kinds)}});
  }
  Json rec;
  if (roster.rec) {
    rec = JsonObject{
        {"idx", kRecorderIdx}, {"kem", text_of(roster.rec->kem)}, {"sig", text_of(roster.rec->sig)}};
  }
  return body_bytes(JsonObject{{"call", text_of(roster.call)},
                               {"meeting", text_of(roster.meeting)},
                               {"epoch", roster.epoch},
                               {"prev", text_of(roster.prev)},
                               {"type_id", roster.type_id},
                               {"type_version", roster.type_version},
                               {"policy", text_of(roster.policy)},
                               {"steward", roster.steward},
                               {"members", std::move(members)},
                               {"mode", kModeNames[static_cast<std::size_t>(roster.mode)]},
                               {"rec", std::move(rec)},
                               {"reason", roster.reason},
                               {"t", roster.time_ms}});
}

SignedMessage sign(const Roster& roster, const EndpointId& steward, const crypto::P256Key& sig) {
  return sign_message(MessageType::kRoster, signer_of(steward), encode(roster), sig);
}

}  // namespace parlour::e2ee
