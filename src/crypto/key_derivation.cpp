// HKDF (RFC 5869) and PBKDF2 (RFC 8018).
#include <algorithm>
#include <limits>

#include "crypto/hash.h"
#include "digest.h"
#include "openssl_handles.h"

namespace parlour::crypto {
namespace {

template <class Digest>
Secret extract(ByteView salt, ByteView key_material) {
  // An absent salt is a block of zeros (RFC 5869 2.2), which HMAC's padding of an empty key gives by itself.
  Secret prk(Digest::kSize);
  Hmac<Digest>(salt).compute({key_material}, prk.mutable_view());
  return prk;
}

template <class Digest>
Secret expand(ByteView prk, ByteView info, std::size_t size) {
  require(size <= 255 * Digest::kSize, "HKDF output size");
  Hmac<Digest> hmac(prk);
  Secret out(size);
  Secret block(Digest::kSize);
  std::uint8_t counter = 1;
  for (std::size_t done = 0; done < size; ++counter) {
    ByteView previous = counter == 1 ? ByteView{} : block.view();
    hmac.compute({previous, info, ByteView(&counter, 1)}, block.mutable_view());
    std::size_t part = std::min(block.size(), size - done);
    std::memcpy(out.mutable_view().data() + done, block.view().data(), part);
    done += part;
  }
  return out;
}

}  // namespace

Secret hkdf_extract(HkdfHash hash, ByteView salt, ByteView key_material) {
  return hash == HkdfHash::kSha256 ? extract<Sha256Digest>(salt, key_material)
                                   : extract<Sha512Digest>(salt, key_material);
}

Secret hkdf_expand(HkdfHash hash, ByteView prk, ByteView info, std::size_t size) {
  return hash == HkdfHash::kSha256 ? expand<Sha256Digest>(prk, info, size)
                                   : expand<Sha512Digest>(prk, info, size);
}

Secret pbkdf2_sha256(ByteView password, ByteView salt, std::uint32_t iterations, std::size_t size) {
  constexpr auto kIntMax = static_cast<std::size_t>(std::numeric_limits<int>::max());
  require(iterations > 0 && iterations <= kIntMax && size <= kIntMax && password.size() <= kIntMax &&
              salt.size() <= kIntMax,
          "PBKDF2 arguments");
  Secret out(size);
  require(PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()), static_cast<int>(password.size()),
                            salt.data(), static_cast<int>(salt.size()), static_cast<int>(iterations),
                            EVP_sha256(), static_cast<int>(size), out.mutable_view().data()) == 1,
          "PBKDF2");
  return out;
}

}  // namespace parlour::crypto
