#include "blob_dir/directory_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace parlour::blob_dir {

using recording::AppendFile;
using recording::FileInfo;
using recording::StoreError;

namespace {

StoreError from_errno(int code) {
  switch (code) {
    case ENOENT:
      return StoreError::kNotFound;
    case EEXIST:
      return StoreError::kExists;
    case ENOSPC:
    case EDQUOT:
      return StoreError::kNoSpace;
    case EACCES:
    case EPERM:
    case EROFS:
      return StoreError::kDenied;
    default:
      return StoreError::kIo;
  }
}

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() < 128 && name[0] != '.' && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

class PosixFile final : public AppendFile {
 public:
  explicit PosixFile(int descriptor) : descriptor_(descriptor) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<void, StoreError> append(ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return fail(from_errno(errno));
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void, StoreError> sync() override {
    if (::fdatasync(descriptor_) != 0) return fail(from_errno(errno));
    return {};
  }

 private:
  int descriptor_;
};

}  // namespace

Result<DirectoryStore, StoreError> DirectoryStore::open(const std::filesystem::path& directory,
                                                        Readers readers) {
  std::error_code error;
  if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), error);
  if (error) return fail(from_errno(error.value()));
  if (::mkdir(directory.c_str(), readers == Readers::kGroup ? 0750 : 0700) == 0) {
    // The new name has to survive too, or a synced file in it would not be found again.
    const int parent = ::open(directory.parent_path().empty() ? "." : directory.parent_path().c_str(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) return fail(from_errno(errno));
    const int synced = ::fsync(parent);
    const int reason = errno;
    ::close(parent);
    if (synced != 0) return fail(from_errno(reason));
  } else if (errno != EEXIST) {
    return fail(from_errno(errno));
  }
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail(from_errno(errno));
  return DirectoryStore(descriptor, readers);
}

DirectoryStore::~DirectoryStore() {
  if (directory_ >= 0) ::close(directory_);
}
DirectoryStore::DirectoryStore(DirectoryStore&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)), readers_(other.readers_) {}

Result<std::unique_ptr<AppendFile>, StoreError> DirectoryStore::create(std::string_view name) {
  if (!plain_name(name)) return fail(StoreError::kDenied);
  const int descriptor = ::openat(directory_, std::string(name).c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                                  readers_ == Readers::kGroup ? 0640 : 0600);
  if (descriptor < 0) return fail(from_errno(errno));
  auto file = std::make_unique<PosixFile>(descriptor);
  if (::fsync(directory_) != 0) return fail(from_errno(errno));
  return std::unique_ptr<AppendFile>(std::move(file));
}

Result<std::unique_ptr<AppendFile>, StoreError> DirectoryStore::reopen(std::string_view name,
                                                                       std::uint64_t size) {
  if (!plain_name(name)) return fail(StoreError::kDenied);
  const int descriptor =
      ::openat(directory_, std::string(name).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return fail(from_errno(errno));
  auto file = std::make_unique<PosixFile>(descriptor);
  if (::ftruncate(descriptor, static_cast<off_t>(size)) != 0) return fail(from_errno(errno));
  return std::unique_ptr<AppendFile>(std::move(file));
}

Result<Bytes, StoreError> DirectoryStore::read(std::string_view name) {
  if (!plain_name(name)) return fail(StoreError::kDenied);
  const int descriptor = ::openat(directory_, std::string(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return fail(from_errno(errno));
  Bytes bytes;
  std::size_t filled = 0;
  for (;;) {
    if (bytes.size() - filled < 64 * 1024) bytes.resize(filled + 1024 * 1024);
    const ssize_t got = ::read(descriptor, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const StoreError error = from_errno(errno);
      ::close(descriptor);
      return fail(error);
    }
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  ::close(descriptor);
  bytes.resize(filled);
  return bytes;
}

Result<void, StoreError> DirectoryStore::rename(std::string_view from, std::string_view to) {
  if (!plain_name(from) || !plain_name(to)) return fail(StoreError::kDenied);
  if (::renameat(directory_, std::string(from).c_str(), directory_, std::string(to).c_str()) != 0 ||
      ::fsync(directory_) != 0)
    return fail(from_errno(errno));
  return {};
}

Result<void, StoreError> DirectoryStore::remove(std::string_view name) {
  if (!plain_name(name)) return fail(StoreError::kDenied);
  if (::unlinkat(directory_, std::string(name).c_str(), 0) != 0 || ::fsync(directory_) != 0)
    return fail(from_errno(errno));
  return {};
}

Result<std::vector<FileInfo>, StoreError> DirectoryStore::list() {
  const int copy = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return fail(from_errno(errno));
  DIR* stream = ::fdopendir(copy);
  if (stream == nullptr) {
    ::close(copy);
    return fail(StoreError::kIo);
  }
  std::vector<FileInfo> files;
  while (const dirent* entry = ::readdir(stream)) {
    struct stat info {};
    if (::fstatat(directory_, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
      continue;
    files.push_back({entry->d_name,
                     static_cast<std::uint64_t>(info.st_size),
                     {info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000}});
  }
  ::closedir(stream);
  return files;
}

Result<std::uint64_t, StoreError> DirectoryStore::free_bytes() {
  struct statvfs info {};
  if (::fstatvfs(directory_, &info) != 0) return fail(from_errno(errno));
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace parlour::blob_dir
