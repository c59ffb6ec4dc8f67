#include "http/security_headers.h"

#include <algorithm>

namespace parlour::http {
namespace {

// Every feature that Chromium knows by this header is switched off but the three of a call (unknown names
// would be reported in its console). Autoplay is left at its default, the page itself: the remote picture has
// to start.
constexpr std::string_view kPermissions =
    "camera=(self), microphone=(self), display-capture=(self), accelerometer=(), browsing-topics=(), "
    "clipboard-read=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), "
    "hid=(), identity-credentials-get=(), idle-detection=(), local-fonts=(), magnetometer=(), midi=(), "
    "payment=(), picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(), "
    "screen-wake-lock=(self), serial=(), storage-access=(), usb=(), xr-spatial-tracking=()";

std::string websocket_origin(std::string_view base_origin) {
  std::size_t colon = base_origin.find(':');
  std::string_view scheme = base_origin.substr(0, colon);
  std::string out = scheme == "https" ? "wss" : "ws";
  if (colon != std::string_view::npos) out += base_origin.substr(colon);
  return out;
}

std::string content_security_policy(std::string_view base_origin) {
  // 'self' covers the WebSocket of the same origin in newer browsers only, so it is named as well.
  return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' " +
         websocket_origin(base_origin) +
         "; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self'; font-src 'self'; base-uri "
         "'none'; "
         "form-action 'self'; frame-ancestors 'none'";
}

// What a handler may decide for itself.
bool is_overridable(std::string_view name) {
  return name == "Content-Security-Policy" || name == "Cache-Control" ||
         name == "Cross-Origin-Resource-Policy";
}

}  // namespace

SecurityHeaders::SecurityHeaders(std::string_view base_origin, bool is_tls) {
  fields_ = {{"Content-Security-Policy", content_security_policy(base_origin)},
             {"Referrer-Policy", "no-referrer"},
             {"X-Content-Type-Options", "nosniff"},
             {"X-Frame-Options", "DENY"},
             {"Permissions-Policy", std::string(kPermissions)},
             {"Cross-Origin-Opener-Policy", "same-origin"},
             {"Cross-Origin-Resource-Policy", "same-origin"},
             {"Cache-Control", "no-store"}};
  if (is_tls) fields_.emplace_back("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
}

void SecurityHeaders::apply(Response& response) const {
  for (const auto& [name, value] : fields_) {
    if (is_overridable(name) && response.find_header(name) != nullptr) continue;
    response.set_header(name, value);
  }
}

}  // namespace parlour::http
