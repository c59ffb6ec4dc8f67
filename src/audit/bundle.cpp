#include "audit/format/bundle.h"

#include "audit/format/canonical.h"
#include "audit/format/text.h"
#include "audit/format/zip.h"
#include "base/encoding.h"
#include "base/json.h"

namespace parlour::audit {
namespace {

// A large bundle has one tile for every 256 entries, each with a line in the index.
constexpr std::size_t kIndexBytesMax = std::size_t{16} << 20;

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

namespace {

std::optional<BundleIndex::Member> member_from(std::string_view raw) {
  CanonicalReader reader(raw);
  BundleIndex::Member member;
  bool has_name = false, has_bytes = false;
  if (!reader.open_object()) return std::nullopt;
  for (std::string_view name; reader.next_member(name);) {
    const std::string_view value = reader.value();
    const auto integer = plain_integer(value);
    const auto text = plain_string(value);
    if (name == "name" && text) {
      member.name = *text;
      has_name = true;
    } else if (name == "bytes" && integer && *integer >= 0) {
      member.bytes = static_cast<std::uint64_t>(*integer);
      has_bytes = true;
    } else if (name == "crc32" && integer && *integer >= 0 && *integer <= 0xFFFFFFFF) {
      member.crc32 = static_cast<std::uint32_t>(*integer);
    } else if (name == "sha256" && text && is_sha256_hex(*text)) {
      // Lower case only: one value, one text.
      auto digest = from_hex(*text);
      std::memcpy(member.sha256.emplace().data(), digest->data(), 32);
    } else {
      return std::nullopt;
    }
  }
  if (reader.failed() || !has_name || !has_bytes || member.crc32.has_value() == member.sha256.has_value())
    return std::nullopt;
  return member;
}

}  // namespace

// In place: a tree of a large bundle's index would be larger than everything else of it.
std::optional<BundleIndex> bundle_index_from_json(std::string_view text) {
  if (text.size() > kIndexBytesMax || text.empty() || text.back() != '\n') return std::nullopt;
  text.remove_suffix(1);
  if (!is_canonical(text)) return std::nullopt;
  BundleIndex index;
  unsigned members = 0;
  bool format = false, origin = false, entries = false, listed = false;
  CanonicalReader reader(text);
  if (!reader.open_object()) return std::nullopt;
  for (std::string_view name; reader.next_member(name); ++members) {
    const std::string_view value = reader.value();
    if (name == "format") {
      format = plain_string(value) == kBundleFormat;
    } else if (name == "origin") {
      auto plain = plain_string(value);
      origin = plain.has_value();
      index.origin = plain.value_or("");
    } else if (name == "entries") {
      auto count = plain_integer(value);
      entries = count && *count >= 0;
      index.entries = static_cast<std::uint64_t>(count.value_or(0));
    } else if (name == "members") {
      listed = each_item(value, [&](std::string_view raw) {
        auto member = member_from(raw);
        if (!member || index.members.size() == ZipLimits{}.members) return false;
        index.members.push_back(std::move(*member));
        return true;
      });
    }
  }
  if (members != 4 || !format || !origin || !entries || !listed) return std::nullopt;
  return index;
}

}  // namespace parlour::audit
