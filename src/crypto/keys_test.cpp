// Vectors: RFC 6979 A.2.5 (verification), RFC 5903 8.1 (ECDH), RFC 8032 7.1.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/certificate.h"
#include "crypto/p256.h"
#include "crypto/random.h"

namespace parlour::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

TEST(P256, SignsAndVerifies) {
  P256Key key = P256Key::generate();
  P256Signature signature = key.sign(as_bytes("message"));
  EXPECT_TRUE(p256_verify(key.public_key(), as_bytes("message"), signature));
  EXPECT_FALSE(p256_verify(key.public_key(), as_bytes("massage"), signature));
  EXPECT_FALSE(p256_verify(P256Key::generate().public_key(), as_bytes("message"), signature));
  for (std::size_t at : {0u, 31u, 32u, 63u}) {
    P256Signature broken = signature;
    broken[at] ^= 1;
    EXPECT_FALSE(p256_verify(key.public_key(), as_bytes("message"), broken));
  }
  EXPECT_FALSE(p256_verify(key.public_key(), as_bytes("message"), ByteView(signature).first(63)));
  EXPECT_FALSE(p256_verify(key.public_key(), as_bytes("message"), P256Signature{}));
}

TEST(P256, VerifiesTheSignatureOfRfc6979A25) {
  auto key = P256Key::from_private(hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
  ASSERT_TRUE(key);
  P256Point point = key->public_key();
  EXPECT_EQ(to_hex(point),
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc"
            "64f2f1b2"
            "0c2d7e9f5177a3c294d4462299");
  EXPECT_TRUE(p256_verify(
      point, as_bytes("sample"),
      hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1"
          "b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")));
}

TEST(P256, AgreesAsRfc5903Does) {
  auto initiator =
      P256Key::from_private(hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"));
  ASSERT_TRUE(initiator);
  auto shared =
      initiator->ecdh(hex("04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e"
                          "8157854c13c58d6aac23f046ad"
                          "a30f8353e74f33039872ab"));
  ASSERT_TRUE(shared);
  EXPECT_EQ(to_hex(shared->view()), "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
}

TEST(P256, RefusesWhatIsNoKey) {
  P256Key key = P256Key::generate();
  P256Point point = key.public_key();
  EXPECT_TRUE(p256_is_point(point));
  EXPECT_FALSE(p256_is_point(ByteView(point).first(64)));
  EXPECT_FALSE(p256_is_point(P256Point{}));
  EXPECT_FALSE(p256_is_point(Bytes{0x00}));  // the point at infinity
  P256Point off_curve = point;
  off_curve[64] ^= 1;
  EXPECT_FALSE(p256_is_point(off_curve));
  EXPECT_FALSE(key.ecdh(off_curve));
  EXPECT_FALSE(P256Key::from_private(Bytes(32, 0)));
  EXPECT_FALSE(
      P256Key::from_private(hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")));  // n
  EXPECT_FALSE(P256Key::from_private(Bytes(31, 1)));
}

TEST(P256, GoesThroughPemAndBack) {
  P256Key key = P256Key::generate();
  std::string pem = key.to_pem();
  EXPECT_NE(pem.find("BEGIN PRIVATE KEY"), std::string::npos);
  auto read = P256Key::from_pem(pem);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->public_key(), key.public_key());
  EXPECT_TRUE(equal_constant_time(read->private_scalar().view(), key.private_scalar().view()));
  EXPECT_FALSE(P256Key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  EXPECT_FALSE(P256Key::from_pem(""));
}

TEST(Ed25519, MatchesRfc8032Test1And2) {
  auto first = Ed25519Key::from_seed(hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  ASSERT_TRUE(first);
  EXPECT_EQ(to_hex(first->public_key()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(first->sign({})),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b");
  auto second =
      Ed25519Key::from_seed(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  auto signature = second->sign(hex("72"));
  EXPECT_EQ(to_hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(ed25519_verify(second->public_key(), hex("72"), signature));
  EXPECT_FALSE(ed25519_verify(second->public_key(), hex("73"), signature));
  EXPECT_FALSE(ed25519_verify(first->public_key(), hex("72"), signature));
}

TEST(Ed25519, GivesItsSeedBack) {
  Ed25519Key key = Ed25519Key::generate();
  auto same = Ed25519Key::from_seed(key.seed().view());
  ASSERT_TRUE(same);
  EXPECT_EQ(same->public_key(), key.public_key());
}

TEST(Certificate, IsSelfSignedWithItsNamesAndFingerprint) {
  auto made = Certificate::make_self_signed("parlour.example", {"127.0.0.1", "localhost"},
                                            UtcTime{1'700'000'000'000'000}, 24h * 30);
  ASSERT_TRUE(made);
  EXPECT_NE(made->certificate_pem().find("BEGIN CERTIFICATE"), std::string::npos);
  EXPECT_TRUE(P256Key::from_pem(made->private_key_pem()));
  auto other = Certificate::make_self_signed("parlour.example", {}, UtcTime{1'700'000'000'000'000}, 1h);
  ASSERT_TRUE(other);
  EXPECT_NE(made->fingerprint(), other->fingerprint());
}

TEST(Certificate, RefusesNamesThatCannotBeWritten) {
  EXPECT_FALSE(Certificate::make_self_signed("", {}, UtcTime{0}, 1h));
  EXPECT_FALSE(Certificate::make_self_signed("two words", {}, UtcTime{0}, 1h));
  EXPECT_FALSE(Certificate::make_self_signed("name", {std::string("a\0b", 3)}, UtcTime{0}, 1h));
  EXPECT_FALSE(Certificate::make_self_signed("name", {}, UtcTime{0}, 0h));
}

TEST(SystemRandom, FillsWithDifferentBytes) {
  SystemRandom random;
  EXPECT_NE(random.array<32>(), random.array<32>());
}

}  // namespace
}  // namespace parlour::crypto
