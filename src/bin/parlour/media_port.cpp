#include "media_port.h"

#include <algorithm>

namespace parlour::bin {
namespace {

constexpr std::uint16_t kUnprivileged = 1024;

bool is_wildcard(const rtc::Address& address) {
  const ByteView ip = address.ip();
  return std::all_of(ip.begin(), ip.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

bool is_private(const rtc::Address& address) {
  const ByteView ip = address.ip();
  if (address.is_v4()) {
    return ip[0] == 10 || ip[0] == 127 || (ip[0] == 172 && (ip[1] & 0xF0) == 16) ||
           (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
           (ip[0] == 100 && (ip[1] & 0xC0) == 64);
  }
  const bool is_loopback =
      std::all_of(ip.begin(), ip.end() - 1, [](std::uint8_t byte) { return byte == 0; }) && ip[15] == 1;
  return is_loopback || (ip[0] & 0xFE) == 0xFC || (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80);
}

bool is_tried(const rtc::Address& candidate) {
  if (is_wildcard(candidate)) return false;
  if (candidate.port() >= kUnprivileged) return true;
  return (candidate.port() == 443 || candidate.port() == 80) && !is_private(candidate);
}

std::vector<rtc::Address> not_tried(const std::vector<rtc::Address>& candidates) {
  std::vector<rtc::Address> out;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(out),
               [](const rtc::Address& candidate) { return !is_tried(candidate); });
  return out;
}

std::optional<std::string> media_refusal(const std::vector<rtc::Address>& candidates) {
  if (candidates.empty() || not_tried(candidates).size() < candidates.size()) return std::nullopt;
  if (is_wildcard(candidates.front())) {
    return "browsers are told the address " + candidates.front().ip_text() +
           ", which is none: give --media-address, the address under which browsers reach this machine";
  }
  const std::string port = std::to_string(candidates.front().port());
  return "browsers send no picture and no sound to port " + port + " of " + candidates.front().ip_text() +
         ": Chromium and Edge try port 443 only on public addresses, and no other port below 1024.\n"
         "Give --media-port a number from 1024 on, for example --media-port 8443, and let UDP through to it.";
}

}  // namespace parlour::bin
