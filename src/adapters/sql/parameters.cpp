#include "parameters.h"

namespace parlour::sql {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

// The position after a part that starts at `begin` and ends with `end`; the end of the text when it is not
// closed (SQLite reports that). A doubled quote simply starts the next quoted part.
std::size_t after(std::string_view sql, std::size_t begin, std::string_view end) {
  std::size_t found = sql.find(end, begin);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

}  // namespace

std::string rewrite_parameters(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  std::size_t i = 0;
  while (i < sql.size()) {
    char c = sql[i];
    std::size_t next = i + 1;
    if (c == '\'' || c == '"' || c == '`') {
      next = after(sql, i + 1, std::string_view(&c, 1));
    } else if (c == '[') {
      next = after(sql, i + 1, "]");
    } else if (sql.substr(i, 2) == "--") {
      next = after(sql, i + 2, "\n");
    } else if (sql.substr(i, 2) == "/*") {
      next = after(sql, i + 2, "*/");
    } else if (is_name_character(c) && c != '$') {
      while (next < sql.size() && is_name_character(sql[next])) ++next;  // a "$" inside a name stays
    } else if (c == '$' && next < sql.size() && is_digit(sql[next])) {
      out += '?';
      i = next;
      continue;
    }
    out += sql.substr(i, next - i);
    i = next;
  }
  return out;
}

}  // namespace parlour::sql
