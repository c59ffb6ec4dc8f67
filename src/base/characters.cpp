#include "base/characters.h"

namespace parlour {
namespace {

bool begins_one(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

}  // namespace

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (char byte : utf8) count += begins_one(byte);
  return count;
}

std::string_view first_characters(std::string_view utf8, std::size_t most) {
  std::size_t at = 0;
  for (std::size_t count = 0; at < utf8.size(); ++at)
    if (begins_one(utf8[at]) && ++count > most) break;
  return utf8.substr(0, at);
}

}  // namespace parlour
