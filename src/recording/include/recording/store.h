// The port through which a recording's log reaches a disk: a directory of append-only files, and no more.
//
// Implemented by adapters/blob_dir (POSIX) and by a store in memory in tests, which can lose unsynced bytes,
// stall and fill up. Names are those of segment_file_name() and never hold a slash. Calls block; only the
// writer thread and recovery make them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace parlour::recording {

enum class StoreError { kNotFound, kExists, kNoSpace, kDenied, kIo };
std::string_view to_text(StoreError error);

class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All of it or an error; after an error the file's end is unknown and the file is given up.
  virtual Result<void, StoreError> append(ByteView bytes) = 0;
  // Everything appended so far survives loss of power (fdatasync).
  virtual Result<void, StoreError> sync() = 0;
};

struct FileInfo {
  std::string name;
  std::uint64_t size = 0;
  UtcTime modified;
};

class SegmentStore {
 public:
  virtual ~SegmentStore() = default;
  // A new file; its name survives loss of power when this returns. kExists when there is one.
  virtual Result<std::unique_ptr<AppendFile>, StoreError> create(std::string_view name) = 0;
  // Cuts a file to `size` and opens it for appending.
  virtual Result<std::unique_ptr<AppendFile>, StoreError> reopen(std::string_view name,
                                                                 std::uint64_t size) = 0;
  virtual Result<Bytes, StoreError> read(std::string_view name) = 0;
  virtual Result<void, StoreError> rename(std::string_view from, std::string_view to) = 0;
  virtual Result<void, StoreError> remove(std::string_view name) = 0;
  virtual Result<std::vector<FileInfo>, StoreError> list() = 0;
  virtual Result<std::uint64_t, StoreError> free_bytes() = 0;
};

}  // namespace parlour::recording
