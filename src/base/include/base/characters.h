// How long a text of people is, in code points of well-formed UTF-8; each has one to four bytes. Every limit
// that is printed as "characters" is counted by this.
#pragma once

#include <cstddef>
#include <string_view>

namespace parlour {

std::size_t characters(std::string_view utf8);
// The beginning: at most so many of them, and never half of one.
std::string_view first_characters(std::string_view utf8, std::size_t most);

}  // namespace parlour
