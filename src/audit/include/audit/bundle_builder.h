// Building an export. Entries are given in order from 0; parts that the reader may not see are simply not
// added. Holds the whole bundle in memory (about the size of the entries). One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/format/bundle.h"
#include "audit/format/checkpoint.h"
#include "audit/format/merkle.h"
#include "audit/format/private_row.h"
#include "base/bytes.h"
#include "base/result.h"

namespace parlour::audit {

struct BundleFault {
  std::string reason;
};

class BundleBuilder {
 public:
  // `note`: the signed head over exactly the entries that will be added.
  explicit BundleBuilder(std::string note) { checkpoints_.push_back(std::move(note)); }

  void add_entry(ByteView bytes);
  void add_older_checkpoint(std::string note) { checkpoints_.push_back(std::move(note)); }
  // A stored row, as it was committed: disclosed as it is, so that a changed row is found by the verifier.
  void add_private(PrivateRow row) { private_rows_.push_back(std::move(row)); }
  // A value that lives elsewhere (the customer's own row) and is made harmless as the writer did before it
  // committed. False, and nothing disclosed, when it no longer opens the commitment of its entry, which must
  // have been added: it was corrected or erased since.
  bool add_private_from(std::uint64_t seq, std::string_view field, const Salt& salt, std::string_view value);
  void add_manifest(std::string_view recording_id, ByteView manifest);

  // Refuses a head that does not fit the entries (size or root), so that a broken export never leaves the
  // house. Signatures are not checked here: the builder holds no key.
  Result<Bytes, BundleFault> finish();

 private:
  std::vector<std::string> checkpoints_;
  Bytes entries_;
  std::vector<std::size_t> starts_;  // of the entries in entries_
  MerkleTree tree_;
  std::vector<PrivateRow> private_rows_;
  std::vector<std::pair<std::string, Bytes>> manifests_;
};

}  // namespace parlour::audit
