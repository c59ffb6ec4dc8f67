// What a Certificate holds, for the DTLS engine. Private to src/crypto.
#pragma once

#include <mutex>

#include "crypto/certificate.h"
#include "dtls_context.h"
#include "openssl_handles.h"

namespace parlour::crypto {

struct Certificate::Impl {
  PkeyPtr key;
  X509Ptr x509;
  Hash256 fingerprint{};

  // Made at the first use, shared by all engines of the process: an SSL_CTX per participant would cost memory
  // for nothing. Null when OpenSSL cannot make one. Any thread.
  const DtlsContext* dtls_context() const;

 private:
  mutable std::once_flag once_;
  mutable std::unique_ptr<DtlsContext> dtls_context_;
};

}  // namespace parlour::crypto
