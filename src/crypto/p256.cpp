#include "crypto/p256.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <limits>

#include "p256_keys.h"

namespace parlour::crypto {
namespace {

constexpr char kGroupName[] = "prime256v1";
constexpr std::size_t kScalarSize = 32;

PkeyPtr from_params(OSSL_PARAM_BLD* build, int selection) {
  ParamsPtr params(OSSL_PARAM_BLD_to_param(build));
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return PkeyPtr(key);
}

// Never asks for a pass phrase on a terminal: an encrypted PEM is simply unreadable.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

PkeyPtr generate_p256() {
  PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kGroupName));
  require(key != nullptr, "P-256 key generation");
  return key;
}

PkeyPtr p256_from_point(ByteView point) {
  if (point.size() != std::tuple_size_v<P256Point> || point[0] != 0x04) return nullptr;
  ParamBuildPtr build(OSSL_PARAM_BLD_new());
  if (!build ||
      OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, kGroupName, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return nullptr;
  }
  return from_params(build.get(), EVP_PKEY_PUBLIC_KEY);  // refuses points that are not on the curve
}

PkeyPtr p256_from_scalar(ByteView scalar) {
  if (scalar.size() != kScalarSize) return nullptr;
  EcGroupPtr group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  BnCtxPtr context(BN_CTX_secure_new());
  BnPtr number(BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), nullptr));
  if (!group || !context || !number) return nullptr;
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(number.get()) || BN_cmp(number.get(), EC_GROUP_get0_order(group.get())) >= 0) return nullptr;
  EcPointPtr point(EC_POINT_new(group.get()));
  P256Point octets;
  if (!point || EC_POINT_mul(group.get(), point.get(), number.get(), nullptr, nullptr, context.get()) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, octets.data(),
                         octets.size(), context.get()) != octets.size()) {
    return nullptr;
  }
  ParamBuildPtr build(OSSL_PARAM_BLD_new());
  if (!build ||
      OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, kGroupName, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, octets.data(), octets.size()) !=
          1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) != 1) {
    return nullptr;
  }
  return from_params(build.get(), EVP_PKEY_KEYPAIR);
}

bool is_p256(const EVP_PKEY* key) {
  char name[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &size) == 1 &&
         std::string_view(name, size) == kGroupName;
}

std::string private_key_to_pem(const EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_secmem()));
  require(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "private key to PEM");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

struct P256Key::Impl {
  PkeyPtr key;
  P256Point point;

  static std::unique_ptr<Impl> make(PkeyPtr key) {
    auto impl = std::make_unique<Impl>();
    std::size_t size = 0;
    // A key that came with a compressed point still gives the uncompressed form when asked for it.
    if (EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed") != 1 ||
        EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, impl->point.data(),
                                        impl->point.size(), &size) != 1 ||
        size != impl->point.size()) {
      return nullptr;
    }
    impl->key = std::move(key);
    return impl;
  }
};

