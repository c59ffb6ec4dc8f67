#include "audit/verify/verify_bundle.h"

#include <algorithm>
#include <cstring>

#include "audit/format/bundle.h"
#include "audit/format/merkle.h"
#include "audit/format/text.h"
#include "audit/format/tiles.h"
#include "base/encoding.h"
#include "bundle_check.h"
#include "entry_values.h"

namespace parlour::audit {
namespace {

// More than an export has: it takes one head, and the older ones that its maker kept.
constexpr std::size_t kHeadsMax = 1000;
// Heads of long before that are compared at once, in the order of their sizes: each block of the log is then
// read anew once for all of them.
constexpr std::size_t kOldHeadsAtOnce = 65'536;

// What a good verdict says of recordings; what only the log itself explains is said with it.
std::string of_recordings(const CompletenessReport& completeness) {
  std::string text = completeness.pending == 0
                         ? "every meeting that must be recorded is accounted for"
                         : "of the meetings that must be recorded " + number(completeness.pending) +
                               " are not settled yet, all others are accounted for";
  if (completeness.explained_meetings > 0) {
    std::int64_t sum = 0;
    for (const std::int64_t ms : completeness.explained) sum += ms;
    text += "; of " + number(completeness.explained_meetings) + " of them " + time_text(sum) +
            " are in no recording, for reasons that only the log gives";
    if (completeness.no_media > 0) text += " (" + number(completeness.no_media) + " had no media at all)";
  }
  return text + ".";
}

}  // namespace

bool BundleCheck::open_container() {
  auto members = read_zip(bundle_, {.trim = options_.trim});
  if (!members) {
    fault(Status::kUsage, std::nullopt,
          "Not an audit bundle: " + members.error().reason + " (at byte " + number(members.error().offset) +
              ").");
    return false;
  }
  members_ = std::move(*members);
  by_name_.resize(members_.size());
  for (std::uint32_t i = 0; i < by_name_.size(); ++i) by_name_[i] = i;
  std::sort(by_name_.begin(), by_name_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return members_[a].name < members_[b].name; });
  const ZipMember* entries = member(kEntriesName);
  if (entries == nullptr) {
    fault(Status::kUsage, std::nullopt, "Not an audit bundle: it has no entries.jsonl.");
    return false;
  }
  entries_ = entries->content;
  return true;
}

const ZipMember* BundleCheck::member(std::string_view name) const {
  auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](std::uint32_t at, std::string_view wanted) { return members_[at].name < wanted; });
  return found != by_name_.end() && members_[*found].name == name ? &members_[*found] : nullptr;
}

std::optional<EntryView> BundleCheck::entry_of(std::uint64_t seq) {
  if (seq >= lines()) return std::nullopt;
  auto entry = read_entry(line(seq));
  if (!entry || entry->seq != seq) return std::nullopt;
  return *entry;
}

void BundleCheck::find_head() {
  for (const ZipMember& member : members_) {
    if (member.name.substr(0, kCheckpointFolder.size()) != kCheckpointFolder) continue;
    if (heads_.size() == kHeadsMax) {
      fault(Status::kSignature, std::nullopt, "The bundle has more signed heads than an export can have.");
      break;
    }
    read_on(member.content.size());
    auto note = parse_note(as_text(member.content));
    auto checkpoint = note ? parse_checkpoint_text(note->text) : std::nullopt;
    if (!checkpoint) {
      fault(Status::kSignature, std::nullopt, member.name + " is not a signed head.");
      continue;
    }
    heads_.push_back({as_text(member.content), std::move(*checkpoint)});
  }
  for (const Head& head : heads_)
    if (head_ == nullptr || head.checkpoint.size > head_->checkpoint.size) head_ = &head;
  if (head_ != nullptr) report_.head = head_->checkpoint;
  if (heads_.empty())
    fault(Status::kSignature, std::nullopt, "The bundle has no signed head that can be read.");
}

