// An IP address with a port (v4 or v6), a plain value without sockets. Any thread.
//
// An address of a person's device is personal data: to_text() is for SDP and tests, not for logs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace parlour::rtc {

class Address {
 public:
  Address() = default;  // 0.0.0.0:0
  static Address v4(const ByteArray<4>& ip, std::uint16_t port);
  // A v4-mapped address (::ffff:a.b.c.d, as dual-stack sockets give it) becomes v4, so one peer has one
  // value.
  static Address v6(const ByteArray<16>& ip, std::uint16_t port);
  // Dotted quad or RFC 4291 text (with "::", with a dotted tail; no zone, no brackets, no host names).
  static std::optional<Address> parse_ip(std::string_view ip, std::uint16_t port);

  bool is_v4() const { return is_v4_; }
  bool is_v6() const { return !is_v4_; }
  ByteView ip() const { return {ip_.data(), is_v4_ ? std::size_t{4} : std::size_t{16}}; }
  std::uint16_t port() const { return port_; }
  Address with_port(std::uint16_t port) const;

  std::string ip_text() const;  // RFC 5952 form for v6
  std::string to_text() const;  // 192.0.2.1:443 or [2001:db8::1]:443

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  ByteArray<16> ip_{};  // v4 in the first four bytes, the rest zero
  std::uint16_t port_ = 0;
  bool is_v4_ = true;
};

}  // namespace parlour::rtc

template <>
struct std::hash<parlour::rtc::Address> {
  std::size_t operator()(const parlour::rtc::Address& address) const noexcept;
};
