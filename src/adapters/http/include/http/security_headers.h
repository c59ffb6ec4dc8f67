// The header fields that every answer carries, errors and 101 included (design: "Headers on every answer").
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace parlour::http {

class SecurityHeaders {
 public:
  // base_origin: "https://host:port". HSTS only over TLS.
  SecurityHeaders(std::string_view base_origin, bool is_tls);

  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  // Adds what is missing. A handler may have set a stricter Content-Security-Policy or another Cache-Control;
  // the others are always ours.
  void apply(Response& response) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace parlour::http
