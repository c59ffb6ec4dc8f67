#include "http/target.h"

#include <algorithm>

#include "base/encoding.h"

namespace parlour::http {
namespace {

constexpr std::size_t kParametersLimit = 64;
constexpr std::size_t kCookiesLimit = 64;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing when an escape is broken. Decodes exactly once: "%252e" gives "%2e".
std::optional<std::string> decode_percent(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int high = hex_digit(text[i + 1]);
      int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// What a decoded segment may be: it is compared with literals and handed on as a value, so everything that
// some other program would take for more than a name is refused.
bool is_plain_segment(std::string_view segment) {
  return segment != "." && segment != ".." && segment.find_first_of("/\\") == std::string_view::npos &&
         !has_control_character(segment) && is_utf8(segment);
}

// Only visible ASCII may stand in a target (RFC 3986 leaves out more; those are harmless here).
bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<TextMap> parse_query(std::string_view query) {
  TextMap out;
  std::size_t count = 0;
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    if (++count > kParametersLimit) return std::nullopt;
    std::size_t equals = pair.find('=');
    auto name = decode_percent(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                  : decode_percent(pair.substr(equals + 1), true);
    if (!name || !value || name->empty()) return std::nullopt;
    if (has_control_character(*name) || has_control_character(*value) || !is_utf8(*name) || !is_utf8(*value))
      return std::nullopt;
    if (!out.emplace(std::move(*name), std::move(*value)).second) return std::nullopt;
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// token of RFC 9110 section 5.6.2
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// cookie-octet of RFC 6265 section 4.1.1
bool is_cookie_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;  // 18 digits always fit
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace

Result<Target, TargetError> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return fail(TargetError::kMalformed);
  std::size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  std::string_view query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  if (!is_visible_ascii(path)) return fail(TargetError::kNoSuchPath);
  if (!is_visible_ascii(query)) return fail(TargetError::kMalformed);
  if (target.find('#') != std::string_view::npos) return fail(TargetError::kMalformed);

  Target out;
  std::string_view rest = path.substr(1);
  while (true) {
    std::size_t slash = rest.find('/');
    auto segment = decode_percent(rest.substr(0, slash), false);
    if (!segment) return fail(TargetError::kMalformed);
    bool is_last = slash == std::string_view::npos;
    if ((segment->empty() && !is_last) || !is_plain_segment(*segment)) return fail(TargetError::kNoSuchPath);
    out.path += '/' + *segment;
    out.segments.push_back(std::move(*segment));
    if (is_last) break;
    rest = rest.substr(slash + 1);
  }
  auto parameters = parse_query(query);
  if (!parameters) return fail(TargetError::kMalformed);
  out.query = std::move(*parameters);
  return out;
}

TextMap parse_cookies(std::string_view header) {
  TextMap out;
  std::vector<std::string> ambiguous;
  for (std::size_t count = 0; !header.empty() && count < kCookiesLimit; ++count) {
    std::size_t end = header.find(';');
    std::string_view pair = trim(header.substr(0, end));
    header = end == std::string_view::npos ? std::string_view() : header.substr(end + 1);
    std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view name = trim(pair.substr(0, equals));
    std::string_view value = trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (!is_token(name) || !is_cookie_value(value)) continue;
    if (!out.emplace(name, value).second) ambiguous.emplace_back(name);
  }
  for (const std::string& name : ambiguous) out.erase(name);
  return out;
}

Result<ByteRange, RangeError> parse_range(std::string_view header, std::uint64_t size) {
  std::string_view text = trim(header);
  constexpr std::string_view kUnit = "bytes=";
  if (text.substr(0, kUnit.size()) != kUnit) return fail(RangeError::kIgnored);
  text = trim(text.substr(kUnit.size()));
  std::size_t dash = text.find('-');
  if (size == 0 || dash == std::string_view::npos || text.find(',') != std::string_view::npos)
    return fail(RangeError::kUnsatisfiable);
  std::string_view first_text = trim(text.substr(0, dash));
  std::string_view last_text = trim(text.substr(dash + 1));
  if (first_text.empty()) {  // the last n bytes
    auto count = parse_number(last_text);
    if (!count || *count == 0) return fail(RangeError::kUnsatisfiable);
    return ByteRange{size - std::min(*count, size), size - 1};
  }
  auto first = parse_number(first_text);
  if (!first || *first >= size) return fail(RangeError::kUnsatisfiable);
  if (last_text.empty()) return ByteRange{*first, size - 1};
  auto last = parse_number(last_text);
  if (!last || *last < *first) return fail(RangeError::kUnsatisfiable);
  return ByteRange{*first, std::min(*last, size - 1)};
}

}  // namespace parlour::http
