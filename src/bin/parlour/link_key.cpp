#include "link_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/encoding.h"
#include "files.h"

namespace parlour::bin {

namespace fs = std::filesystem;

Result<crypto::Secret, std::string> link_key_of(const fs::path& home, Random& random) {
  fs::path file = home / "link.key";
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno != ENOENT) return fail("the link key cannot be looked at: " + file.string());
    crypto::Secret key(random.array<32>());
    if (!create_file(file, to_base64url(key.view()) + "\n", 0600))
      return fail("the link key cannot be written: " + file.string());
    return key;
  }
  if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0 || status.st_uid != ::geteuid())
    return fail("the link key must be a file of our own that nobody else may read (chmod 600): " +
                file.string());
  std::string text = read_file(file, 256).value_or("");
  if (text.ends_with('\n')) text.pop_back();
  auto key = from_base64url(text);
  if (!key || key->size() != 32)
    return fail("the link key is damaged: " + file.string() +
                "\n  put it back from a backup; or remove it, and a new one is made (links that are out go "
                "on opening)");
  return crypto::Secret(*key);
}

}  // namespace parlour::bin
