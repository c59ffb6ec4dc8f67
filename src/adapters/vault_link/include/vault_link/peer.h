// Who is on the other side of the local socket: both sides ask the kernel (SO_PEERCRED) for the user that the
// other process runs under, and know by name or number whom they expect.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace parlour::vault_link {

// "parlour-vault" or "997"; nothing when there is no such user.
std::optional<uid_t> uid_from_text(const std::string& text);

}  // namespace parlour::vault_link
