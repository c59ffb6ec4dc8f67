// Building an export. Entries are given in order from 0; parts that the reader may not see are simply not added.
// Holds the whole bundle in memory (about the size of the entries). One thread.
#pragma once

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
  void add_private(PrivateRow row) { private_rows_.push_back(std::move(row)); }
  void add_manifest(std::string_view recording_id, ByteView manifest);

  // Refuses a head that does not fit the entries (size or root), so that a broken export never leaves the house.
  // Signatures are not checked here: the builder holds no key.
  Result<Bytes, BundleFault> finish();

 private:
  std::vector<std::string> checkpoints_;
  Bytes entries_;
  MerkleTree tree_;
  std::vector<PrivateRow> private_rows_;
  std::vector<std::pair<std::string, Bytes>> manifests_;
};

}  // namespace parlour::audit
