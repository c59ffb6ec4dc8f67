// HTTP messages as plain values: what a handler gets and what it answers. No transport type appears here.
//
// A Request has been checked by the transport (http/target.h): its path is decoded, well-formed UTF-8,
// without empty,
// "." or ".." segments, without control characters and backslashes. Its headers, query and body are as the
// client sent them: hostile until parsed. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"

namespace parlour::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view to_text(Method method);

using TextMap = std::map<std::string, std::string, std::less<>>;

struct PeerAddress {
  std::string ip;  // numeric; an IPv4 address mapped into IPv6 is written as IPv4
  std::uint16_t port = 0;
};
// The part of an address that one subscriber holds: IPv4 whole, IPv6 its first 64 bits. The key for rate
// limits.
std::string subscriber_of(const PeerAddress& peer);

struct Request {
  Method method = Method::kGet;
  std::string path;                   // decoded: "/api/v1/meetings/0190…"
  std::vector<std::string> segments;  // of the path, decoded; a final slash gives an empty last segment
  TextMap query;                      // decoded; a name that comes twice makes the request malformed (400)
  TextMap headers;                    // names in lower case; repeated fields joined by ", "
  TextMap cookies;     // a name that comes twice is left out: nobody can say which one is meant
  TextMap parameters;  // what the Router's pattern took from the path
  std::string body;
  PeerAddress peer;
  bool is_tls = false;

  // Empty when absent. Header names in lower case.
  std::string_view header(std::string_view name) const { return find(headers, name); }
  std::string_view cookie(std::string_view name) const { return find(cookies, name); }
  std::string_view parameter(std::string_view name) const { return find(parameters, name); }
  std::string_view query_value(std::string_view name) const { return find(query, name); }

 private:
  static std::string_view find(const TextMap& map, std::string_view name) {
    auto found = map.find(name);
    return found == map.end() ? std::string_view() : std::string_view(found->second);
  }
};

// Bytes that are fetched while they are sent (the vault's ranges). The transport serves single byte ranges of
// it (RFC 9110 section 14): 206, 416, or 200 for the whole.
//
// Thread: the transport calls on its own threads, one call at a time per response. Must not block.
class RangeSource {
 public:
  virtual ~RangeSource() = default;

  virtual std::uint64_t size() const = 0;

  // Asks for [offset, offset + length), always inside size() and at most 256 KiB. `done` is called exactly
  // once, from any thread, with exactly `length` bytes or with nothing when the source fails: before the
  // first byte the client gets 503, afterwards the connection is cut.
  using ReadDone = std::function<void(std::optional<Bytes>)>;
  virtual void read(std::uint64_t offset, std::size_t length, ReadDone done) = 0;

  // `count` bytes from `offset` on were taken by the socket; called piece by piece in ascending order, also
  // for the part of a piece that went out before the client vanished. The socket buffer is kept small for
  // such bodies, so "taken" is ahead of "received" by at most about 256 KiB.
  virtual void on_sent(std::uint64_t offset, std::uint64_t count) = 0;

  // The last call: nothing more will be sent, be it that all was sent, the client vanished, or it was a HEAD.
  virtual void on_end() = 0;
};

struct Response {
  using SharedText =
      std::shared_ptr<const std::string>;  // shared: many connections send one static file at a time
  using Body = std::variant<std::string, SharedText, std::shared_ptr<RangeSource>>;

  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;

  // Replaces or adds a field. A name or value that is not allowed in HTTP (CR, LF, NUL) makes the transport
  // answer 500.
  Response& set_header(std::string_view name, std::string_view value);
  // Adds a field even if there is one of that name (Set-Cookie).
  Response& add_header(std::string_view name, std::string_view value);
  // Null pointer when absent; any case.
  const std::string* find_header(std::string_view name) const;

  static Response empty(int status);
  static Response json(int status, const Json& value);
  static Response text(int status, std::string content_type, std::string body);
  static Response redirect(int status, std::string_view location);
};

// Answers a request: call it once, from any thread; later calls are ignored. When the last copy goes without
// having been called, the client gets 500. It may outlive the connection; then the answer is dropped.
using Reply = std::function<void(Response)>;

// A cookie that only this host sets and gets (RFC 6265bis "__Host-"): Secure, HttpOnly, SameSite=Strict,
// Path=/. `name` without the prefix; `value` of URL-safe characters. Without an age it ends with the
// browser's session.
std::string host_cookie(std::string_view name, std::string_view value,
                        std::optional<std::int64_t> max_age_seconds);
// The Set-Cookie value that removes it.
std::string expired_host_cookie(std::string_view name);

// True when a browser says that the request comes from our own pages: Origin equals `base_origin`, or,
// without an Origin, Sec-Fetch-Site is "same-origin". False when neither is there. For requests that change
// something, together with the session's token (security check 9).
bool is_same_origin(const Request& request, std::string_view base_origin);

}  // namespace parlour::http
