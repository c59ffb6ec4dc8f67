#include "audit/verify/verify_bundle.h"

#include <algorithm>
#include <map>

#include "audit/format/bundle.h"
#include "audit/format/canonical.h"
#include "audit/format/checkpoint.h"
#include "audit/format/entry.h"
#include "audit/format/merkle.h"
#include "audit/format/private_row.h"
#include "audit/format/text.h"
#include "audit/format/tiles.h"
#include "audit/format/zip.h"
#include "base/encoding.h"
#include "entry_blocks.h"

namespace parlour::audit {
namespace {

constexpr std::size_t kFaultsMax = 1000;

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

// One run of the verifier. Each check_… adds faults and lets the next go on as far as that means anything:
// the status is chosen at the end, by order, from all that was found.
class BundleCheck {
 public:
  BundleCheck(ByteView bundle, const VerifyOptions& options)
      : bundle_(bundle), options_(options), completeness_(options.completeness) {}

  Report run() {
    if (open_container()) {
      find_head();
      check_entries();
      check_size_and_root();
      check_signatures();
      check_known_heads();
      check_since();
      check_private_rows();
      check_manifests();
      check_completeness();
      check_helping_parts();
    }
    conclude();
    return std::move(report_);
  }

 private:
  struct Head {
    std::string name;
    std::string note;
    Checkpoint checkpoint;
    bool signed_by_key = false;
  };

  void fault(Status status, std::optional<std::uint64_t> seq, std::string text, bool helping_part = false) {
    ++report_.fault_count;
    // A later check may outrank a thousand faults of an earlier one: each status always keeps its first.
    bool first_of_status = std::none_of(
        report_.faults.begin(), report_.faults.end(),
        [&](const Fault& known) { return known.status == status && known.helping_part == helping_part; });
    if (report_.faults.size() < kFaultsMax || first_of_status)
      report_.faults.push_back({status, seq, std::move(text), helping_part});
  }
  void helping_fault(Status status, std::string text) { fault(status, std::nullopt, std::move(text), true); }
  void not_checked(std::string sentence) { report_.not_checked.push_back(std::move(sentence)); }

  bool open_container();
  void find_head();
  void check_entries();
  void check_entry(const EntryView& entry, std::uint64_t position);
  void check_size_and_root();
  void locate_alteration();
  void check_signatures();
  void check_known_heads();
  void check_since();
  void check_private_rows();
  std::optional<Hash256> committed(std::uint64_t seq, std::string_view field) const;
  void check_manifests();
  void check_completeness();
  void check_helping_parts();
  void check_index();
  void check_tiles();
  void conclude();

  std::string_view line(std::uint64_t position) const {
    std::uint64_t begin = line_starts_[position], end = line_starts_[position + 1] - 1;
    return as_text(entries_.subspan(begin, end - begin));
  }
  std::uint64_t lines() const { return tree_.size(); }
  // The leaf hashes of the tiles; empty when they are missing or do not fit together.
  std::vector<Hash256> tile_leaves() const;

  ByteView bundle_;
  const VerifyOptions& options_;
  Report report_;

