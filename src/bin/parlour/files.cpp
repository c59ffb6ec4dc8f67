#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace parlour::bin {

namespace fs = std::filesystem;

std::optional<std::string> read_file(const fs::path& path, std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(most + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || static_cast<std::size_t>(file.gcount()) > most) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
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
