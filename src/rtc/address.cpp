#include "rtc/address.h"

#include <charconv>

namespace parlour::rtc {

namespace {

constexpr ByteArray<12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::optional<ByteArray<4>> parse_v4(std::string_view text) {
  ByteArray<4> ip{};
  for (std::size_t i = 0; i < 4; ++i) {
    std::size_t digits = 0;
    unsigned value = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
      if (++digits > 3) return std::nullopt;
    }
    // A leading zero would be octal for some readers: one address, one text.
    if (digits == 0 || value > 255 || (digits > 1 && text[0] == '0')) return std::nullopt;
    ip[i] = static_cast<std::uint8_t>(value);
    text.remove_prefix(digits);
    if (i < 3) {
      if (text.empty() || text[0] != '.') return std::nullopt;
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return std::nullopt;
  return ip;
}

std::optional<ByteArray<16>> parse_v6(std::string_view text) {
  ByteArray<16> ip{};
  std::size_t filled = 0;                // bytes
  std::optional<std::size_t> gap_begin;  // where "::" stood
  if (text.starts_with("::")) {
    gap_begin = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (filled >= 16) return std::nullopt;
    const std::size_t end = text.find(':');
    const std::string_view group = text.substr(0, end);
    if (group.find('.') != std::string_view::npos) {
      const auto tail = parse_v4(group);
      if (!tail || end != std::string_view::npos || filled > 12) return std::nullopt;
      std::copy(tail->begin(), tail->end(), ip.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += 4;
      break;
    }
    if (group.empty() || group.size() > 4) return std::nullopt;
    std::uint16_t value = 0;
    const auto [stop, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (error != std::errc() || stop != group.data() + group.size()) return std::nullopt;
    store_u16(&ip[filled], value);
    filled += 2;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    if (text.starts_with(":")) {
      if (gap_begin) return std::nullopt;
      gap_begin = filled;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return std::nullopt;  // a single colon at the end
    }
  }
  if (!gap_begin) {
    if (filled != 16) return std::nullopt;
    return ip;
  }
  if (filled > 14) return std::nullopt;  // "::" stands for at least one group
  const std::size_t tail = filled - *gap_begin;
  std::copy_backward(ip.begin() + static_cast<std::ptrdiff_t>(*gap_begin),
                     ip.begin() + static_cast<std::ptrdiff_t>(filled), ip.end());
  std::fill(ip.begin() + static_cast<std::ptrdiff_t>(*gap_begin),
            ip.end() - static_cast<std::ptrdiff_t>(tail), std::uint8_t{0});
  return ip;
}

std::string v6_text(const ByteArray<16>& ip) {
  // RFC 5952: the longest run of at least two zero groups becomes "::", the first of equals.
  int best_begin = -1, best_size = 1;
  for (int i = 0; i < 8; ++i) {
    int j = i;
    while (j < 8 && load_u16(&ip[static_cast<std::size_t>(2 * j)]) == 0) ++j;
    if (j - i > best_size) {
      best_begin = i;
      best_size = j - i;
    }
    if (j > i) i = j;
  }
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == best_begin) {
      text += "::";
      i += best_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char group[4];
    const auto end = std::to_chars(group, group + 4,
                                   static_cast<unsigned>(load_u16(&ip[static_cast<std::size_t>(2 * i)])), 16)
                         .ptr;
    text.append(group, end);
  }
  return text;
}

}  // namespace

Address Address::v4(const ByteArray<4>& ip, std::uint16_t port) {
  Address address;
  std::copy(ip.begin(), ip.end(), address.ip_.begin());
  address.port_ = port;
  return address;
}

Address Address::v6(const ByteArray<16>& ip, std::uint16_t port) {
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin())) {
    return v4({ip[12], ip[13], ip[14], ip[15]}, port);
  }
  Address address;
  address.ip_ = ip;
  address.port_ = port;
  address.is_v4_ = false;
  return address;
}

std::optional<Address> Address::parse_ip(std::string_view ip, std::uint16_t port) {
  if (ip.size() > 45) return std::nullopt;
  if (ip.find(':') == std::string_view::npos) {
    if (const auto bytes = parse_v4(ip)) return v4(*bytes, port);
    return std::nullopt;
  }
  if (const auto bytes = parse_v6(ip)) return v6(*bytes, port);
  return std::nullopt;
}

Address Address::with_port(std::uint16_t port) const {
  Address copy = *this;
  copy.port_ = port;
  return copy;
}

std::string Address::ip_text() const {
  if (!is_v4_) return v6_text(ip_);
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(ip_[i]);
  }
  return text;
}

std::string Address::to_text() const {
  const std::string port = std::to_string(port_);
  return is_v4_ ? ip_text() + ":" + port : "[" + ip_text() + "]:" + port;
}

}  // namespace parlour::rtc

std::size_t std::hash<parlour::rtc::Address>::operator()(
    const parlour::rtc::Address& address) const noexcept {
  std::uint64_t value = address.port();  // mixed byte by byte (FNV-1a, 64 bits)
  value ^= 0xCBF29CE484222325u;
  for (const std::uint8_t byte : address.ip()) value = (value ^ byte) * 0x100000001B3u;
  return static_cast<std::size_t>(value ^ value >> 32);
}
