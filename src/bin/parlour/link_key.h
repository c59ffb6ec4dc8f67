// The key that tokens of links are made from, in a file of its own: whoever has a copy of the database has
// none of the links in it. Blocks.
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace parlour::bin {

// <home>/link.key, mode 0600; made when there is none. One that is damaged, or that others may read, is an
// error that says what to do: it is never replaced.
Result<crypto::Secret, std::string> link_key_of(const std::filesystem::path& home, Random& random);

}  // namespace parlour::bin