P256Key::P256Key(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
P256Key::~P256Key() = default;
P256Key::P256Key(P256Key&&) noexcept = default;
P256Key& P256Key::operator=(P256Key&&) noexcept = default;

P256Key P256Key::generate() {
  auto impl = Impl::make(generate_p256());
  require(impl != nullptr, "P-256 public key");
  return P256Key(std::move(impl));
}

Result<P256Key, CryptoError> P256Key::from_private(ByteView scalar) {
  PkeyPtr key = p256_from_scalar(scalar);
  if (!key) return fail(CryptoError::kBadKey);
  auto impl = Impl::make(std::move(key));
  if (!impl) return fail(CryptoError::kLibrary);
  return P256Key(std::move(impl));
}

Result<P256Key, CryptoError> P256Key::from_pem(std::string_view pem) {
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return fail(CryptoError::kBadKey);
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return fail(CryptoError::kLibrary);
  PkeyPtr read(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  ERR_clear_error();
  if (!read || !is_p256(read.get())) return fail(CryptoError::kBadKey);
  // Rebuilt from the scalar, so that the public half always belongs to the private one.
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(read.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1)
    return fail(CryptoError::kBadKey);
  BnPtr owned(number);
  Secret scalar(kScalarSize);
  if (BN_bn2binpad(number, scalar.mutable_view().data(), kScalarSize) != static_cast<int>(kScalarSize)) {
    return fail(CryptoError::kBadKey);
  }
  return from_private(scalar.view());
}

P256Point P256Key::public_key() const {
  return impl_->point;
}

Secret P256Key::private_scalar() const {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(impl_->key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1, "P-256 scalar");
  BnPtr owned(number);
  Secret scalar(kScalarSize);
  require(BN_bn2binpad(number, scalar.mutable_view().data(), kScalarSize) == static_cast<int>(kScalarSize),
          "P-256 scalar size");
  return scalar;
}

std::string P256Key::to_pem() const {
  return private_key_to_pem(impl_->key.get());
}

P256Signature P256Key::sign(ByteView message) const {
  DigestCtxPtr context(EVP_MD_CTX_new());
  ByteArray<80> der;  // an ECDSA-Sig-Value of P-256 has at most 72 bytes
  std::size_t size = der.size();
  require(context &&
              EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, impl_->key.get(),
                                    nullptr) == 1 &&
              EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) == 1,
          "ECDSA signature");
  const std::uint8_t* at = der.data();
  EcdsaSigPtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  P256Signature raw;
  require(signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), 32) == 32 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + 32, 32) == 32,
          "ECDSA signature form");
  return raw;
}

Result<Secret, CryptoError> P256Key::ecdh(ByteView peer_public) const {
  PkeyPtr peer = p256_from_point(peer_public);
  if (!peer) return fail(CryptoError::kBadKey);
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, impl_->key.get(), nullptr));
  Secret shared(kScalarSize);
  std::size_t size = shared.size();
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), shared.mutable_view().data(), &size) != 1 || size != shared.size()) {
    ERR_clear_error();
    return fail(CryptoError::kLibrary);
  }
  return shared;
}

namespace {

// Whoever checks one signature mostly checks many of one key, and reading a key costs as much as the check.
EVP_PKEY* last_key(ByteView public_key) {
  struct Last {
    Bytes point;
    PkeyPtr key;
  };
  thread_local Last last;
  if (!last.key || !std::ranges::equal(last.point, public_key)) {
    last.key = p256_from_point(public_key);
    last.point = to_bytes(public_key);
  }
  return last.key.get();
}

}  // namespace

bool p256_verify(ByteView public_key, ByteView message, ByteView signature) {
  if (signature.size() != std::tuple_size_v<P256Signature>) return false;
  EVP_PKEY* key = last_key(public_key);
  if (key == nullptr) return false;
  EcdsaSigPtr parsed(ECDSA_SIG_new());
  BnPtr r(BN_bin2bn(signature.data(), 32, nullptr));
  BnPtr s(BN_bin2bn(signature.data() + 32, 32, nullptr));
  if (!parsed || !r || !s || ECDSA_SIG_set0(parsed.get(), r.get(), s.get()) != 1) return false;
  static_cast<void>(r.release());  // owned by `parsed` from here on
  static_cast<void>(s.release());
  ByteArray<80> der;
  std::uint8_t* at = der.data();
  int size = i2d_ECDSA_SIG(parsed.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > der.size() || i2d_ECDSA_SIG(parsed.get(), &at) != size)
    return false;
  DigestCtxPtr context(EVP_MD_CTX_new());
  bool ok = context &&
            EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key, nullptr) == 1 &&
            EVP_DigestVerify(context.get(), der.data(), static_cast<std::size_t>(size), message.data(),
                             message.size()) == 1;
  ERR_clear_error();
  return ok;
}

bool p256_is_point(ByteView public_key) {
  return p256_from_point(public_key) != nullptr;
}

}  // namespace parlour::crypto
