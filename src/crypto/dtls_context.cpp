#include "dtls_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <limits>

#include "crypto/secret.h"

namespace parlour::crypto {
namespace {

constexpr char kCiphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
constexpr long kCertificateListMax = 16 * 1024;  // a browser sends one certificate of about 300 bytes

DtlsWire* wire_of(BIO* bio) {
  return static_cast<DtlsWire*>(BIO_get_data(bio));
}

int bio_write(BIO* bio, const char* data, int size) {
  if (size <= 0) return 0;
  auto bytes = reinterpret_cast<const std::uint8_t*>(data);
  wire_of(bio)->written.emplace_back(bytes, bytes + size);
  return size;
}

int bio_read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  DtlsWire* wire = wire_of(bio);
  if (wire->inbox.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::size_t part = std::min(wire->inbox.size(), static_cast<std::size_t>(size));
  std::memcpy(out, wire->inbox.data(), part);  // a datagram: what does not fit is lost, as with a socket
  wire->inbox.clear();
  return static_cast<int>(part);
}

long bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// The chain is never built: the peer is who its fingerprint says (RFC 8122, RFC 5763 section 5).
int verify_fingerprint(X509_STORE_CTX* store, void*) {
  auto ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto wire = ssl == nullptr ? nullptr : static_cast<DtlsWire*>(SSL_get_app_data(ssl));
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  Hash256 hash;
  unsigned int size = 0;
  if (wire != nullptr && certificate != nullptr &&
      X509_digest(certificate, EVP_sha256(), hash.data(), &size) == 1 && size == hash.size() &&
      equal_constant_time(hash, wire->peer_fingerprint)) {
    wire->peer_verified = true;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  if (wire != nullptr) wire->peer_refused = true;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

// OpenSSL's own retransmission asks the system clock. A timer of 71 minutes never fires within a handshake;
// ours does.
unsigned int never(SSL*, unsigned int) {
  return std::numeric_limits<unsigned int>::max();
}

}  // namespace

std::unique_ptr<DtlsContext> DtlsContext::create(X509* certificate, EVP_PKEY* key) {
  auto made = std::make_unique<DtlsContext>();
  made->bio_method_.reset(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams in memory"));
  made->context_.reset(SSL_CTX_new(DTLS_method()));
  BIO_METHOD* method = made->bio_method_.get();
  SSL_CTX* context = made->context_.get();
  if (method == nullptr || context == nullptr || BIO_meth_set_write(method, bio_write) != 1 ||
      BIO_meth_set_read(method, bio_read) != 1 || BIO_meth_set_ctrl(method, bio_control) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  // Not const: OpenSSL's macros cast it away.
  char groups[] = "X25519:P-256";
  char signatures[] = "ECDSA+SHA256";
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, kCertificateListMax);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_fingerprint, nullptr);
  if (SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, kCiphers) != 1 || SSL_CTX_set1_groups_list(context, groups) != 1 ||
      SSL_CTX_set1_sigalgs_list(context, signatures) != 1 ||
      SSL_CTX_set1_client_sigalgs_list(context, signatures) != 1 ||
      SSL_CTX_use_certificate(context, certificate) != 1 || SSL_CTX_use_PrivateKey(context, key) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return made;
}

SslPtr DtlsContext::make_ssl(DtlsWire& wire) const {
  SslPtr ssl(SSL_new(context_.get()));
  BIO* bio = BIO_new(bio_method_.get());
  if (!ssl || bio == nullptr) {
    BIO_free(bio);
    ERR_clear_error();
    return nullptr;
  }
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_app_data(ssl.get(), &wire);
  DTLS_set_timer_cb(ssl.get(), never);
  return ssl;
}

}  // namespace parlour::crypto
