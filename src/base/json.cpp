#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/encoding.h"

namespace parlour {
namespace {

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<Json, JsonError> run() {
    if (text_.size() > limits_.bytes) return fail(JsonError{limits_.bytes, "longer than allowed"});
    if (!is_utf8(text_)) return fail(JsonError{0, "not UTF-8"});
    Json value;
    if (!parse_value(value, 0)) return fail(error_);
    skip_space();
    if (at_ != text_.size()) return fail(JsonError{at_, "something after the value"});
    return value;
  }

 private:
  bool stop(std::string_view reason) {
    error_ = {at_, reason};
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return stop("not a value");
    at_ += word.size();
    return true;
  }

  bool parse_value(Json& out, std::size_t depth) {
    if (depth > limits_.depth) return stop("nested too deeply");
    if (++values_ > limits_.values) return stop("too many values");
    skip_space();
    switch (peek()) {
      case '{':
        return parse_object(out, depth);
      case '[':
        return parse_array(out, depth);
      case '"': {
        std::string text;
        if (!parse_string(text)) return false;
        out = Json(std::move(text));
        return true;
      }
      case 't':
        out = Json(true);
        return literal("true");
      case 'f':
        out = Json(false);
        return literal("false");
      case 'n':
        out = Json();
        return literal("null");
      default:
        return parse_integer(out);
    }
  }

  bool parse_object(Json& out, std::size_t depth) {
    JsonObject members;
    std::set<std::string, std::less<>> names;
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      out = Json(std::move(members));
      return true;
    }
    for (;;) {
      skip_space();
      if (peek() != '"') return stop("a member name was expected");
      std::string name;
      if (!parse_string(name)) return false;
      if (!names.insert(name).second) return stop("duplicate member");
      skip_space();
      if (peek() != ':') return stop("a colon was expected");
      ++at_;
      Json value;
      if (!parse_value(value, depth + 1)) return false;
      members.emplace_back(std::move(name), std::move(value));
      skip_space();
      char next = peek();
      if (next != ',' && next != '}') return stop("a comma or a closing brace was expected");
      ++at_;
      if (next == '}') break;
    }
    out = Json(std::move(members));
    return true;
  }

  bool parse_array(Json& out, std::size_t depth) {
    JsonArray items;
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      out = Json(std::move(items));
      return true;
    }
    for (;;) {
      Json value;
      if (!parse_value(value, depth + 1)) return false;
      items.push_back(std::move(value));
      skip_space();
      char next = peek();
      if (next != ',' && next != ']') return stop("a comma or a closing bracket was expected");
      ++at_;
      if (next == ']') break;
    }
    out = Json(std::move(items));
    return true;
  }

  bool parse_hex4(std::uint32_t& code) {
    if (text_.size() - at_ < 4) return stop("a cut escape");
    auto digits = from_hex(text_.substr(at_, 4));
    if (!digits) return stop("a bad escape");
    code = static_cast<std::uint32_t>((*digits)[0] << 8 | (*digits)[1]);
    at_ += 4;
    return true;
  }

  bool parse_string(std::string& out) {
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) return stop("a string without an end");
      char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) {
        --at_;
        return stop("a control character in a string");
      }
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      char escape = peek();
      ++at_;
      switch (escape) {
        case '"':
          out.push_back('"');
          break;
        case '\\':
          out.push_back('\\');
          break;
        case '/':
          out.push_back('/');
          break;
        case 'b':
          out.push_back('\b');
          break;
        case 'f':
          out.push_back('\f');
          break;
        case 'n':
          out.push_back('\n');
          break;
        case 'r':
          out.push_back('\r');
          break;
        case 't':
          out.push_back('\t');
          break;
        case 'u': {
          std::uint32_t code = 0;
          if (!parse_hex4(code)) return false;
          if (code >= 0xDC00 && code < 0xE000) return stop("a lone surrogate");
          if (code >= 0xD800 && code < 0xDC00) {
            std::uint32_t low = 0;
            if (text_.substr(at_, 2) != "\\u") return stop("a lone surrogate");
            at_ += 2;
            if (!parse_hex4(low)) return false;
            if (low < 0xDC00 || low >= 0xE000) return stop("a lone surrogate");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          }
          append_utf8(out, code);
          break;
        }
        default:
          return stop("a bad escape");
      }
    }
  }

  bool parse_integer(Json& out) {
    std::size_t start = at_;
    if (peek() == '-') ++at_;
    std::size_t digits = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    if (at_ == digits) return stop("not a value");
    if (text_[digits] == '0' && (at_ - digits > 1 || digits != start))
      return stop("not an integer in plain form");
    if (peek() == '.' || peek() == 'e' || peek() == 'E') return stop("only integers are allowed");
    std::int64_t value = 0;
    auto [end, code] = std::from_chars(text_.data() + start, text_.data() + at_, value);
    if (code != std::errc{} || end != text_.data() + at_ || value > kIntegerMax || value < -kIntegerMax)
      return stop("an integer beyond 2^53 - 1");
    out = Json(value);
    return true;
  }

  std::string_view text_;
  JsonLimits limits_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  JsonError error_{0, ""};
};

