// Result<T, E>: a value or the reason why there is none.
//
// For expected and hostile-input failures (style.md (c) 9). A rule's "no" is a domain value, a bug is an
// assert. Any thread; no allocation of its own. C++20 has no std::expected; the names follow it, so that a
// later change of standard is a change of include.
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

namespace parlour {

template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

// fail(e): the way to return an error from a function that returns a Result.
template <class E>
Unexpected<std::decay_t<E>> fail(E&& error) {
  return {std::forward<E>(error)};
}

template <class T, class E>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  template <class G>
  Result(Unexpected<G> unexpected)  // NOLINT: implicit by design
      : state_(std::in_place_index<1>, E(std::move(unexpected.error))) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

// A Result without a value: success or the reason.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;
  template <class G>
  Result(Unexpected<G> unexpected) : error_(E(std::move(unexpected.error))) {}  // NOLINT: implicit by design

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const E& error() const {
    assert(error_.has_value());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

}  // namespace parlour
