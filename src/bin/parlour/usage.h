// How each command is called: one table, from which the whole help, `COMMAND --help` and the words after a
// wrong call come.
#pragma once

#include <string>
#include <string_view>

namespace parlour::bin {

// The lines of the commands that begin so: "admin user"; "" for all.
std::string usage_of(std::string_view command);

}  // namespace parlour::bin
