// Reads the members of a message strictly: each one once, by name, of the right kind and within its limits;
// what is left over is an error. After the first error every further read gives an empty value, so a body may
// be read whole and checked once. Private to e2ee.
#pragma once

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/json.h"
#include "e2ee/messages.h"

namespace parlour::e2ee {

class ObjectReader {
 public:
  // `what` names the object in errors. Names given to all functions are literals.
  ObjectReader(const Json& json, std::string_view what, std::optional<MessageError>& error)
      : object_(json.as_object()), error_(error) {
    if (object_ == nullptr) bad(what);
  }

  void bad(std::string_view member) { set(MessageFault::kBadValue, member); }
  bool failed() const { return error_.has_value(); }

  const Json& member(std::string_view name) {
    static const Json null;
    if (failed()) return null;
    for (const JsonMember& found : *object_) {
      if (found.first == name) {
        ++taken_;
        return found.second;
      }
    }
    set(MessageFault::kMissingMember, name);
    return null;
  }

  std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max) {
    const std::int64_t* value = member(name).as_integer();
    if (value == nullptr || *value < min || *value > max) {
      bad(name);
      return min;
    }
    return *value;
  }
  template <class I>
  I integer_as(std::string_view name, I min, I max) {
    return static_cast<I>(integer(name, min, max));
  }
  bool boolean(std::string_view name) {
    const bool* value = member(name).as_bool();
    if (value == nullptr) bad(name);
    return value != nullptr && *value;
  }
  std::string text(std::string_view name, std::size_t min, std::size_t max) {
    const std::string* value = member(name).as_string();
    if (value == nullptr || value->size() < min || value->size() > max || has_control(*value)) {
      bad(name);
      return {};
    }
    return *value;
  }
  template <std::size_t N>
  ByteArray<N> bytes(std::string_view name) {
    return bytes_of<N>(member(name), name);
  }
  template <std::size_t N>
  ByteArray<N> bytes_of(const Json& json, std::string_view name) {
    ByteArray<N> out{};
    const std::string* value = json.as_string();
    auto decoded = value == nullptr ? std::nullopt : from_base64url(*value);
    if (!decoded || decoded->size() != N) {
      bad(name);
    } else {
      std::copy(decoded->begin(), decoded->end(), out.begin());
    }
    return out;
  }
  // Reads each element of an array with `read(element)`, which gives a value.
  template <class Read>
  auto list(std::string_view name, std::size_t max, Read read) {
    std::vector<decltype(read(std::declval<const Json&>()))> out;
    const JsonArray* array = member(name).as_array();
    if (array == nullptr || array->size() > max) {
      bad(name);
      return out;
    }
    out.reserve(array->size());
    for (const Json& element : *array) {
      if (failed()) break;
      out.push_back(read(element));
    }
    return out;
  }
  // The element or member object `json`, read with `read(reader)` and checked for left-over members.
  template <class Read>
  auto object(const Json& json, std::string_view name, Read read) {
    ObjectReader reader(json, name, error_);
    auto value = read(reader);
    reader.finish();
    return value;
  }

  void finish() {
    if (!failed() && taken_ != object_->size()) set(MessageFault::kUnknownMember, {});
  }

 private:
  static bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  }
  void set(MessageFault fault, std::string_view member) {
    if (!error_) error_ = MessageError{fault, member};
  }

  const JsonObject* object_;
  std::optional<MessageError>& error_;
  std::size_t taken_ = 0;
};

// Strictly rising by `key`: sorted, and nothing twice.
template <class List, class Key>
bool rises(const List& list, Key key) {
  return std::adjacent_find(list.begin(), list.end(),
                            [&](const auto& a, const auto& b) { return !(key(a) < key(b)); }) == list.end();
}

// The whole body: size, canonical form, members.
template <class Read>
auto read_body(ByteView body, std::string_view what, Read read)
    -> Result<decltype(read(std::declval<ObjectReader&>())), MessageError> {
  if (body.size() > kBodySizeMax) return fail(MessageError{MessageFault::kTooLong, {}});
  auto json = parse_json(as_text(body), {.bytes = kBodySizeMax, .depth = 5, .values = 20'000});
  if (!json || write_json(*json) != as_text(body)) return fail(MessageError{MessageFault::kNotCanonical, {}});
  std::optional<MessageError> error;
  ObjectReader reader(*json, what, error);
  auto value = read(reader);
  reader.finish();
  if (error) return fail(*error);
  return value;
}

// ---- What several messages have in common
// -------------------------------------------------------------------------

template <class Body>
void read_head(ObjectReader& reader, Body& body, std::uint8_t from_max) {
  body.call = reader.bytes<16>("call");
  body.epoch = reader.integer_as<std::uint16_t>("epoch", 1, kEpochMax);
  body.roster = reader.bytes<32>("roster");
  body.from = reader.integer_as<std::uint8_t>("from", 0, from_max);
}

constexpr std::size_t kCountersMax = 64;  // several epochs' worth: an epoch may have been skipped

inline Kid read_kid(ObjectReader& reader, const Json& json, std::string_view name) {
  const std::int64_t* value = json.as_integer();
  auto kid =
      value == nullptr || *value < 0 ? std::nullopt : Kid::from_value(static_cast<std::uint64_t>(*value));
  if (!kid) reader.bad(name);
  return kid.value_or(Kid{});
}

inline std::vector<CounterLast> read_last(ObjectReader& reader) {
  auto last = reader.list("last", kCountersMax, [&](const Json& element) {
    return reader.object(element, "last", [](ObjectReader& entry) {
      CounterLast value;
      value.kid = read_kid(entry, entry.member("kid"), "kid");
      value.counter =
          static_cast<std::uint32_t>(entry.integer("ctr", 0, static_cast<std::int64_t>(kCounterLimit) - 1));
      return value;
    });
  });
  if (!rises(last, [](const CounterLast& entry) { return entry.kid.value(); })) reader.bad("last");
  return last;
}

inline std::string text_of(ByteView bytes) {
  return to_base64url(bytes);
}

template <class Body>
JsonObject write_head(const Body& body) {
  return {{"call", text_of(body.call)},
          {"epoch", body.epoch},
          {"roster", text_of(body.roster)},
          {"from", body.from}};
}

inline JsonArray write_last(const std::vector<CounterLast>& last) {
  JsonArray array;
  for (const CounterLast& entry : last) {
    array.push_back(JsonObject{{"kid", entry.kid.value()}, {"ctr", entry.counter}});
  }
  return array;
}

inline Bytes body_bytes(const Json& json) {
  return to_bytes(write_json(json));
}

}  // namespace parlour::e2ee
