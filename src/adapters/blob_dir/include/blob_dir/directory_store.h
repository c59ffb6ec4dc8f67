// DirectoryStore: recording's SegmentStore on a POSIX directory. Files 0600 and directory 0700, or 0640 and
// 0750 where the directory's group reads; new names are made durable by fsync of the directory. Errors are
// values; nothing is thrown. Thread: as SegmentStore; one object per directory.
#pragma once

#include <filesystem>

#include "recording/store.h"

namespace parlour::blob_dir {

// Whom new files are for. The umask must leave the group its rights; the group comes from the parent's setgid
// bit.
enum class Readers { kOwner, kGroup };

class DirectoryStore final : public recording::SegmentStore {
 public:
  // Makes the directory (and its parents) when it is not there.
  static Result<DirectoryStore, recording::StoreError> open(const std::filesystem::path& directory,
                                                            Readers readers = Readers::kOwner);
  ~DirectoryStore() override;
  DirectoryStore(DirectoryStore&& other) noexcept;
  DirectoryStore& operator=(DirectoryStore&&) = delete;

  Result<std::unique_ptr<recording::AppendFile>, recording::StoreError> create(
      std::string_view name) override;
  Result<std::unique_ptr<recording::AppendFile>, recording::StoreError> reopen(std::string_view name,
                                                                               std::uint64_t size) override;
  Result<Bytes, recording::StoreError> read(std::string_view name) override;
  Result<void, recording::StoreError> rename(std::string_view from, std::string_view to) override;
  Result<void, recording::StoreError> remove(std::string_view name) override;
  Result<std::vector<recording::FileInfo>, recording::StoreError> list() override;
  Result<std::uint64_t, recording::StoreError> free_bytes() override;

 private:
  DirectoryStore(int directory, Readers readers) : directory_(directory), readers_(readers) {}
  int directory_ =
      -1;  // all access is relative to it: a renamed directory is followed, a symlink inside is not
  Readers readers_;
};

}  // namespace parlour::blob_dir
