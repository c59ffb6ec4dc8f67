// Reading a JSON body strictly: exactly the members that a route knows, each of its kind; the first fault is
// named by a JSON pointer. Unknown members are refused, so that nothing can be smuggled into a write
// (security check 6).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/characters.h"
#include "base/encoding.h"
#include "base/json.h"

namespace parlour::api {

class Body {
 public:
  explicit Body(std::string_view text) {
    auto parsed = parse_json(text);
    if (!parsed)
      fault("", "not JSON: " + std::string(parsed.error().reason) + " at byte " +
                    std::to_string(parsed.error().offset));
    else if (!parsed->is_object())
      fault("", "must be an object");
    else
      json_ = std::move(*parsed);
  }

  // Lengths are in characters (code points); a text of `most` of them has at most four times as many bytes.
  std::string string(std::string_view name, std::size_t least, std::size_t most, bool required = true) {
    const Json* value = take(name, required);
    if (value == nullptr) return "";
    const std::string* text = value->as_string();
    if (text == nullptr || characters(*text) < least || characters(*text) > most) {
      fault("/" + std::string(name),
            "must be a text of " + std::to_string(least) + " to " + std::to_string(most) + " characters");
      return "";
    }
    for (char c : *text)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
        fault("/" + std::string(name), "holds a control character");
        return "";
      }
    return *text;
  }
  std::string choice(std::string_view name, std::initializer_list<std::string_view> of,
                     bool required = true) {
    std::string text = string(name, 0, 64, required);
    if ((required || !text.empty()) && std::find(of.begin(), of.end(), text) == of.end())
      fault("/" + std::string(name), "is not one of the allowed words");
    return text;
  }
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most,
                                      bool required) {
    const Json* value = take(name, required);
    if (value == nullptr) return std::nullopt;
    const std::int64_t* number = value->as_integer();
    if (number == nullptr || *number < least || *number > most) {
      fault("/" + std::string(name),
            "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
      return std::nullopt;
    }
    return *number;
  }

  // Call last: members that nobody asked for are a fault.
  bool good() {
    if (const JsonObject* members = json_.as_object())
      for (const JsonMember& member : *members)
        if (std::find(known_.begin(), known_.end(), member.first) == known_.end())
          fault("/" + member.first, "is not a member of this request");
    return reason_.empty();
  }
  void fault(std::string pointer, std::string reason) {
    if (!reason_.empty()) return;
    pointer_ = std::move(pointer);
    reason_ = std::move(reason);
  }
  const std::string& pointer() const { return pointer_; }
  const std::string& reason() const { return reason_; }

 private:
  const Json* take(std::string_view name, bool required) {
    known_.emplace_back(name);
    const Json* value = json_.find(name);
    if (value == nullptr && required) fault("/" + std::string(name), "is missing");
    return value;
  }

  Json json_ = JsonObject{};
  std::vector<std::string> known_;
  std::string pointer_, reason_;
};

}  // namespace parlour::api
