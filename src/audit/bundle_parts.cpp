// What a bundle holds beside the entries and their heads: disclosed values, manifests, and the parts that
// only help a reader.
#include <algorithm>

#include "audit/format/bundle.h"
#include "audit/format/private_row.h"
#include "audit/format/text.h"
#include "audit/format/tiles.h"
#include "base/crc32.h"
#include "base/encoding.h"
#include "base/json.h"
#include "bundle_check.h"
#include "entry_values.h"
#include "manifest_check.h"

namespace parlour::audit {
namespace {

// A row of private.jsonl holds one value of an entry.
constexpr std::size_t kPrivateLineMax = 4 * kEntryBytesMax;

}  // namespace

std::optional<Hash256> BundleCheck::committed(std::uint64_t seq, std::string_view field) {
  auto entry = entry_of(seq);
  auto raw = entry ? find_member(entry->data, field) : std::nullopt;
  auto json = raw ? parse_json(*raw) : Result<Json, JsonError>(Json());
  return json ? commitment_from_json(*json) : std::nullopt;
}

void BundleCheck::check_private_rows() {
  const ZipMember* found = member(kPrivateName);
  std::string_view text = found != nullptr ? as_text(found->content) : "";
  std::uint64_t rows = 0;
  std::optional<std::pair<std::uint64_t, std::string>> last;
  while (!text.empty()) {
    const std::size_t end = find_newline(text, 0, options_.trim);
    auto row = end < text.size() && end <= kPrivateLineMax ? private_row_from_line(text.substr(0, end))
                                                           : std::nullopt;
    ++rows;
    read_on(std::min(end + 1, text.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!row) {
      if (takes(Status::kCommitment))
        keep(Status::kCommitment, std::nullopt, "Line " + number(rows) + " of private.jsonl cannot be read.");
      continue;
    }
    std::string name = harmless_text(row->field, kCodeBytesMax);
    std::pair<std::uint64_t, std::string> place{row->seq, row->field};
    if (last && place <= *last) {
      // And not looked up: whoever shuffles a million rows would have the log read a million times.
      if (takes(Status::kCommitment))
        keep(Status::kCommitment, row->seq,
             "Line " + number(rows) + " of private.jsonl (" + name + " of entry " + number(row->seq) +
                 ") is out of order.");
      continue;
    }
    last = std::move(place);
    auto commitment = committed(row->seq, row->field);
    if (!commitment) {
      if (takes(Status::kCommitment))
        keep(Status::kCommitment, row->seq,
             "Entry " + number(row->seq) + " has no committed value " + name +
                 ", but one is disclosed for it.");
    } else if (commit_field(row->field, row->value.reveal(), row->salt) != *commitment) {
      if (takes(Status::kCommitment))
        keep(Status::kCommitment, row->seq,
             "The disclosed " + name + " of entry " + number(row->seq) +
                 " is not the value that was committed.");
    }
  }
  if (rows < commitments_)
    not_checked(
        number(commitments_ - rows) +
        " personal values: they are not disclosed in this bundle, the log holds only their salted hashes.");
}

// Whose manifest a part is, by its name.
std::string_view BundleCheck::recording_of(const ZipMember& manifest) {
  std::string_view id = manifest.name;
  id.remove_prefix(kManifestFolder.size());
  if (id.size() > kManifestEnding.size() && id.substr(id.size() - kManifestEnding.size()) == kManifestEnding)
    id.remove_suffix(kManifestEnding.size());
  return id;
}

// In the order of the entries that name them, so that each block of the log is read anew once.
void BundleCheck::check_manifests() {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (members_[i].name.substr(0, kManifestFolder.size()) != kManifestFolder) continue;
    const auto known = completeness_.verified_recording(recording_of(members_[i]));
    order.emplace_back(known ? known->verified_seq : UINT64_MAX, i);
  }
  std::sort(order.begin(), order.end());
  const std::uint64_t present = order.size();
  for (const auto& [seq, at] : order) {
    check_manifest(members_[at], recording_of(members_[at]));
    read_on(members_[at].content.size());
  }
  const std::uint64_t verified = completeness_.verified_recordings();
  if (present < verified)
    not_checked("The manifests of " + number(verified - present) +
                " verified recordings: they are not in this bundle.");
  if (present > 0 && !recorder_key_)
    not_checked("The signatures of " + number(present) +
                " manifests: this log does not name the recorder's key (an older version wrote it).");
  if (verified > 0)
    not_checked(
        "The recordings themselves: sound and pictures are not in a bundle; their hashes stand in the "
        "manifests.");
}

// Against the log's entries, and under the recorder's key that the log names: never one from the bundle.
void BundleCheck::check_manifest(const ZipMember& member, std::string_view id) {
  auto known = completeness_.verified_recording(id);
  if (!known) {
    fault(Status::kManifest, std::nullopt, member.name + " belongs to no verified recording of the log.",
          false, "manifest.unknown");
    return;
  }
  const std::uint64_t seq = known->verified_seq;
  auto verified = entry_of(seq);
  auto hash = verified ? find_member(verified->data, "manifest_sha256") : std::nullopt;
  if (!hash || to_hex(hash_of(member)) != plain_string(*hash).value_or("")) {
    fault(Status::kManifest, seq, member.name + " is not the manifest that entry " + number(seq) + " names.",
          false, "manifest.hash");
    return;
  }
  SealedEntry sealed;
  auto sealed_entry = known->sealed_seq != completeness::kNoSeq ? entry_of(known->sealed_seq) : std::nullopt;
  if (sealed_entry)
    sealed = {known->sealed_seq, tree_.leaf(known->sealed_seq), std::string(sealed_entry->data)};
  // The line of the verified entry is read anew: the one of the sealed entry may have taken its place.
  verified = entry_of(seq);
  const ManifestVerdict verdict = check_manifest_text(
      as_text(member.content), id, known->meeting, sealed_entry ? std::optional(sealed) : std::nullopt,
      verified ? verified->data : std::string_view("{}"), recorder_key_);
  if (!verdict.fault.empty())
    fault(Status::kManifest, seq, member.name + ": " + verdict.fault + ".", false, verdict.fault_code);
  for (Finding finding : verdict.findings) completeness_.contradicted(id, finding);
}

void BundleCheck::check_helping_parts() {
  // The checksum over the entries would cost a quarter of the whole run and say less than the signed root:
  // for them bundle.json repeats what the headers must say (check_index).
  for (const ZipMember& member : members_) {
    if (member.name == kEntriesName) continue;
    std::uint32_t crc = 0;
    for (std::size_t at = 0; at < member.content.size(); at += kTrimEvery) {
      const ByteView piece = member.content.subspan(at, std::min(kTrimEvery, member.content.size() - at));
      crc = crc32(piece, crc);
      read_on(piece.size());
    }
    if (crc != member.crc32)
      helping_fault(Status::kUsage, member.name + ": the container's checksum is wrong.");
  }
  const ZipMember* readme = member(kReadmeName);
  if (readme == nullptr || as_text(readme->content) != bundle_readme())
    helping_fault(Status::kMalformed, "README.txt is missing or was changed.");
  check_index();
  check_tiles();
}

void BundleCheck::check_index() {
  const ZipMember* found = member(kIndexName);
  auto index = found != nullptr ? bundle_index_from_json(as_text(found->content)) : std::nullopt;
  if (!index) {
    helping_fault(Status::kMalformed, "bundle.json is missing or cannot be read.");
    return;
  }
  if (index->entries != lines() || (head_ != nullptr && index->origin != head_->checkpoint.origin))
    helping_fault(Status::kMalformed, "bundle.json speaks of another log or another number of entries.");
  auto status_of = [](std::string_view name) {
    auto in = [&](std::string_view folder) { return name.substr(0, folder.size()) == folder; };
    if (in(kCheckpointFolder)) return Status::kSignature;
    if (name == kPrivateName) return Status::kCommitment;
    if (in(kManifestFolder)) return Status::kManifest;
    return Status::kMalformed;
  };
  std::vector<bool> listed(members_.size());
  for (const BundleIndex::Member& one : index->members) {
    const std::string name = harmless_text(one.name, kCodeBytesMax);
    const ZipMember* part = member(one.name);
    if (part == nullptr) {
      helping_fault(status_of(one.name), name + " is missing.");
      continue;
    }
    const auto place = static_cast<std::size_t>(part - members_.data());
    if (listed[place]) helping_fault(Status::kMalformed, "bundle.json lists " + name + " twice.");
    listed[place] = true;
    bool same = part->content.size() == one.bytes;
    if (one.name == kEntriesName) {
      same = same && one.crc32 == part->crc32;
    } else {
      same = same && one.sha256 == hash_of(*part);
    }
    if (!same) helping_fault(status_of(one.name), name + " is not what bundle.json says.");
  }
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (members_[i].name != kIndexName && !listed[i])
      helping_fault(status_of(members_[i].name), members_[i].name + " is not a part that bundle.json lists.");
}

// In pieces, so that a large part need not be in memory at once.
Hash256 BundleCheck::hash_of(const ZipMember& part) {
  crypto::Sha256 hash;
  for (std::size_t at = 0; at < part.content.size(); at += kTrimEvery) {
    const ByteView piece = part.content.subspan(at, std::min(kTrimEvery, part.content.size() - at));
    hash.update(piece);
    read_on(piece.size());
  }
  return hash.finish();
}

void BundleCheck::check_tiles() {
  if (head_ == nullptr || !root_matches_ || lines() != head_->checkpoint.size) return;
  if (!tiles_whole_ || other_tiles_count_ > 0)
    helping_fault(Status::kMalformed, "The tiles are missing or are not those of the entries.");
}

}  // namespace parlour::audit