void write_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (auto byte = static_cast<unsigned char>(c); byte < 0x20) {
          out += "\\u00";
          out.push_back(kHex[byte >> 4]);
          out.push_back(kHex[byte & 15]);
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

void write_value(std::string& out, const Json& value, bool canonical) {
  if (value.is_null()) {
    out += "null";
  } else if (const bool* flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const std::int64_t* integer = value.as_integer()) {
    out += std::to_string(*integer);
  } else if (const std::string* text = value.as_string()) {
    write_string(out, *text);
  } else if (const JsonArray* items = value.as_array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out.push_back(',');
      write_value(out, (*items)[i], canonical);
    }
    out.push_back(']');
  } else if (const JsonObject* members = value.as_object()) {
    std::vector<const JsonMember*> order;
    order.reserve(members->size());
    for (const JsonMember& member : *members) order.push_back(&member);
    if (canonical)
      std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->first < b->first; });
    out.push_back('{');
    bool first = true;
    for (const JsonMember* member : order) {
      if (!first) out.push_back(',');
      first = false;
      write_string(out, member->first);
      out.push_back(':');
      write_value(out, member->second, canonical);
    }
    out.push_back('}');
  }
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  if (const JsonObject* members = as_object())
    for (const JsonMember& member : *members)
      if (member.first == name) return &member.second;
  return nullptr;
}

std::string Json::string_or(std::string_view name, std::string_view fallback) const {
  const Json* member = find(name);
  const std::string* text = member != nullptr ? member->as_string() : nullptr;
  return text != nullptr ? *text : std::string(fallback);
}

std::int64_t Json::integer_or(std::string_view name, std::int64_t fallback) const {
  const Json* member = find(name);
  const std::int64_t* integer = member != nullptr ? member->as_integer() : nullptr;
  return integer != nullptr ? *integer : fallback;
}

bool Json::bool_or(std::string_view name, bool fallback) const {
  const Json* member = find(name);
  const bool* flag = member != nullptr ? member->as_bool() : nullptr;
  return flag != nullptr ? *flag : fallback;
}

Json& Json::set(std::string_view name, Json value) {
  if (is_null()) value_ = JsonObject{};
  JsonObject* members = as_object();
  assert(members != nullptr);
  for (JsonMember& member : *members)
    if (member.first == name) {
      member.second = std::move(value);
      return *this;
    }
  members->emplace_back(std::string(name), std::move(value));
  return *this;
}

Result<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  return Parser(text, limits).run();
}

std::string write_json(const Json& value) {
  std::string out;
  write_value(out, value, false);
  return out;
}

std::string write_json_canonical(const Json& value) {
  std::string out;
  write_value(out, value, true);
  return out;
}

std::string json_quote(std::string_view text) {
  std::string out;
  write_string(out, text);
  return out;
}

}  // namespace parlour
