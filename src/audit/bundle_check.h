// The verifier of a bundle, and what its checks share. verify_bundle.cpp has the container, the entries, the
// heads and the verdict, bundle_parts.cpp what comes with the entries. Private to the verifier.
#pragma once

#include <string>
#include <vector>

#include "audit/format/checkpoint.h"
#include "audit/format/entry.h"
#include "audit/format/zip.h"
#include "audit/verify/verify_bundle.h"
#include "crypto/p256.h"
#include "entry_blocks.h"
#include "log_tree.h"

namespace parlour::audit {

constexpr std::size_t kFaultsMax = 1000;
// So much of a part is read between two calls of trim.
constexpr std::size_t kTrimEvery = std::size_t{8} << 20;

inline std::string number(std::uint64_t value) {
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
    std::string_view note;  // in the bundle
    Checkpoint checkpoint;
    bool signed_by_key = false;
  };

  // An audit.checkpoint entry.
  struct LoggedHead {
    std::uint64_t seq, size;
    Hash256 root;
  };

  void fault(Status status, std::optional<std::uint64_t> seq, std::string text, bool helping_part = false,
             std::string_view finding = "") {
    if (!takes(status, helping_part)) return;
    report_.faults.push_back({status, seq, std::move(text), helping_part, std::string(finding)});
  }
  // Counts a fault; true when it is to be kept. Asked before the words are made, where millions may come. A
  // later check may outrank a thousand faults of an earlier one: each status always keeps its first.
  bool takes(Status status, bool helping_part = false) {
    ++report_.fault_count;
    const std::uint32_t bit = 1u << (static_cast<unsigned>(status) + (helping_part ? 16 : 0));
    const bool first_of_status = (kept_ & bit) == 0;
    if (report_.faults.size() >= kFaultsMax && !first_of_status) return false;
    kept_ |= bit;
    return true;
  }
  void keep(Status status, std::optional<std::uint64_t> seq, std::string text) {
    report_.faults.push_back({status, seq, std::move(text), false, ""});
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
  std::optional<Hash256> committed(std::uint64_t seq, std::string_view field);
  static std::string_view recording_of(const ZipMember& manifest);
  void check_manifests();
  void check_manifest(const ZipMember& member, std::string_view id);
  void check_recorder_key(const EntryView& entry);
  void check_logged_head(const EntryView& entry);
  void compare_head(const LoggedHead& logged);
  void compare_old_heads();
  void compare_tiles(const EntryBlock& block);
  void check_completeness();
  void check_helping_parts();
  void check_index();
  Hash256 hash_of(const ZipMember& part);
  void check_tiles();
  void conclude();

  std::string_view line(std::uint64_t position) { return tree_.line(position); }
  std::uint64_t lines() const { return tree_.size(); }
  const ZipMember* member(std::string_view name) const;
  // The entry of that number; nothing when another stands in its place.
  std::optional<EntryView> entry_of(std::uint64_t seq);
  // After every few MiB: a mapped bundle lets go of what was read.
  void read_on(std::size_t bytes) {
    read_ += bytes;
    if (read_ < kTrimEvery) return;
    read_ = 0;
    if (options_.trim) options_.trim();
  }

  ByteView bundle_;
  const VerifyOptions& options_;
  Report report_;

  std::uint32_t kept_ = 0;  // of which statuses a fault was kept
  std::size_t read_ = 0;

  std::vector<ZipMember> members_;
  std::vector<std::uint32_t> by_name_;  // in order of their names
  ByteView entries_;
  std::vector<Head> heads_;     // readable checkpoints of the bundle
  const Head* head_ = nullptr;  // the largest of them
  LogTree tree_;
  bool root_matches_ = false;
  bool tiles_whole_ = true;                 // every tile is there, of the right size
  std::vector<std::uint64_t> other_tiles_;  // the first entries that are not what the tiles say
  std::uint64_t other_tiles_count_ = 0;
  std::uint64_t commitments_ = 0;
  UtcTime latest_{INT64_MIN};
  std::uint64_t future_entries_ = 0;
  // audit.checkpoint entries that name a head which the log does not have; the largest that it does have.
  std::vector<LoggedHead> other_heads_, old_heads_;
  std::uint64_t logged_good_ = 0;
  std::optional<crypto::P256Point> recorder_key_;
  std::uint64_t recorder_key_seq_ = 0;
  CompletenessAudit completeness_;
};

}  // namespace parlour::audit
