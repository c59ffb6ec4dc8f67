// What all DTLS engines of one certificate share: the SSL_CTX with our fixed choices, and the BIO that turns
// each record flush into one datagram. Private to src/crypto.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "openssl_handles.h"

namespace parlour::crypto {

// Where an engine's BIO reads and writes. Its address is the BIO's data, so it must not move.
struct DtlsWire {
  Bytes inbox;  // one datagram, or empty
  std::vector<Bytes> written;
  Hash256 peer_fingerprint{};  // what the verify callback compares with
  bool peer_verified = false;
  bool peer_refused = false;
};

class DtlsContext {
 public:
  static std::unique_ptr<DtlsContext> create(X509* certificate, EVP_PKEY* key);

  // An SSL whose reads and writes go to `wire`, which must outlive it. Null when the library fails.
  SslPtr make_ssl(DtlsWire& wire) const;

 private:
  BioMethodPtr bio_method_;
  SslCtxPtr context_;
};

}  // namespace parlour::crypto
