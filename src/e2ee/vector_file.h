// Reads published test-vector files for tests: JSON in which numbers stay text (some are beyond 2^53, which
// our own JSON refuses). Trusts its input; not for anything but tests.
#pragma once

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace parlour::e2ee::testing {

struct VectorValue {
  std::string text;  // of strings and numbers
  std::vector<VectorValue> list;
  std::map<std::string, VectorValue> members;

  const VectorValue& operator[](const std::string& name) const { return members.at(name); }
  Bytes bytes() const { return *from_hex(text); }
  std::uint64_t number() const { return std::stoull(text); }
};

class VectorReader {
 public:
  explicit VectorReader(std::string text) : text_(std::move(text)) {}
  VectorValue read() {
    VectorValue value;
    switch (next()) {
      case '{':
        for (++at_; next() != '}'; skip(',')) {
          std::string name = read_string();
          skip(':');
          value.members[name] = read();
        }
        ++at_;
        break;
      case '[':
        for (++at_; next() != ']'; skip(',')) value.list.push_back(read());
        ++at_;
        break;
      case '"':
        value.text = read_string();
        break;
      default:
        while (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '-')
          value.text += text_[at_++];
    }
    return value;
  }

 private:
  char next() {
    while (std::isspace(static_cast<unsigned char>(text_.at(at_)))) ++at_;
    return text_[at_];
  }
  void skip(char wanted) {
    if (next() == wanted) ++at_;
  }
  std::string read_string() {
    next();
    std::size_t end = text_.find('"', ++at_);
    std::string value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return value;
  }

  std::string text_;
  std::size_t at_ = 0;
};

// The file below the directory that PARLOUR_VECTORS names; nothing without it.
inline std::optional<VectorValue> read_vectors(const std::string& path) {
  const char* root = std::getenv("PARLOUR_VECTORS");
  if (root == nullptr) return std::nullopt;
  std::ifstream file(std::string(root) + "/" + path);
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  return VectorReader(text.str()).read();
}

}  // namespace parlour::e2ee::testing
