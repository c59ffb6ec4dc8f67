#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "certificate_impl.h"
#include "crypto/random.h"
#include "p256_keys.h"

namespace parlour::crypto {
namespace {

constexpr std::size_t kNameMax = 64;  // ub-common-name of RFC 5280 A.1

bool is_printable_name(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    if (c <= 0x20 || c >= 0x7F) return false;
  }
  return true;
}

bool set_time(ASN1_TIME* field, UtcTime time) {
  std::int64_t seconds = time.us / 1'000'000;
  return ASN1_TIME_set(field, static_cast<time_t>(seconds)) != nullptr;
}

bool add_name(GENERAL_NAMES* names, const std::string& text) {
  GeneralNamePtr name(GENERAL_NAME_new());
  if (!name) return false;
  if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(text.c_str())) {
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* dns = ASN1_IA5STRING_new();
    if (dns == nullptr) return false;
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, dns);
    if (ASN1_STRING_set(dns, text.data(), static_cast<int>(text.size())) != 1) return false;
  }
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return false;
  static_cast<void>(name.release());  // owned by `names` from here on
  return true;
}

bool add_extension(X509* x509, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(x509, extension.get(), -1) == 1;
}

bool fill(X509* x509, EVP_PKEY* key, const std::string& common_name,
          const std::vector<std::string>& more_names, UtcTime not_before, Duration lifetime) {
  SystemRandom random;
  auto serial = random.array<16>();
  serial[0] =
      static_cast<std::uint8_t>((serial[0] & 0x7F) | 0x40);  // positive, and never shorter than 16 bytes
  BnPtr number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  GeneralNamesPtr names(GENERAL_NAMES_new());
  if (!number || !names || X509_set_version(x509, X509_VERSION_3) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) == nullptr ||
      !set_time(X509_getm_notBefore(x509), not_before) ||
      !set_time(X509_getm_notAfter(x509), not_before + lifetime) || X509_set_pubkey(x509, key) != 1) {
    return false;
  }
  X509_NAME* subject = X509_get_subject_name(x509);
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1 ||
      X509_set_issuer_name(x509, subject) != 1) {
    return false;
  }
  if (!add_name(names.get(), common_name)) return false;
  for (const std::string& name : more_names) {
    if (!add_name(names.get(), name)) return false;
  }
  return X509_add1_ext_i2d(x509, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
         add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
         add_extension(x509, NID_ext_key_usage, "serverAuth,clientAuth") &&
         X509_sign(x509, key, EVP_sha256()) > 0;
}

}  // namespace

const DtlsContext* Certificate::Impl::dtls_context() const {
  std::call_once(once_, [this] { dtls_context_ = DtlsContext::create(x509.get(), key.get()); });
  return dtls_context_.get();
}

Certificate::Certificate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Certificate::~Certificate() = default;
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;

Result<Certificate, CryptoError> Certificate::make_self_signed(std::string_view common_name,
                                                               const std::vector<std::string>& more_names,
                                                               UtcTime not_before, Duration lifetime) {
  if (!is_printable_name(common_name) || common_name.size() > kNameMax || lifetime <= Duration::zero()) {
    return fail(CryptoError::kBadInput);
  }
  for (const std::string& name : more_names) {
    if (!is_printable_name(name) || name.size() > 255) return fail(CryptoError::kBadInput);
  }
  auto impl = std::make_unique<Impl>();
  impl->key = generate_p256();
  impl->x509.reset(X509_new());
  if (!impl->x509 ||
      !fill(impl->x509.get(), impl->key.get(), std::string(common_name), more_names, not_before, lifetime)) {
    ERR_clear_error();
    return fail(CryptoError::kLibrary);
  }
  ERR_clear_error();  // a2i_IPADDRESS leaves entries for names that are no addresses
  unsigned int size = 0;
  if (X509_digest(impl->x509.get(), EVP_sha256(), impl->fingerprint.data(), &size) != 1 ||
      size != impl->fingerprint.size()) {
    return fail(CryptoError::kLibrary);
  }
  return Certificate(std::move(impl));
}

Hash256 Certificate::fingerprint() const {
  return impl_->fingerprint;
}

std::string Certificate::certificate_pem() const {
  BioPtr bio(BIO_new(BIO_s_mem()));
  require(bio && PEM_write_bio_X509(bio.get(), impl_->x509.get()) == 1, "certificate to PEM");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string Certificate::private_key_pem() const {
  return private_key_to_pem(impl_->key.get());
}

}  // namespace parlour::crypto
