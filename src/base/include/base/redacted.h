// Redacted<T>: a personal value that cannot be logged by accident (style.md (c) 20). It has no formatter and
// no stream operator; whoever needs the value says so by calling reveal().
#pragma once

#include <utility>

namespace parlour {

template <class T>
class Redacted {
 public:
  Redacted() = default;
  explicit Redacted(T value) : value_(std::move(value)) {}
  const T& reveal() const { return value_; }
  friend bool operator==(const Redacted&, const Redacted&) = default;

 private:
  T value_{};
};

}  // namespace parlour
