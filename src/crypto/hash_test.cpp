// Vectors: FIPS 180-4 examples, RFC 2202, RFC 4231, RFC 5869 A.1–A.3, RFC 3720 B.4.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace parlour::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}
Bytes filled(std::size_t size, std::uint8_t byte) {
  return Bytes(size, byte);
}
Bytes counting(std::uint8_t first, std::uint8_t last) {
  Bytes out;
  for (int value = first; value <= last; ++value) out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

TEST(Sha256, GivesThePublishedValues) {
  EXPECT_EQ(to_hex(sha256(as_bytes(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, OfPartsIsThatOfTheirConcatenation) {
  EXPECT_EQ(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}), sha256(as_bytes("abc")));
  Sha256 running;
  running.update(as_bytes("ab"));
  running.update(as_bytes("c"));
  EXPECT_EQ(running.finish(), sha256(as_bytes("abc")));
}

TEST(Sha512, GivesThePublishedValue) {
  EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
            "454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(HmacSha256, MatchesRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(filled(20, 0x0b), {as_bytes("Hi There")})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(filled(131, 0xaa),
                               {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha1, MatchesRfc2202) {
  EXPECT_EQ(to_hex(hmac_sha1(filled(20, 0x0b), {as_bytes("Hi There")})),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(to_hex(hmac_sha1(as_bytes("Jefe"), {as_bytes("what do ya want for nothing?")})),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Hkdf, MatchesRfc5869A1) {
  Secret prk = hkdf_extract(HkdfHash::kSha256, counting(0x00, 0x0c), filled(22, 0x0b));
  EXPECT_EQ(to_hex(prk.view()), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  EXPECT_EQ(to_hex(hkdf_expand(HkdfHash::kSha256, prk.view(), counting(0xf0, 0xf9), 42).view()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Hkdf, MatchesRfc5869A2WithLongInputs) {
  Secret prk = hkdf_extract(HkdfHash::kSha256, counting(0x60, 0xaf), counting(0x00, 0x4f));
  EXPECT_EQ(to_hex(prk.view()), "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
  EXPECT_EQ(to_hex(hkdf_expand(HkdfHash::kSha256, prk.view(), counting(0xb0, 0xff), 82).view()),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Hkdf, MatchesRfc5869A3WithoutSaltAndInfo) {
  Secret prk = hkdf_extract(HkdfHash::kSha256, {}, filled(22, 0x0b));
  EXPECT_EQ(to_hex(prk.view()), "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
  EXPECT_EQ(to_hex(hkdf_expand(HkdfHash::kSha256, prk.view(), {}, 42).view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

// The widely published companions of RFC 6070 for SHA-256.
TEST(Pbkdf2, MatchesThePublishedSha256Values) {
  EXPECT_EQ(to_hex(pbkdf2_sha256(as_bytes("password"), as_bytes("salt"), 1, 32).view()),
            "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b");
  EXPECT_EQ(to_hex(pbkdf2_sha256(as_bytes("password"), as_bytes("salt"), 4096, 32).view()),
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
}

TEST(Crc32c, MatchesRfc3720) {
  EXPECT_EQ(crc32c(filled(32, 0x00)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(filled(32, 0xff)), 0x62A8AB43u);
  EXPECT_EQ(crc32c(counting(0x00, 0x1f)), 0x46DD794Eu);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Secret, MoveLeavesNothingBehindAndComparesByValue) {
  Secret first(hex("0102"));
  Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT: the state after the move is the contract
  EXPECT_TRUE(equal_constant_time(second.view(), hex("0102")));
  EXPECT_FALSE(equal_constant_time(second.view(), hex("0103")));
  EXPECT_FALSE(equal_constant_time(second.view(), hex("01")));
}

}  // namespace
}  // namespace parlour::crypto
