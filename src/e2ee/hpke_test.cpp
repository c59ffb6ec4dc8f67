// E2EE03 (C++ side): RFC 9180 appendix A.3 (AES-128-GCM) and the published AES-256-GCM set of the same suite
// family.
#include "e2ee/hpke.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "vector_file.h"

namespace parlour::e2ee {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

struct Pair {
  HpkeContext sender, recipient;
};
Pair set_up(ByteView sk_e, ByteView sk_r, ByteView pk_r, ByteView info, HpkeAead aead) {
  auto ephemeral = crypto::P256Key::from_private(sk_e);
  auto key = crypto::P256Key::from_private(sk_r);
  return {std::move(*HpkeContext::setup_sender(*ephemeral, pk_r, info, aead)),
          std::move(*HpkeContext::setup_recipient(*key, ephemeral->public_key(), info, aead))};
}

TEST(Hpke, E2EE03_MatchesRfc9180A3) {
  Bytes pk_r =
      hex("04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30a"
          "d6aa8f80e30f1d12"
          "8aafd68a2ce72ea0");
  Pair s = set_up(hex("4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb"),
                  hex("f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2"), pk_r,
                  hex("4f6465206f6e2061204772656369616e2055726e"), HpkeAead::kAes128Gcm);
  EXPECT_EQ(to_hex(s.sender.values().shared_secret.view()),
            "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8");
  EXPECT_EQ(to_hex(s.sender.values().key.view()), "868c066ef58aae6dc589b6cfdd18f97e");
  EXPECT_EQ(to_hex(s.sender.values().base_nonce.view()), "4e0bc5018beba4bf004cca59");
  Bytes plain = hex("4265617574792069732074727574682c20747275746820626561757479");
  Bytes first = s.sender.seal(hex("436f756e742d30"), plain);
  Bytes second = s.sender.seal(hex("436f756e742d31"), plain);
  EXPECT_EQ(to_hex(first),
            "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434");
  EXPECT_EQ(to_hex(second),
            "fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06646e0329cbdf3c3cd655b28e82");
  EXPECT_EQ(s.recipient.open(hex("436f756e742d30"), first).value(), plain);
  EXPECT_EQ(s.recipient.open(hex("436f756e742d31"), second).value(), plain);
}

TEST(Hpke, E2EE03_MatchesTheAes256Suite) {
  Bytes pk_r =
      hex("04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f853148544876de76c0f2ef99cdc3a05c"
          "cf5ded7860c7c021"
          "238f9e2073d2356c");
  Pair s = set_up(hex("90345e3a1d116c1dd39ae76d95ab858c142223a63e44f8f85318cfa91a84858e"),
                  hex("317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2"), pk_r,
                  hex("4f6465206f6e2061204772656369616e2055726e"), HpkeAead::kAes256Gcm);
  EXPECT_EQ(to_hex(s.sender.values().key.view()),
            "ee16802a936d5f544771131900ee6973d0551de9e852ece2ef34bf0d5f9e1d1d");
  Bytes plain = hex("4265617574792069732074727574682c20747275746820626561757479");
  Bytes sealed = s.sender.seal(hex("436f756e742d30"), plain);
  EXPECT_EQ(to_hex(sealed),
            "58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f");
  EXPECT_EQ(s.recipient.open(hex("436f756e742d30"), sealed).value(), plain);
}

TEST(Hpke, E2EE03_MatchesTheWholePublishedSet) {
  auto vectors = testing::read_vectors("hpke/p256-base.json");
  if (!vectors) GTEST_SKIP() << "PARLOUR_VECTORS names no directory with hpke/p256-base.json";
  std::size_t messages = 0;
  for (const auto& v : vectors->list) {
    ASSERT_EQ(v["kem_id"].number(), 0x10u);
    Pair s = set_up(v["skEm"].bytes(), v["skRm"].bytes(), v["pkRm"].bytes(), v["info"].bytes(),
                    static_cast<HpkeAead>(v["aead_id"].number()));
    EXPECT_EQ(to_hex(s.recipient.values().shared_secret.view()), v["shared_secret"].text);
    EXPECT_EQ(to_hex(s.recipient.values().base_nonce.view()), v["base_nonce"].text);
    for (const auto& e : v["encryptions"].list) {
      EXPECT_EQ(to_hex(s.sender.seal(e["aad"].bytes(), e["pt"].bytes())), e["ct"].text);
      EXPECT_EQ(to_hex(s.recipient.open(e["aad"].bytes(), e["ct"].bytes()).value()), e["pt"].text);
      ++messages;
    }
  }
  EXPECT_EQ(messages, 514u);
}

TEST(Hpke, OpensOnlyWithTheSameKeyInfoAndAad) {
  crypto::P256Key recipient = crypto::P256Key::generate();
  Bytes info = to_bytes("info"), aad = to_bytes("aad"), plain(32, 9);
  auto sealed = hpke_seal(recipient.public_key(), info, aad, plain);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->ciphertext.size(), 48u);
  auto opened = hpke_open(recipient, sealed->enc, info, aad, sealed->ciphertext);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(equal(opened->view(), plain));
  EXPECT_FALSE(hpke_open(crypto::P256Key::generate(), sealed->enc, info, aad, sealed->ciphertext));
  EXPECT_FALSE(hpke_open(recipient, sealed->enc, as_bytes("inf0"), aad, sealed->ciphertext));
  EXPECT_FALSE(hpke_open(recipient, sealed->enc, info, as_bytes("aae"), sealed->ciphertext));
  EXPECT_FALSE(hpke_open(recipient, Bytes(65, 4), info, aad, sealed->ciphertext));
  for (std::size_t at = 0; at < sealed->ciphertext.size(); ++at) {
    Bytes broken = sealed->ciphertext;
    broken[at] ^= 0x80;
    EXPECT_FALSE(hpke_open(recipient, sealed->enc, info, aad, broken));
  }
  EXPECT_FALSE(hpke_seal(Bytes(65, 4), info, aad, plain));
}

}  // namespace
}  // namespace parlour::e2ee