  std::vector<ZipMember> members_;
  std::map<std::string_view, const ZipMember*> by_name_;
  ByteView entries_;
  std::vector<Head> heads_;     // readable checkpoints of the bundle
  const Head* head_ = nullptr;  // the largest of them
  MerkleTree tree_;
  std::vector<std::uint64_t> line_starts_;  // and one past the end
  bool root_matches_ = false;
  std::uint64_t commitments_ = 0;
  UtcTime latest_{INT64_MIN};
  std::uint64_t future_entries_ = 0;
  struct LoggedHead {
    std::uint64_t seq, size;
    Hash256 root;
  };
  std::vector<LoggedHead> logged_heads_;  // from audit.checkpoint entries
  CompletenessAudit completeness_;
};

bool BundleCheck::open_container() {
  auto members = read_zip(bundle_);
  if (!members) {
    fault(Status::kUsage, std::nullopt,
          "Not an audit bundle: " + members.error().reason + " (at byte " + number(members.error().offset) +
              ").");
    return false;
  }
  members_ = std::move(*members);
  for (const ZipMember& member : members_) by_name_[member.name] = &member;
  auto entries = by_name_.find(kEntriesName);
  if (entries == by_name_.end()) {
    fault(Status::kUsage, std::nullopt, "Not an audit bundle: it has no entries.jsonl.");
    return false;
  }
  entries_ = entries->second->content;
  return true;
}

void BundleCheck::find_head() {
  for (const ZipMember& member : members_) {
    if (member.name.substr(0, kCheckpointFolder.size()) != kCheckpointFolder) continue;
    auto note = parse_note(as_text(member.content));
    auto checkpoint = note ? parse_checkpoint_text(note->text) : std::nullopt;
    if (!checkpoint) {
      fault(Status::kSignature, std::nullopt, member.name + " is not a signed head.");
      continue;
    }
    heads_.push_back({member.name, to_string(member.content), std::move(*checkpoint)});
  }
  for (const Head& head : heads_)
    if (head_ == nullptr || head.checkpoint.size > head_->checkpoint.size) head_ = &head;
  if (head_ != nullptr) report_.head = head_->checkpoint;
  if (heads_.empty())
    fault(Status::kSignature, std::nullopt, "The bundle has no signed head that can be read.");
}

void BundleCheck::check_entries() {
  std::string_view text = as_text(entries_);
  // As many as the head says, but not more than could be there: an entry has more than 250 bytes.
  std::uint64_t likely =
      std::min<std::uint64_t>(head_ != nullptr ? head_->checkpoint.size : 0, text.size() / 250);
  tree_.reserve(likely);
  line_starts_.reserve(likely + 1);
  bool cut = false;  // the last line has no end
  for (std::size_t at = 0; at < text.size();) {
    line_starts_.push_back(at);
    std::size_t end = text.find('\n', at);
    cut = end == std::string_view::npos;
    at = (cut ? text.size() : end) + 1;
    if (at >= text.size()) line_starts_.push_back(at);
  }
  if (line_starts_.empty()) line_starts_.push_back(0);
  const std::uint64_t last = line_starts_.size() - 2;  // beyond everything when there is no line

  std::uint64_t expected = 0, position = 0;
  for (EntryBlocks blocks(text, line_starts_, options_.threads); blocks.more();) {
    std::unique_ptr<EntryBlock> block = blocks.take();
    tree_.append(block->subtree);
    for (const Hash256& leaf : block->leaves) tree_.append(leaf);
    for (const auto& entry : block->entries) {
      const bool without_end = cut && position == last;
      if (without_end || !entry) {
        fault(Status::kMalformed, position,
              "Line " + number(position + 1) + " is not an entry: " +
                  (entry ? "the line has no end" : std::string(entry.error().reason)) + ".");
        ++expected;
      } else {
        if (entry->seq != expected)
          fault(Status::kSequence, expected,
                "Line " + number(position + 1) + " holds entry " + number(entry->seq) + " where entry " +
                    number(expected) + " must stand.");
        expected = entry->seq + 1;
        check_entry(*entry, position);
      }
      ++position;
    }
  }
  report_.entries = lines();
}

void BundleCheck::check_entry(const EntryView& entry, std::uint64_t position) {
  commitments_ += entry.commitments;
  if (entry.time + options_.time_tolerance < latest_)
    fault(Status::kTimeBackwards, entry.seq,
          "Entry " + number(entry.seq) + " has a time (" + to_rfc3339(entry.time) +
              ") before that of an entry before it (" + to_rfc3339(latest_) + ").");
  latest_ = std::max(latest_, entry.time);
  if (options_.now && entry.time > *options_.now + options_.time_tolerance) ++future_entries_;
  completeness_.observe(entry);
  if (entry.type == "audit.checkpoint") {
    auto size = find_member(entry.data, "size"), root = find_member(entry.data, "root");
    const std::int64_t size_value = size ? plain_integer(*size).value_or(-1) : -1;
    auto root_bytes = root ? from_hex(plain_string(*root).value_or("")) : std::nullopt;
    if (size_value >= 0 && root_bytes && root_bytes->size() == 32) {
      LoggedHead logged{entry.seq, static_cast<std::uint64_t>(size_value), {}};
      std::memcpy(logged.root.data(), root_bytes->data(), 32);
      logged_heads_.push_back(logged);
    }
  } else if (entry.type == "log.key" && position == 0 && !options_.keys.empty()) {
    auto raw = find_member(entry.data, "key_id");
    std::string_view id = raw ? plain_string(*raw).value_or("") : "";
    bool known = std::any_of(options_.keys.begin(), options_.keys.end(),
                             [&](const VerifierKey& key) { return key.id_text() == id; });
    if (!known)
      fault(Status::kSignature, entry.seq,
            "The log was begun with another key (" + harmless_text(id, 16) + ") than the pinned one.");
  }
}

void BundleCheck::check_size_and_root() {
  if (head_ == nullptr) return;
  std::uint64_t size = head_->checkpoint.size;
  if (lines() != size)
    fault(Status::kSequence, std::min(lines(), size),
          "The signed head covers " + number(size) + " entries, the bundle holds " + number(lines()) + ".");
  if (lines() < size) return;
  root_matches_ = tree_.root(size) == head_->checkpoint.root;
  if (!root_matches_) locate_alteration();
}

void BundleCheck::locate_alteration() {
  const Checkpoint& head = head_->checkpoint;
  std::vector<Hash256> leaves = tile_leaves();
  MerkleTree tiles;
  for (const Hash256& leaf : leaves) tiles.append(leaf);
  // The tiles can be asked only when they are what was signed.
  if (tiles.size() == head.size && tiles.root() == head.root) {
    std::uint64_t altered = 0;
    for (std::uint64_t i = 0; i < head.size; ++i) {
      if (tree_.node(0, i) == leaves[i]) continue;
      if (++altered <= 100) fault(Status::kAltered, i, "Entry " + number(i) + " is not what was signed.");
    }
    return;
  }
  // Otherwise older heads narrow it down: what they cover and find unchanged is not it.
  std::uint64_t good = 0;
  for (const Head& older : heads_)
    if (older.checkpoint.size < head.size && tree_.root(older.checkpoint.size) == older.checkpoint.root)
      good = std::max(good, older.checkpoint.size);
  for (const LoggedHead& logged : logged_heads_)
    if (logged.size < head.size && tree_.root(logged.size) == logged.root) good = std::max(good, logged.size);
  fault(Status::kAltered, std::nullopt,
        "The entries are not what was signed: the root over them differs from the head's. The change lies in "
        "entries " +
            number(good) + " to " + number(head.size == 0 ? 0 : head.size - 1) +
            "; the bundle does not tell which.");
}

void BundleCheck::check_signatures() {
  if (options_.keys.empty()) {
    fault(Status::kSignature, std::nullopt,
          "The key is not pinned: give the log's public key (--key) from somewhere else than this bundle.");
    return;
  }
  for (Head& head : heads_) {
    auto opened = open_checkpoint(head.note, options_.keys);
    head.signed_by_key = opened.has_value();
    if (!opened)
      fault(Status::kSignature, std::nullopt,
            "The head over " + number(head.checkpoint.size) +
                " entries: " + std::string(to_text(opened.error())) + ".");
  }
}

void BundleCheck::check_known_heads() {
  // With an altered entry every head after it differs; only a log that fits its own head can be said to
  // contradict others.
  if (!root_matches_) return;
  for (const Head& head : heads_) {
    const Checkpoint& checkpoint = head.checkpoint;
    if (&head == head_ || !head.signed_by_key || checkpoint.size > lines()) continue;
    if (checkpoint.origin != head_->checkpoint.origin || tree_.root(checkpoint.size) != checkpoint.root)
      fault(
          Status::kFork, std::nullopt,
          "The log is not an extension of its own signed head over " + number(checkpoint.size) + " entries.");
  }
  for (const LoggedHead& logged : logged_heads_)
    if (logged.size > logged.seq || tree_.root(logged.size) != logged.root)
      fault(Status::kFork, logged.seq,
            "Entry " + number(logged.seq) + " names a head over " + number(logged.size) +
                " entries that this log does not have.");
}

void BundleCheck::check_since() {
  if (!options_.since) {
    not_checked("Rollback and replacement: no head from an earlier day was given (--since).");
    return;
  }
  auto note = parse_note(*options_.since);
  auto held = note ? parse_checkpoint_text(note->text) : std::nullopt;
  if (!held) {
    fault(Status::kUsage, std::nullopt, "The head given with --since cannot be read.");
    return;
  }
  if (!options_.keys.empty()) {
    auto opened = open_checkpoint(*options_.since, options_.keys);
    if (!opened)
      fault(Status::kSignature, std::nullopt,
            "The head given with --since: " + std::string(to_text(opened.error())) + ".");
  }
  if (head_ == nullptr) return;
  if (held->origin != head_->checkpoint.origin) {
    fault(Status::kFork, std::nullopt, "The head given with --since is of another log.");
  } else if (held->size > head_->checkpoint.size) {
    fault(Status::kFork, head_->checkpoint.size,
          "Rolled back: the log had " + number(held->size) + " entries before, this head covers " +
              number(head_->checkpoint.size) + ".");
  } else if (held->size > lines()) {
    not_checked("Whether this log extends the head given with --since: entries are missing.");
  } else if (tree_.root(held->size) != held->root) {
    fault(
        Status::kFork, std::nullopt,
        "Forked: the first " + number(held->size) + " entries are not those of the head given with --since.");
  }
}

std::optional<Hash256> BundleCheck::committed(std::uint64_t seq, std::string_view field) const {
  if (seq >= lines()) return std::nullopt;
  auto entry = read_entry(line(seq));
  if (!entry || entry->seq != seq) return std::nullopt;
  auto raw = find_member(entry->data, field);
  auto json = raw ? parse_json(*raw) : Result<Json, JsonError>(Json());
  return json ? commitment_from_json(*json) : std::nullopt;
}

void BundleCheck::check_private_rows() {
  auto found = by_name_.find(kPrivateName);
  std::string_view text = found != by_name_.end() ? as_text(found->second->content) : "";
  std::uint64_t rows = 0;
  std::optional<std::pair<std::uint64_t, std::string>> last;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    auto row = end != std::string_view::npos ? private_row_from_line(text.substr(0, end)) : std::nullopt;
    ++rows;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!row) {
      fault(Status::kCommitment, std::nullopt, "Line " + number(rows) + " of private.jsonl cannot be read.");
      continue;
    }
    std::string name = harmless_text(row->field, kCodeBytesMax);
    std::pair<std::uint64_t, std::string> place{row->seq, row->field};
    if (last && place <= *last)
      fault(Status::kCommitment, row->seq,
            "Line " + number(rows) + " of private.jsonl (" + name + " of entry " + number(row->seq) +
                ") is out of order.");
    last = std::move(place);
    auto commitment = committed(row->seq, row->field);
    if (!commitment) {
      fault(
          Status::kCommitment, row->seq,
          "Entry " + number(row->seq) + " has no committed value " + name + ", but one is disclosed for it.");
    } else if (commit_field(row->field, row->value.reveal(), row->salt) != *commitment) {
      fault(Status::kCommitment, row->seq,
            "The disclosed " + name + " of entry " + number(row->seq) +
                " is not the value that was committed.");
    }
  }
  if (rows < commitments_)
    not_checked(
        number(commitments_ - rows) +
        " personal values: they are not disclosed in this bundle, the log holds only their salted hashes.");
}

