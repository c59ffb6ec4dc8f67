#include "audit/format/bundle.h"

#include "audit/format/canonical.h"
#include "audit/format/text.h"
#include "base/encoding.h"
#include "base/json.h"

namespace parlour::audit {
namespace {

// A large bundle has one tile for every 256 entries, each with a line in the index.
constexpr JsonLimits kIndexLimits{.bytes = 32 * 1024 * 1024, .depth = 4, .values = 1'000'000};

}  // namespace

std::string_view bundle_readme() {
  return R"(Parlour audit bundle, format 1

What this is
  An export of the audit log of one organisation: every entry from the first one, the exact bytes that were
  written, and the signed head of the log at the moment of the export.

How to check it
  parlour audit verify BUNDLE.zip --key KEY
  It needs no network and no database. KEY is the log's public key. Take it from somewhere else than this file:
  the organisation printed it at set-up and prints it on receipts. A key that comes with the data proves nothing.
  If you kept a head of this log from an earlier day, give it too (--since FILE). Only then can a log that was
  rolled back or replaced since that day be told from the true one.

What it can show
  Any change, removal or re-ordering of an entry covered by a checkpoint is detected by anyone who holds that
  checkpoint, without trusting us or the operator. It cannot show that something never logged took place.

What is inside
  bundle.json           the list of the parts
  checkpoints/          signed heads of the log (C2SP checkpoint, Ed25519)
  entries.jsonl         the entries, one a line, canonical JSON (RFC 8785)
  tile/0/               hashes of the entries (RFC 6962, C2SP tiles): they tell which entry was changed
  private.jsonl         personal values that the reader of this export may see; the log holds only salted hashes
  manifests/            signed descriptions of recordings
)";
}

std::string bundle_index_to_json(const BundleIndex& index) {
  JsonArray members;
  for (const BundleIndex::Member& member : index.members) {
    JsonObject object{{"bytes", member.bytes}, {"name", member.name}};
    if (member.crc32) object.emplace_back("crc32", *member.crc32);
    if (member.sha256) object.emplace_back("sha256", to_hex(*member.sha256));
    members.emplace_back(std::move(object));
  }
  return write_json_canonical(JsonObject{{"entries", index.entries},
                                         {"format", kBundleFormat},
                                         {"members", std::move(members)},
                                         {"origin", index.origin}}) +
         "\n";
}

std::optional<BundleIndex> bundle_index_from_json(std::string_view text) {
  if (text.empty() || text.back() != '\n') return std::nullopt;
  text.remove_suffix(1);
  if (!is_canonical(text)) return std::nullopt;
  auto json = parse_json(text, kIndexLimits);
  if (!json || json->string_or("format") != kBundleFormat) return std::nullopt;
  const Json *entries = json->find("entries"), *origin = json->find("origin"),
             *members = json->find("members");
  if (json->as_object()->size() != 4 || entries == nullptr || !entries->is_integer() ||
      *entries->as_integer() < 0 || origin == nullptr || !origin->is_string() || members == nullptr ||
      !members->is_array())
    return std::nullopt;
  BundleIndex index;
  index.origin = *origin->as_string();
  index.entries = static_cast<std::uint64_t>(*entries->as_integer());
  for (const Json& item : *members->as_array()) {
    BundleIndex::Member member;
    const Json *name = item.find("name"), *bytes = item.find("bytes"), *hash = item.find("sha256"),
               *crc = item.find("crc32");
    if (name == nullptr || !name->is_string() || bytes == nullptr || !bytes->is_integer() ||
        *bytes->as_integer() < 0 || (hash == nullptr) == (crc == nullptr) || item.as_object()->size() != 3)
      return std::nullopt;
    member.name = *name->as_string();
    member.bytes = static_cast<std::uint64_t>(*bytes->as_integer());
    if (crc != nullptr) {
      std::int64_t value = crc->is_integer() ? *crc->as_integer() : -1;
      if (value < 0 || value > 0xFFFFFFFF) return std::nullopt;
      member.crc32 = static_cast<std::uint32_t>(value);
    } else {
      // Lower case only: one value, one text.
      if (!hash->is_string() || !is_sha256_hex(*hash->as_string())) return std::nullopt;
      auto digest = from_hex(*hash->as_string());
      std::memcpy(member.sha256.emplace().data(), digest->data(), 32);
    }
    index.members.push_back(std::move(member));
  }
  return index;
}

}  // namespace parlour::audit
