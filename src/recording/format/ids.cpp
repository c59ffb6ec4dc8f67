#include "recording/format/ids.h"

namespace parlour::recording {

std::string segment_file_name(std::uint32_t index) {
  std::string digits = std::to_string(index);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + ".seg";
}

std::optional<std::uint32_t> segment_index_of(std::string_view file_name) {
  if (file_name.size() != 10 || file_name.substr(6) != ".seg") return std::nullopt;
  std::uint32_t index = 0;
  for (char c : file_name.substr(0, 6)) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return index;
}

}  // namespace parlour::recording