void BundleCheck::check_manifests() {
  std::uint64_t present = 0;
  for (const ZipMember& member : members_) {
    std::string_view id = member.name;
    if (id.substr(0, kManifestFolder.size()) != kManifestFolder) continue;
    id.remove_prefix(kManifestFolder.size());
    if (id.size() > kManifestEnding.size() &&
        id.substr(id.size() - kManifestEnding.size()) == kManifestEnding)
      id.remove_suffix(kManifestEnding.size());
    ++present;
    auto known = completeness_.manifests().find(id);
    if (known == completeness_.manifests().end()) {
      fault(Status::kManifest, std::nullopt, member.name + " belongs to no verified recording of the log.");
    } else if (to_hex(crypto::sha256(member.content)) != known->second.sha256_hex) {
      fault(Status::kManifest, known->second.seq,
            member.name + " is not the manifest that entry " + number(known->second.seq) + " names.");
    }
  }
  if (present < completeness_.manifests().size())
    not_checked("The manifests of " + number(completeness_.manifests().size() - present) +
                " verified recordings: they are not in this bundle.");
  if (!completeness_.manifests().empty())
    not_checked(
        "The recordings themselves: sound and pictures are not in a bundle; their hashes stand in the "
        "manifests.");
}

void BundleCheck::check_completeness() {
  report_.completeness = completeness_.finish();
  for (const MeetingCoverage& meeting : report_.completeness.meetings)
    if (meeting.coverage == Coverage::kViolation)
      fault(Status::kIncomplete, meeting.started_seq,
            "Meeting " + meeting.meeting + ": " + meeting.reason + ".");
  if (report_.completeness.pending > 0)
    not_checked(number(report_.completeness.pending) +
                " meetings that must be recorded: they had not ended, or their recordings were not yet "
                "verified, when "
                "the log was exported.");
  if (!report_.completeness.open_requests.empty())
    not_checked(number(report_.completeness.open_requests.size()) +
                " requests to play or download have no end in the log (the first is entry " +
                number(report_.completeness.open_requests.front().first) + ").");
  if (future_entries_ > 0)
    not_checked(number(future_entries_) +
                " entries have times after now by this computer's clock: one clock is wrong.");
  not_checked("Witnesses and time stamps: this version of the log has none.");
}

