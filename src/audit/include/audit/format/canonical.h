// A check that bytes are canonical JSON (RFC 8785, JCS) as audit entries use it, without building a tree of
// values.
//
// Accepts only: UTF-8 without a byte order mark, no white space, member names of ASCII without control
// characters, quote and backslash in strictly rising order (so JCS's order by UTF-16 units is the order of
// bytes, and no name comes twice), the escapes that JCS writes, integers within ±(2^53 − 1) in plain form,
// strings, true, false, null, arrays, objects. Runs over the text once, allocates nothing. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace parlour::audit {

constexpr std::size_t kCanonicalDepthMax = 16;

// A cursor that reads one canonical value after another. After the first failure it stays failed.
class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view text)
      : text_(text), at_(text.data()), end_(text.data() + text.size()) {}

  // Each reads one value and gives its raw bytes (strings with their quotes); empty after a failure.
  std::string_view value();
  // Object members, in order: `if (r.open_object()) while (r.next_member(name)) { … r.value() … }`. The name
  // is raw.
  bool open_object();
  bool next_member(std::string_view& name);

  bool failed() const { return reason_ != nullptr; }
  bool done() const { return !failed() && at_ == end_; }
  const char* reason() const { return reason_ == nullptr ? "" : reason_; }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - text_.data()); }
  // Objects seen so far that are exactly {"c": <string>}: committed values.
  std::uint32_t commitments() const { return commitments_; }
  // Escapes in strings read so far: when value() adds none, a string's content is its raw text.
  std::uint32_t escapes() const { return escapes_; }

 private:
  bool stop(const char* reason) {
    if (reason_ == nullptr) reason_ = reason;
    return false;
  }
  void skip_plain();  // to the next quote, backslash, control character or byte beyond ASCII, or to the end
  bool scan_value(std::size_t depth);
  bool scan_object(std::size_t depth);
  bool scan_array(std::size_t depth);
  bool scan_string();
  bool scan_escape();
  bool scan_utf8();
  bool scan_name(std::string_view& name);
  bool scan_integer();
  bool scan_word(std::string_view word);

  std::string_view text_;
  const char* at_;
  const char* end_;
  const char* reason_ = nullptr;
  std::uint32_t commitments_ = 0;
  std::uint32_t escapes_ = 0;
  std::string_view last_name_;  // of the object opened by open_object
  bool first_member_ = true;
};

struct CanonicalFault {
  std::size_t offset;
  std::string_view reason;
};

// True when the whole text is one canonical value; otherwise `fault`, if given, says where and why not.
bool is_canonical(std::string_view text, CanonicalFault* fault = nullptr);

// The raw value of a member of a canonical object; nothing when there is none.
std::optional<std::string_view> find_member(std::string_view raw_object, std::string_view name);
// The content of a raw string that holds no escape; nothing when it does, or when it is no string.
// (Names, ids and codes never need escapes.)
std::optional<std::string_view> plain_string(std::string_view raw);
// Each raw item of a canonical array, until `run` answers false. True when it is an array and all were taken.
bool each_item(std::string_view raw_array, const std::function<bool(std::string_view)>& run);
// The value of a raw integer; nothing for anything else.
std::optional<std::int64_t> plain_integer(std::string_view raw);

}  // namespace parlour::audit
