#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

namespace parlour::bin {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const fs::path& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 65536> piece;
  while (file && text.size() <= most) {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad() || text.size() > most) return std::nullopt;
  return text;
}

bool create_file(const fs::path& path, std::string_view text, unsigned mode) {
  int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) return false;
  bool good = ::fchmod(descriptor, mode) == 0;
  for (std::string_view rest = text; good && !rest.empty();) {
    ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    good = written >= 0;
    if (good) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  good = good && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!good) ::unlink(path.c_str());
  return good;
}

bool write_private(const fs::path& path, std::string_view text) {
  fs::path temporary = path;
  temporary += ".new";
  std::error_code error;
  fs::remove(temporary, error);
  if (!create_file(temporary, text, 0600)) return false;
  fs::rename(temporary, path, error);
  return !error;
}

}  // namespace parlour::bin