std::vector<Hash256> BundleCheck::tile_leaves() const {
  std::vector<Hash256> leaves;
  if (head_ == nullptr) return leaves;
  std::uint64_t size = head_->checkpoint.size;
  // Never more than the bundle can hold, whatever a forged head says.
  if (size > bundle_.size() / 32) return leaves;
  leaves.reserve(size);
  for (std::uint64_t index = 0; index * kTileWidth < size; ++index) {
    TileId id{0, index, std::min(kTileWidth, size - index * kTileWidth)};
    std::string path = tile_path(id);
    auto found = by_name_.find(path);
    if (found == by_name_.end() || found->second->content.size() != id.width * 32) return {};
    for (std::uint64_t i = 0; i < id.width; ++i)
      std::memcpy(leaves.emplace_back().data(), found->second->content.data() + i * 32, 32);
  }
  return leaves;
}

void BundleCheck::check_helping_parts() {
  // The checksum over the entries would cost a quarter of the whole run and say less than the signed root:
  // for them bundle.json repeats what the headers must say (check_index).
  for (const ZipMember& member : members_)
    if (member.name != kEntriesName && !crc_matches(member))
      helping_fault(Status::kUsage, member.name + ": the container's checksum is wrong.");
  auto readme = by_name_.find(kReadmeName);
  if (readme == by_name_.end() || as_text(readme->second->content) != bundle_readme())
    helping_fault(Status::kMalformed, "README.txt is missing or was changed.");
  check_index();
  check_tiles();
}

