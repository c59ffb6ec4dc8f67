// Self-signed X.509 certificates (RFC 5280) with P-256 keys: one per process for DTLS, one for HTTPS in
// development.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/error.h"
#include "crypto/hash.h"

namespace parlour::crypto {

class Certificate {
 public:
  // common_name also becomes a DNS subject alternative name, together with `more_names` (DNS names or IP
  // addresses).
  static Result<Certificate, CryptoError> make_self_signed(std::string_view common_name,
                                                           const std::vector<std::string>& more_names,
                                                           UtcTime not_before, Duration lifetime);
  ~Certificate();
  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;

  Hash256 fingerprint() const;  // SHA-256 of the DER form (RFC 8122 section 5)
  std::string certificate_pem() const;
  std::string private_key_pem() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }  // for crypto's own sources

 private:
  explicit Certificate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::crypto
