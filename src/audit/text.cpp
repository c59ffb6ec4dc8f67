#include "audit/format/text.h"

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace parlour::audit {
namespace {

struct CodePoint {
  char32_t value;
  std::size_t size;
};

// The well-formed character at the start of text; nothing when the first byte starts none.
std::optional<CodePoint> decode(std::string_view text) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  unsigned first = byte(0);
  if (first < 0x80) return CodePoint{first, 1};
  std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return std::nullopt;
  char32_t value = first & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    value = value << 6 | (byte(i) & 0x3F);
  }
  bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (overlong || (value >= 0xD800 && value < 0xE000) || value > 0x10FFFF) return std::nullopt;
  return CodePoint{value, size};
}

// Characters that act instead of showing, or cannot be seen: general categories Cc, Cf, Zl, Zp, private use
// and non-characters, as far as they can break a line, a direction or a comparison by eye. The two joiners
// U+200C and U+200D and the variation selectors stay: names in several scripts need them.
bool is_harmful(char32_t c) {
  if (c >= 0x20 && c < 0x7F) return false;  // nearly always
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return true;
  struct Range {
    char32_t first, last;
  };
  constexpr std::array kRanges{
      Range{0x00AD, 0x00AD}, Range{0x034F, 0x034F},   Range{0x061C, 0x061C},   Range{0x115F, 0x1160},
      Range{0x17B4, 0x17B5}, Range{0x180B, 0x180F},   Range{0x200B, 0x200B},   Range{0x200E, 0x200F},
      Range{0x2028, 0x202E}, Range{0x2060, 0x206F},   Range{0x3164, 0x3164},   Range{0xE000, 0xF8FF},
      Range{0xFDD0, 0xFDEF}, Range{0xFEFF, 0xFEFF},   Range{0xFFA0, 0xFFA0},   Range{0xFFF0, 0xFFFB},
      Range{0xFFFE, 0xFFFF}, Range{0x1D173, 0x1D17A}, Range{0xE0000, 0x10FFFF}};
  for (const Range& range : kRanges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

void append_escaped(std::string& out, char32_t c) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string digits;
  for (char32_t rest = c; rest > 0 || digits.empty(); rest >>= 4)
    digits.insert(digits.begin(), kHex[rest & 15]);
  out += "\\u{" + digits + "}";
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

}  // namespace

bool is_code(std::string_view text) {
  if (text.empty() || text.size() > kCodeBytesMax) return false;
  for (char c : text) {
    bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("._:/+@=,-").find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool is_sha256_hex(std::string_view text) {
  if (text.size() != 64) return false;
  for (char c : text)
    if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return false;
  return true;
}

std::string harmless_text(std::string_view outside, std::size_t bytes_max) {
  std::string out;
  std::size_t cut_at = 0;  // the longest prefix of `out` that still has room for the ellipsis
  while (!outside.empty()) {
    std::string piece;
    auto c = decode(outside);
    if (!c) {
      piece = kReplacement;
      outside.remove_prefix(1);
    } else {
      if (c->value == '\\') {
        piece = "\\\\";
      } else if (is_harmful(c->value)) {
        append_escaped(piece, c->value);
      } else {
        piece = outside.substr(0, c->size);
      }
      outside.remove_prefix(c->size);
    }
    if (out.size() + piece.size() > bytes_max) {
      out.resize(cut_at);
      return out.append(kEllipsis);
    }
    out += piece;
    if (out.size() + kEllipsis.size() <= bytes_max) cut_at = out.size();
  }
  return out;
}

bool is_harmless(std::string_view text) {
  while (!text.empty()) {
    auto c = decode(text);
    if (!c || is_harmful(c->value)) return false;
    text.remove_prefix(c->size);
  }
  return true;
}

}  // namespace parlour::audit
