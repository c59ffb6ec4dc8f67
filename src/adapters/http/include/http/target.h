// The parts of a request that are read by our own code: target, query, cookies, Range (RFC 3986, 6265, 9110).
// All input is hostile; nothing is normalised, what is not plain is refused. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace parlour::http {

enum class TargetError {
  kMalformed,  // 400: not origin-form, broken escapes, bad query
  kNoSuchPath  // 404: well-formed, but a path that we never have: "..", NUL, "\", "//", control characters,
               // not UTF-8
};

struct Target {
  std::string path;
  std::vector<std::string> segments;
  TextMap query;
};

// Origin-form only (RFC 9112 section 3.2.1). The caller bounds the length.
Result<Target, TargetError> parse_target(std::string_view target);

// "a=1; b=2"; pairs that are not of this form are skipped, names that come twice are left out.
TextMap parse_cookies(std::string_view header);

// Offsets of the first and the last byte.
struct ByteRange {
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t size() const { return last - first + 1; }
};
enum class RangeError {
  kIgnored,        // another unit than bytes, or no header: serve the whole
  kUnsatisfiable,  // 416: malformed, more than one range, or outside
};
Result<ByteRange, RangeError> parse_range(std::string_view header, std::uint64_t size);

}  // namespace parlour::http
