// Small files of commands and of the server, whole. Blocks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace parlour::bin {

// Nothing when it cannot be read or has more than `most` bytes.
std::optional<std::string> read_file(const std::filesystem::path& path, std::size_t most = 1 << 20);
// Replaces the whole file, mode 0600 whatever the umask is: readers see the old one or the new one.
bool write_private(const std::filesystem::path& path, std::string_view text);
// False when there is a file already, or it cannot be written.
bool create_file(const std::filesystem::path& path, std::string_view text, unsigned mode);

}  // namespace parlour::bin