void BundleCheck::check_index() {
  auto found = by_name_.find(kIndexName);
  auto index =
      found != by_name_.end() ? bundle_index_from_json(as_text(found->second->content)) : std::nullopt;
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
  std::map<std::string_view, const BundleIndex::Member*> listed;
  for (const BundleIndex::Member& member : index->members) {
    std::string name = harmless_text(member.name, kCodeBytesMax);
    if (!listed.emplace(member.name, &member).second)
      helping_fault(Status::kMalformed, "bundle.json lists " + name + " twice.");
    auto part = by_name_.find(member.name);
    if (part == by_name_.end()) {
      helping_fault(status_of(member.name), name + " is missing.");
      continue;
    }
    bool same = part->second->content.size() == member.bytes;
    if (member.name == kEntriesName) {
      same = same && member.crc32 == part->second->crc32;
    } else {
      same = same && member.sha256 == crypto::sha256(part->second->content);
    }
    if (!same) helping_fault(status_of(member.name), name + " is not what bundle.json says.");
  }
  for (const ZipMember& member : members_)
    if (member.name != kIndexName && !listed.contains(member.name))
      helping_fault(status_of(member.name), member.name + " is not a part that bundle.json lists.");
}

void BundleCheck::check_tiles() {
  if (head_ == nullptr || !root_matches_ || lines() != head_->checkpoint.size) return;
  std::vector<Hash256> leaves = tile_leaves();
  bool same = leaves.size() == lines();
  for (std::uint64_t i = 0; same && i < lines(); ++i) same = tree_.node(0, i) == leaves[i];
  if (!same) helping_fault(Status::kMalformed, "The tiles are missing or are not those of the entries.");
}

