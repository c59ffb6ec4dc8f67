// The vault's own files: private (0600 in 0700), and replaced as a whole so that a kill at any moment leaves
// the old content or the new. Blocks.
#pragma once

#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "vault/refusal.h"

namespace parlour::vault {

// Makes the directory 0700; refuses one that others may enter.
Result<void, VaultRefusal> private_directory(const std::filesystem::path& path);
// Nothing when the file is not there or cannot be read.
std::optional<Bytes> read_file(const std::filesystem::path& path);
bool is_private_file(const std::filesystem::path& path);
// Temporary file, fsync, rename, fsync of the directory.
Result<void, VaultRefusal> replace_file(const std::filesystem::path& path, ByteView content);
// A new file that must not exist yet; durable.
Result<void, VaultRefusal> create_file(const std::filesystem::path& path, ByteView content);

// A file of lines that only grows: each append is durable before it returns.
class AppendLog {
 public:
  static Result<AppendLog, VaultRefusal> open(const std::filesystem::path& path);
  ~AppendLog();
  AppendLog(AppendLog&& other) noexcept;
  AppendLog& operator=(AppendLog&& other) noexcept;
  Result<void, VaultRefusal> append(std::string_view line);

 private:
  explicit AppendLog(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

// A file written from front to back and then put in place: temporary name until commit().
class PendingFile {
 public:
  static Result<PendingFile, VaultRefusal> create(const std::filesystem::path& final_path);
  ~PendingFile();  // removes the temporary file unless committed
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;
  Result<void, VaultRefusal> write_at(std::uint64_t offset, ByteView bytes);
  Result<Bytes, VaultRefusal> read_at(std::uint64_t offset, std::size_t size) const;
  Result<void, VaultRefusal> commit();

 private:
  PendingFile(std::filesystem::path final_path, std::filesystem::path temporary, int descriptor)
      : final_path_(std::move(final_path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}
  std::filesystem::path final_path_, temporary_;
  int descriptor_ = -1;
};

}  // namespace parlour::vault
