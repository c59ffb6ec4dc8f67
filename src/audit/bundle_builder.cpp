#include "audit/bundle_builder.h"

#include <algorithm>
#include <tuple>

#include "audit/format/canonical.h"
#include "audit/format/entry.h"
#include "audit/format/text.h"
#include "audit/format/tiles.h"
#include "audit/format/zip.h"
#include "base/crc32.h"

namespace parlour::audit {

void BundleBuilder::add_entry(ByteView bytes) {
  starts_.push_back(entries_.size());
  append(entries_, bytes);
  entries_.push_back('\n');
  tree_.append(leaf_hash(bytes));
}

bool BundleBuilder::add_private_from(std::uint64_t seq, std::string_view field, const Salt& salt,
                                     std::string_view value) {
  if (seq >= starts_.size()) return false;
  std::string_view rest = as_text(entries_).substr(starts_[seq]);
  auto entry = read_entry(rest.substr(0, rest.find('\n')));
  auto raw = entry ? find_member(entry->data, field) : std::nullopt;
  auto json = parse_json(raw.value_or("null"));
  auto committed = json ? commitment_from_json(*json) : std::nullopt;
  PrivateRow row{seq, std::string(field), salt, Redacted<std::string>(harmless_text(value))};
  if (!committed || commit_field(field, row.value.reveal(), salt) != *committed) return false;
  private_rows_.push_back(std::move(row));
  return true;
}

void BundleBuilder::add_manifest(std::string_view recording_id, ByteView manifest) {
  manifests_.emplace_back(
      std::string(kManifestFolder) + std::string(recording_id) + std::string(kManifestEnding),
      to_bytes(manifest));
}

Result<Bytes, BundleFault> BundleBuilder::finish() {
  std::vector<std::pair<std::string, Bytes>> members;
  BundleIndex index;
  for (std::size_t i = 0; i < checkpoints_.size(); ++i) {
    auto note = parse_note(checkpoints_[i]);
    auto checkpoint = note ? parse_checkpoint_text(note->text) : std::nullopt;
    if (!checkpoint) return fail(BundleFault{"a checkpoint cannot be read"});
    if (i == 0) {
      if (checkpoint->size != tree_.size())
        return fail(BundleFault{"the head is of another size than the entries"});
      index.origin = checkpoint->origin;
    }
    if (checkpoint->size > tree_.size() || checkpoint->root != tree_.root(checkpoint->size))
      return fail(BundleFault{"a checkpoint does not fit the entries"});
    members.emplace_back(std::string(kCheckpointFolder) + std::to_string(checkpoint->size),
                         to_bytes(checkpoints_[i]));
  }

  for (const TileId& id : tiles_of(tree_.size())) {
    if (id.level > 0) break;  // the levels above follow from level 0
    auto bytes = make_tile(id, tree_.reader());
    if (!bytes) return fail(BundleFault{"a tile cannot be made"});
    members.emplace_back(tile_path(id), std::move(*bytes));
  }

  std::sort(private_rows_.begin(), private_rows_.end(), [](const PrivateRow& a, const PrivateRow& b) {
    return std::tie(a.seq, a.field) < std::tie(b.seq, b.field);
  });
  Bytes private_lines;
  for (const PrivateRow& row : private_rows_) append(private_lines, private_row_to_line(row) + "\n");
  members.emplace_back(std::string(kPrivateName), std::move(private_lines));

  for (auto& manifest : manifests_) members.push_back(std::move(manifest));

  index.entries = tree_.size();
  auto list = [&](std::string_view name, ByteView bytes) {
    BundleIndex::Member member{std::string(name), bytes.size(), std::nullopt, std::nullopt};
    if (name == kEntriesName) {
      member.crc32 = crc32(bytes);
    } else {
      member.sha256 = crypto::sha256(bytes);
    }
    index.members.push_back(std::move(member));
  };
  list(kReadmeName, as_bytes(bundle_readme()));
  list(kEntriesName, entries_);
  for (const auto& [name, bytes] : members) list(name, bytes);

  ZipWriter zip;
  bool whole = zip.add(kReadmeName, as_bytes(bundle_readme())) &&
               zip.add(kIndexName, as_bytes(bundle_index_to_json(index))) && zip.add(kEntriesName, entries_);
  for (const auto& [name, bytes] : members) whole = whole && zip.add(name, bytes);
  if (!whole)
    return fail(BundleFault{"a part has an unsafe or repeated name, or the bundle is too large for ZIP"});
  return zip.finish();
}

}  // namespace parlour::audit