void BundleCheck::conclude() {
  std::stable_sort(report_.faults.begin(), report_.faults.end(), [](const Fault& a, const Fault& b) {
    return std::pair(a.helping_part, check_order(a.status)) <
           std::pair(b.helping_part, check_order(b.status));
  });
  if (!report_.faults.empty()) report_.status = report_.faults.front().status;
  for (const Fault& found : report_.faults)
    if (found.status == report_.status && found.helping_part == report_.faults.front().helping_part &&
        found.seq)
      report_.first_bad_seq = std::min(report_.first_bad_seq.value_or(*found.seq), *found.seq);

  std::string head = report_.head ? "the signed head over " + number(report_.head->size) + " entries of " +
                                        harmless_text(report_.head->origin, kCodeBytesMax)
                                  : "";
  switch (report_.status) {
    case Status::kGood:
      report_.verdict =
          "GOOD: all " + number(report_.entries) + " entries are exactly those of " + head +
          ", signed by the pinned key; " +
          (report_.completeness.pending == 0
               ? "every meeting that must be recorded is accounted for."
               : "of the meetings that must be recorded " + number(report_.completeness.pending) +
                     " are not settled yet, all others are accounted for.");
      break;
    case Status::kUsage:
      report_.verdict = "NOT VERIFIED: " + report_.faults.front().text;
      break;
    case Status::kMalformed:
      report_.verdict = "BAD: a part of the bundle is damaged. " + report_.faults.front().text;
      break;
    case Status::kAltered:
      report_.verdict = "BAD: the log was altered. " + report_.faults.front().text;
      break;
    case Status::kSequence:
      report_.verdict = "BAD: entries are missing, moved or doubled. " + report_.faults.front().text;
      break;
    case Status::kSignature:
      report_.verdict =
          "BAD: nobody whose key is pinned vouches for this log. " + report_.faults.front().text;
      break;
    case Status::kFork:
      report_.verdict = "BAD: this is not the log that was seen before. " + report_.faults.front().text;
      break;
    case Status::kCommitment:
      report_.verdict = "BAD: the log itself is unchanged, but what is disclosed with it is not. " +
                        report_.faults.front().text;
      break;
    case Status::kManifest:
      report_.verdict = "BAD: the log itself is unchanged, but a recording's manifest is not. " +
                        report_.faults.front().text;
      break;
    case Status::kIncomplete:
      report_.verdict = "BAD: the log is unchanged and shows a breach of the recording rules. " +
                        report_.faults.front().text;
      break;
    default:
      report_.verdict = "BAD: " + report_.faults.front().text;
      break;
  }
}

}  // namespace

Report verify_bundle(ByteView bundle, const VerifyOptions& options) {
  return BundleCheck(bundle, options).run();
}

}  // namespace parlour::audit
