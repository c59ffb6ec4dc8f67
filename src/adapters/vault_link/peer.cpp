#include "vault_link/peer.h"

#include <pwd.h>

#include <charconv>
#include <vector>

namespace parlour::vault_link {

std::optional<uid_t> uid_from_text(const std::string& text) {
  uid_t uid = 0;
  const char* end = text.data() + text.size();
  // -1 means "leave as it is" to the kernel: never a user.
  if (auto read = std::from_chars(text.data(), end, uid);
      read.ec == std::errc() && read.ptr == end && uid != static_cast<uid_t>(-1))
    return uid;
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 * 1024);
  if (text.empty() || ::getpwnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr)
    return std::nullopt;
  return found->pw_uid;
}

}  // namespace parlour::vault_link
