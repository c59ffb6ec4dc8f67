#include "e2ee/call_code.h"

#include <algorithm>

namespace parlour::e2ee {
namespace {

constexpr std::string_view kCodeLabel = "Parlour/1 code";
constexpr std::uint32_t kCodeRounds = 100'000;
constexpr std::size_t kGroupBytes = 5;
constexpr std::uint64_t kGroupModulus = 100'000;

Hash256 link_proof(ByteView secret, std::string_view side, const Hash256& subject) {
  constexpr std::uint8_t kZero[] = {0};
  return crypto::hmac_sha256(secret, {as_bytes("Parlour/1 link"), kZero, as_bytes(side), subject});
}

}  // namespace

Hash256 root_fingerprint(const P256Point& root) {
  return crypto::sha256(root);
}

CallCode call_code(const Hash256& root_fingerprint, const Roster& roster) {
  std::vector<Bytes> members;
  for (const RosterMember& member : roster.members) {
    Bytes bytes;
    Writer(bytes).u8(static_cast<std::uint8_t>(member.role)).bytes(member.sig).bytes(member.kem);
    members.push_back(std::move(bytes));
  }
  std::sort(members.begin(), members.end());
  Bytes input = to_bytes(kCodeLabel);
  Writer writer(input);
  writer.u8(0)
      .bytes(roster.call)
      .bytes(root_fingerprint)
      .bytes(roster.policy)
      .text(roster.type_id)
      .u32(roster.type_version);
  for (const Bytes& member : members) writer.bytes(member);
  Hash256 x = crypto::sha256(input);
  CallCode code{};
  crypto::Secret stretched =
      crypto::pbkdf2_sha256(x, as_bytes(kCodeLabel), kCodeRounds, kGroupBytes * code.size());
  Reader reader(stretched.view());
  for (std::uint32_t& group : code) {
    std::uint64_t high = reader.u8();
    group = static_cast<std::uint32_t>((high << 32 | reader.u32()) % kGroupModulus);
  }
  return code;
}

std::string to_text(const CallCode& code) {
  std::string text;
  for (std::uint32_t group : code) {
    if (!text.empty()) text += ' ';
    std::string digits = std::to_string(group);
    text += std::string(5 - digits.size(), '0') + digits;
  }
  return text;
}

Hash256 link_proof_of_customer(ByteView link_secret, const Hash256& bind) {
  return link_proof(link_secret, "C", bind);
}
Hash256 link_proof_of_steward(ByteView link_secret, const Hash256& roster) {
  return link_proof(link_secret, "A", roster);
}

}  // namespace parlour::e2ee
