// Vectors: the GCM specification's test cases (McGrew and Viega, appendix B), NIST SP 800-38A F.5, RFC 3711
// B.2.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/encoding.h"
#include "crypto/aead.h"
#include "openssl_handles.h"

// Counts C++ allocations of this executable; OpenSSL's own go through CRYPTO_set_mem_functions below.
namespace {
std::size_t allocations = 0;
void* counted_malloc(std::size_t size, const char*, int) {
  ++allocations;
  return std::malloc(size);
}
void* counted_realloc(void* old, std::size_t size, const char*, int) {
  ++allocations;
  return std::realloc(old, size);
}
void counted_free(void* block, const char*, int) {
  std::free(block);
}
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  std::abort();
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}

namespace parlour::crypto {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

TEST(AesGcm, MatchesTestCase4With128BitKey) {
  auto gcm = AesGcm::create(hex("feffe9928665731c6d6a8f9467308308"));
  ASSERT_TRUE(gcm);
  Bytes plain =
      hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
          "b16aedf5aa0de657ba637b39");
  Bytes aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  Bytes sealed = gcm->seal(hex("cafebabefacedbaddecaf888"), aad, plain);
  EXPECT_EQ(to_hex(sealed),
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
            "1ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47");
  auto opened = gcm->open(hex("cafebabefacedbaddecaf888"), aad, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, plain);
}

TEST(AesGcm, MatchesTestCase14And13With256BitKey) {
  auto gcm = AesGcm::create(Bytes(32, 0));
  ASSERT_TRUE(gcm);
  EXPECT_EQ(to_hex(gcm->seal(Bytes(12, 0), {}, Bytes(16, 0))),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  EXPECT_EQ(to_hex(gcm->seal(Bytes(12, 0), {}, {})), "530f8afbc74536b9a963b4f1c4cb738b");
}

TEST(AesGcm, RefusesEveryFlippedBit) {
  auto gcm = AesGcm::create(Bytes(16, 7));
  Bytes nonce(12, 1), aad = to_bytes("aad");
  Bytes sealed = gcm->seal(nonce, aad, as_bytes("frame"));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes broken = sealed;
    broken[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(gcm->open(nonce, aad, broken));
  }
  EXPECT_FALSE(gcm->open(nonce, as_bytes("aae"), sealed));
  EXPECT_FALSE(gcm->open(Bytes(12, 2), aad, sealed));
  EXPECT_FALSE(gcm->open(nonce, aad, ByteView(sealed).first(15)));
  EXPECT_TRUE(gcm->open(nonce, aad, sealed));  // a refusal does not spoil the context
}

TEST(AesGcm, RefusesOtherSizes) {
  EXPECT_FALSE(AesGcm::create(Bytes(24)));
  EXPECT_FALSE(AesGcm::create({}));
  auto gcm = AesGcm::create(Bytes(16));
  Bytes data(4), tag(16);
  EXPECT_FALSE(gcm->seal_in_place(Bytes(11), {}, data, tag));
  EXPECT_FALSE(gcm->open_in_place(Bytes(12), {}, data, ByteView(tag).first(12)));
}

TEST(AesCtr, MatchesSp80038aF51) {
  auto ctr = AesCtr::create(hex("2b7e151628aed2a6abf7158809cf4f3c"));
  ASSERT_TRUE(ctr);
  ByteArray<16> counter;
  Bytes initial = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  std::copy(initial.begin(), initial.end(), counter.begin());
  Bytes data = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  ASSERT_TRUE(ctr->apply(counter, data));
  EXPECT_EQ(to_hex(data), "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
  ASSERT_TRUE(ctr->apply(counter, data));
  EXPECT_EQ(to_hex(data), "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
}

TEST(AesCtr, MatchesRfc3711B2KeyStream) {
  auto ctr = AesCtr::create(hex("2b7e151628aed2a6abf7158809cf4f3c"));
  ByteArray<16> counter;
  Bytes initial = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000");
  std::copy(initial.begin(), initial.end(), counter.begin());
  Bytes stream(16, 0);
  ASSERT_TRUE(ctr->apply(counter, stream));
  EXPECT_EQ(to_hex(stream), "e03ead0935c95e80e166b16dd92b4eb4");
}

TEST(HmacSha1, WithAKeptKeyMatchesRfc2202) {
  auto hmac = HmacSha1::create(as_bytes("Jefe"));
  ASSERT_TRUE(hmac);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(to_hex(hmac->compute(as_bytes("what do ya want "), as_bytes("for nothing?"))),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  }
}

TEST(PacketPath, AllocatesNothing) {
  auto gcm = AesGcm::create(Bytes(16, 1));
  auto ctr = AesCtr::create(Bytes(16, 2));
  auto hmac = HmacSha1::create(Bytes(20, 3));
  Bytes data(1200, 4), tag(16), nonce(12), aad(12);
  ByteArray<16> counter{};
  std::size_t before = allocations;
  bool ok = true;
  for (int i = 0; i < 100; ++i) {
    nonce[11] = static_cast<std::uint8_t>(i);
    ok = ok && gcm->seal_in_place(nonce, aad, data, tag) && gcm->open_in_place(nonce, aad, data, tag);
    ok = ok && ctr->apply(counter, data);
    data[0] = hmac->compute(data, aad)[0];
  }
  EXPECT_TRUE(ok);
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace parlour::crypto

int main(int argc, char** argv) {
  // Must come before the library's first allocation.
  if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1) return 1;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
