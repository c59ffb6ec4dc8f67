// P-256 keys as EVP_PKEY, built from and turned into the raw forms of the public headers. Private to
// src/crypto.
#pragma once

#include "crypto/p256.h"
#include "openssl_handles.h"

namespace parlour::crypto {

PkeyPtr generate_p256();
PkeyPtr p256_from_point(ByteView point);    // null: not a point of the curve in uncompressed form
PkeyPtr p256_from_scalar(ByteView scalar);  // null: not 1..n−1 in 32 bytes
bool is_p256(const EVP_PKEY* key);
std::string private_key_to_pem(const EVP_PKEY* key);

}  // namespace parlour::crypto
