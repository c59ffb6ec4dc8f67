// DirectoryStore: recording's SegmentStore on a POSIX directory. Files 0600, directory 0700; new names are
// made durable by fsync of the directory. Errors are values; nothing is thrown. Thread: as SegmentStore; one
// object per directory.
#pragma once

#include <filesystem>

#include "recording/store.h"

namespace parlour::blob_dir {

class DirectoryStore final : public recording::SegmentStore {
 public:
  // Makes the directory (and its parents) when it is not there.
  static Result<DirectoryStore, recording::StoreError> open(const std::filesystem::path& directory);
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
  explicit DirectoryStore(int directory) : directory_(directory) {}
  int directory_ =
      -1;  // all access is relative to it: a renamed directory is followed, a symlink inside is not
};

}  // namespace parlour::blob_dir
