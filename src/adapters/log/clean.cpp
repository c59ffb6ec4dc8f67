#include "log/log.h"

namespace parlour {
namespace {

constexpr std::size_t kTextLimit = 256;
constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code_point;
  std::size_t size;  // bytes
};

// One code point from the front; a byte that starts none gives U+FFFD and is passed over.
Decoded decode(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {kReplacement, 1};
  char32_t value = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (overlong || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {kReplacement, 1};
  return {value, size};
}

// Invisible characters that let a line look like something else: controls, bidirectional marks and overrides,
// line and paragraph separators, the byte order mark, tags.
bool is_deceptive(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200B || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
         (c >= 0xE0000 && c <= 0xE007F);
}

}  // namespace

std::string_view to_text(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string clean_for_log(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto [code_point, size] = decode(text);
    if (!is_deceptive(code_point)) {
      std::string_view piece = code_point == kReplacement ? "\xEF\xBF\xBD" : text.substr(0, size);
      if (out.size() + piece.size() > kTextLimit) {
        out += "\xE2\x80\xA6";  // "…" says that there was more
        break;
      }
      out += piece;
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace parlour
