#include "vault/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace parlour::vault {
namespace {

namespace fs = std::filesystem;

Unexpected<VaultRefusal> io_failure(std::string_view what, const fs::path& path) {
  // The path's last part is enough to find it, and tells nothing about the machine in an answer to serve.
  return refuse("vault.io", std::string(what) + " " + path.filename().string() + ": " + std::strerror(errno));
}

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_directory(const fs::path& directory) {
  const int descriptor =
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

Result<void, VaultRefusal> write_new(const fs::path& path, ByteView content) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return io_failure("cannot create", path);
  const bool written = write_all(descriptor, content) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written) return io_failure("cannot write", path);
  return {};
}

}  // namespace

Result<void, VaultRefusal> private_directory(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return io_failure("cannot make", path);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return io_failure("cannot enter", path);
  if ((info.st_mode & 077) != 0)
    return refuse("vault.permissions", path.filename().string() + " must be a directory of mode 0700");
  return {};
}

std::optional<Bytes> read_file(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  Bytes content;
  ByteArray<16384> block;
  for (;;) {
    const ssize_t got = ::read(descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      ::close(descriptor);
      return std::nullopt;
    }
    if (got == 0) break;
    append(content, ByteView(block).first(static_cast<std::size_t>(got)));
  }
  ::close(descriptor);
  return content;
}

bool is_private_file(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 077) == 0;
}

Result<void, VaultRefusal> replace_file(const fs::path& path, ByteView content) {
  fs::path temporary = path;
  temporary += ".new";
  ::unlink(temporary.c_str());
  if (auto written = write_new(temporary, content); !written) return written;
  if (::rename(temporary.c_str(), path.c_str()) != 0 || !sync_directory(path.parent_path()))
    return io_failure("cannot replace", path);
  return {};
}

Result<void, VaultRefusal> create_file(const fs::path& path, ByteView content) {
  if (auto written = write_new(path, content); !written) return written;
  if (!sync_directory(path.parent_path())) return io_failure("cannot create", path);
  return {};
}

Result<AppendLog, VaultRefusal> AppendLog::open(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0 || !sync_directory(path.parent_path())) return io_failure("cannot open", path);
  return AppendLog(descriptor);
}
AppendLog::~AppendLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
AppendLog::AppendLog(AppendLog&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
AppendLog& AppendLog::operator=(AppendLog&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Result<void, VaultRefusal> AppendLog::append(std::string_view line) {
  Bytes whole = to_bytes(line);
  whole.push_back('\n');
  if (!write_all(descriptor_, whole) || ::fdatasync(descriptor_) != 0)
    return refuse("vault.io", std::string("cannot write the log: ") + std::strerror(errno));
  return {};
}

Result<PendingFile, VaultRefusal> PendingFile::create(const fs::path& final_path) {
  fs::path temporary = final_path;
  temporary += ".part";
  const int descriptor = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return io_failure("cannot create", temporary);
  return PendingFile(final_path, std::move(temporary), descriptor);
}
PendingFile::~PendingFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}
PendingFile::PendingFile(PendingFile&& other) noexcept
    : final_path_(std::move(other.final_path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<void, VaultRefusal> PendingFile::write_at(std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_failure("cannot write", temporary_);
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Bytes, VaultRefusal> PendingFile::read_at(std::uint64_t offset, std::size_t size) const {
  Bytes bytes(size);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got =
        ::pread(descriptor_, bytes.data() + filled, size - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_failure("cannot read", temporary_);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<void, VaultRefusal> PendingFile::commit() {
  if (::fsync(descriptor_) != 0 || ::rename(temporary_.c_str(), final_path_.c_str()) != 0 ||
      !sync_directory(final_path_.parent_path()))
    return io_failure("cannot finish", final_path_);
  ::close(std::exchange(descriptor_, -1));
  return {};
}

}  // namespace parlour::vault
