// Rewrites PostgreSQL's $1 into SQLite's ?1, outside of literals, quoted names and comments. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace parlour::sql {

std::string rewrite_parameters(std::string_view sql);

}  // namespace parlour::sql
