#include "http/message.h"

#include <algorithm>
#include <array>

namespace parlour::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// The first four groups of a numeric IPv6 address, as eight bytes in hex. Reads what the system's own
// formatting gives, so the input is well-formed.
std::string first_64_bits(std::string_view ip) {
  std::array<std::string, 8> groups;
  groups.fill("0");
  std::size_t gap = ip.find("::");
  std::string_view front = gap == std::string_view::npos ? ip : ip.substr(0, gap);
  std::size_t index = 0;
  auto take = [&](std::string_view part) {
    while (!part.empty() && index < groups.size()) {
      std::size_t colon = part.find(':');
      groups[index++] = std::string(part.substr(0, colon));
      part = colon == std::string_view::npos ? std::string_view() : part.substr(colon + 1);
    }
  };
  take(front);
  if (gap != std::string_view::npos) {
    std::string_view back = ip.substr(gap + 2);
    auto colons = static_cast<std::size_t>(std::count(back.begin(), back.end(), ':'));
    std::size_t back_groups = back.empty() ? 0 : colons + 1;
    index = back_groups <= groups.size() ? std::max(index, groups.size() - back_groups) : groups.size();
    take(back);
  }
  return groups[0] + ':' + groups[1] + ':' + groups[2] + ':' + groups[3] + "::/64";
}

}  // namespace

std::string_view to_text(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "OTHER";
}

std::string subscriber_of(const PeerAddress& peer) {
  return peer.ip.find(':') == std::string::npos ? peer.ip : first_64_bits(peer.ip);
}

Response& Response::set_header(std::string_view name, std::string_view value) {
  std::erase_if(headers, [&](const auto& field) { return equal_ignoring_case(field.first, name); });
  return add_header(name, value);
}

Response& Response::add_header(std::string_view name, std::string_view value) {
  headers.emplace_back(name, value);
  return *this;
}

const std::string* Response::find_header(std::string_view name) const {
  auto found = std::find_if(headers.begin(), headers.end(),
                            [&](const auto& field) { return equal_ignoring_case(field.first, name); });
  return found == headers.end() ? nullptr : &found->second;
}

Response Response::empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response Response::json(int status, const Json& value) {
  return text(status, "application/json", write_json(value));
}

Response Response::text(int status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

Response Response::redirect(int status, std::string_view location) {
  Response response = empty(status);
  response.add_header("Location", location);
  return response;
}

std::string host_cookie(std::string_view name, std::string_view value,
                        std::optional<std::int64_t> max_age_seconds) {
  std::string cookie = "__Host-";
  cookie += name;
  cookie += '=';
  cookie += value;
  cookie += "; Path=/; Secure; HttpOnly; SameSite=Strict";
  if (max_age_seconds) cookie += "; Max-Age=" + std::to_string(*max_age_seconds);
  return cookie;
}

std::string expired_host_cookie(std::string_view name) {
  return host_cookie(name, "", 0);
}

bool is_same_origin(const Request& request, std::string_view base_origin) {
  auto origin = request.headers.find("origin");
  if (origin != request.headers.end()) return origin->second == base_origin;
  return request.header("sec-fetch-site") == "same-origin";
}

}  // namespace parlour::http