void BundleCheck::check_entries() {
  std::string_view text = as_text(entries_);
  tree_ = LogTree(text, options_.trim);
  std::uint64_t expected = 0, position = 0;
  EntryBlocks blocks(text, options_.threads, options_.trim);
  while (std::unique_ptr<EntryBlock> block = blocks.take()) {
    compare_tiles(*block);
    tree_.append(*block);
    for (const auto& entry : block->entries) {
      const bool without_end = block->cut && &entry == &block->entries.back();
      if (without_end || !entry) {
        if (takes(Status::kMalformed))
          keep(Status::kMalformed, position,
               "Line " + number(position + 1) + " is not an entry: " +
                   (entry ? "the line has no end" : std::string(entry.error().reason)) + ".");
        ++expected;
      } else {
        if (entry->seq != expected && takes(Status::kSequence))
          keep(Status::kSequence, expected,
               "Line " + number(position + 1) + " holds entry " + number(entry->seq) + " where entry " +
                   number(expected) + " must stand.");
        expected = entry->seq + 1;
        check_entry(*entry, position);
      }
      ++position;
    }
    read_on(block->end - block->begin);
  }
  compare_old_heads();
  report_.entries = lines();
}

// The leaves of a block against the bundle's tiles, which hold 256 each.
void BundleCheck::compare_tiles(const EntryBlock& block) {
  const std::uint64_t size = head_ != nullptr ? head_->checkpoint.size : 0;
  const std::vector<Hash256>& leaves =
      block.leaves.empty() && block.subtree.size() > 0 ? block.subtree.levels().front() : block.leaves;
  const std::uint64_t first = lines();
  for (std::uint64_t at = 0; at < leaves.size() && first + at < size && tiles_whole_; at += kTileWidth) {
    const std::uint64_t index = (first + at) / kTileWidth;
    const TileId id{0, index, std::min(kTileWidth, size - index * kTileWidth)};
    const ZipMember* tile = member(tile_path(id));
    if (tile == nullptr || tile->content.size() != id.width * 32) {
      tiles_whole_ = false;
      return;
    }
    for (std::uint64_t i = 0; i < id.width && at + i < leaves.size(); ++i) {
      if (std::memcmp(leaves[at + i].data(), tile->content.data() + i * 32, 32) == 0) continue;
      if (++other_tiles_count_ <= 100) other_tiles_.push_back(first + at + i);
    }
    read_on(tile->content.size());
  }
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
    check_logged_head(entry);
  } else if (entry.type == "recorder.key") {
    check_recorder_key(entry);
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

// The head that the log says was signed is the one that it had. Mostly it is named soon after, and its nodes
// are at hand.
void BundleCheck::check_logged_head(const EntryView& entry) {
  auto size = find_member(entry.data, "size"), root = find_member(entry.data, "root");
  const std::int64_t size_value = size ? plain_integer(*size).value_or(-1) : -1;
  auto root_bytes = root ? from_hex(plain_string(*root).value_or("")) : std::nullopt;
  if (size_value < 0 || !root_bytes || root_bytes->size() != 32) return;
  LoggedHead logged{entry.seq, static_cast<std::uint64_t>(size_value), {}};
  std::copy(root_bytes->begin(), root_bytes->end(), logged.root.begin());
  const bool old = logged.size + 2 * EntryBlocks::kEntries < lines();
  if (!old) return compare_head(logged);
  old_heads_.push_back(logged);
  if (old_heads_.size() == kOldHeadsAtOnce) compare_old_heads();
}

void BundleCheck::compare_head(const LoggedHead& logged) {
  if (logged.size <= logged.seq && logged.size <= lines() && tree_.root(logged.size) == logged.root)
    logged_good_ = std::max(logged_good_, logged.size);
  else if (other_heads_.size() < kFaultsMax)
    other_heads_.push_back(logged);
}

void BundleCheck::compare_old_heads() {
  std::sort(old_heads_.begin(), old_heads_.end(),
            [](const LoggedHead& a, const LoggedHead& b) { return a.size < b.size; });
  for (const LoggedHead& logged : old_heads_) compare_head(logged);
  old_heads_.clear();
}

// The first one is pinned with the log; it is written at set-up, and there is no changing it.
void BundleCheck::check_recorder_key(const EntryView& entry) {
  auto raw = find_member(entry.data, "public_key");
  auto bytes = from_base64url(raw ? plain_string(*raw).value_or("") : "");
  crypto::P256Point key{};
  if (!bytes || bytes->size() != key.size()) return;
  std::copy(bytes->begin(), bytes->end(), key.begin());
  if (!recorder_key_) {
    recorder_key_ = key;
    recorder_key_seq_ = entry.seq;
  } else if (*recorder_key_ != key) {
    fault(Status::kIncomplete, entry.seq,
          "Entry " + number(entry.seq) + " names another recorder's key than entry " +
              number(recorder_key_seq_) + ": who signs manifests does not change.",
          false, "recorder_key.changed");
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
  // The tiles can be asked only when they are what was signed.
  if (tiles_whole_) {
    CompactRange tiles;
    for (std::uint64_t index = 0; index * kTileWidth < head.size; ++index) {
      const ZipMember* tile =
          member(tile_path({0, index, std::min(kTileWidth, head.size - index * kTileWidth)}));
      for (std::uint64_t i = 0; tile != nullptr && i + 32 <= tile->content.size(); i += 32) {
        Hash256 leaf;
        std::memcpy(leaf.data(), tile->content.data() + i, 32);
        tiles.append(leaf);
      }
      if (tile != nullptr) read_on(tile->content.size());
    }
    if (tiles.size() == head.size && tiles.root() == head.root) {
      for (std::uint64_t i : other_tiles_)
        fault(Status::kAltered, i, "Entry " + number(i) + " is not what was signed.");
      return;
    }
  }
  // Otherwise older heads narrow it down: what they cover and find unchanged is not it.
  std::uint64_t good = 0;
  for (const Head& older : heads_)
    if (older.checkpoint.size < head.size && tree_.root(older.checkpoint.size) == older.checkpoint.root)
      good = std::max(good, older.checkpoint.size);
  if (logged_good_ < head.size) good = std::max(good, logged_good_);
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
  for (const LoggedHead& logged : other_heads_)
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

void BundleCheck::check_completeness() {
  report_.completeness = completeness_.finish();
  for (std::size_t i = 0; i < report_.completeness.meetings.size(); ++i) {
    if (report_.completeness.meetings.coverage(i) != Coverage::kViolation) continue;
    const MeetingCoverage meeting = report_.completeness.meetings.at(i);
    for (const Finding finding : meeting.findings)
      fault(Status::kIncomplete, meeting.started_seq,
            "Meeting " + meeting.meeting + ": " +
                (finding == meeting.findings.front() ? meeting.reason : std::string(sentence_of(finding))) +
                ".",
            false, code_of(finding));
  }
  for (const std::string& sentence : report_.completeness.not_checked) not_checked(sentence);
  if (report_.completeness.pending > 0)
    not_checked(number(report_.completeness.pending) +
                " meetings that must be recorded: they had not ended, or their recordings were not yet "
                "verified, when "
                "the log was exported.");
  if (report_.completeness.open_requests > 0)
    not_checked(number(report_.completeness.open_requests) +
                " requests to play or download have no end in the log (the first is entry " +
                number(report_.completeness.first_open_request) + ").");
  if (future_entries_ > 0)
    not_checked(number(future_entries_) +
                " entries have times after now by this computer's clock: one clock is wrong.");
  not_checked("Witnesses and time stamps: this version of the log has none.");
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
      report_.verdict = "GOOD: all " + number(report_.entries) + " entries are exactly those of " + head +
                        ", signed by the pinned key; " + of_recordings(report_.completeness);
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

Report verify_bundle(ByteView bundle, const VerifyOptions& options) {
  return BundleCheck(bundle, options).run();
}

}  // namespace parlour::audit
