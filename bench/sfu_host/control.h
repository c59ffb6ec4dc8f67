// The control side of the measured host: HTTP/1.1 with JSON bodies on 127.0.0.1, POST only, one thread per
// connection. As small as can be; nothing of the product speaks through it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace parlour::bench {

// path and body in, answer out; called on many threads at once.
using ControlHandler = std::function<Json(std::string_view path, const Json& body)>;

// Serves until the process ends; false when the port cannot be had.
bool serve_control(std::uint16_t port, const ControlHandler& handler);

}  // namespace parlour::bench
