// E2EE03 (C++ side): RFC 9605 appendix C vectors for headers and suites 4 and 5; and our frames of Opus and
// VP8.
#include "e2ee/sframe.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "vector_file.h"

namespace parlour::e2ee {
namespace {

Bytes hex(std::string_view text) {
  return *from_hex(text);
}

void expect_header(std::uint64_t kid, std::uint64_t counter, ByteView encoded) {
  EXPECT_EQ(to_hex(encode_sframe_header(kid, counter).view()), to_hex(encoded));
  auto parsed = parse_sframe_header(encoded);
  ASSERT_TRUE(parsed) << to_hex(encoded);
  EXPECT_EQ(parsed->kid, kid);
  EXPECT_EQ(parsed->counter, counter);
  EXPECT_EQ(parsed->size, encoded.size());
  for (std::size_t size = 0; size < encoded.size(); ++size)
    EXPECT_FALSE(parse_sframe_header(encoded.first(size)));
}

TEST(SframeHeader, E2EE03_MatchesPublishedHeaders) {
  expect_header(0, 0, hex("00"));
  expect_header(0, 1, hex("01"));
  expect_header(0, 255, hex("08ff"));
  expect_header(0, 256, hex("090100"));
  expect_header(255, 256, hex("89ff0100"));
  expect_header(65535, 65536, hex("9affff010000"));
  expect_header(16777215, 1, hex("a1ffffff"));
  expect_header(4294967295, 4294967296, hex("bcffffffff0100000000"));
  expect_header(65536, 72057594037927936, hex("af0100000100000000000000"));
  expect_header(18446744073709551615u, 18446744073709551615u, hex("ffffffffffffffffffffffffffffffffff"));
}

TEST(SframeHeader, E2EE03_MatchesTheWholePublishedSet) {
  auto vectors = testing::read_vectors("sframe/test-vectors.json");
  if (!vectors) GTEST_SKIP() << "PARLOUR_VECTORS names no directory with sframe/test-vectors.json";
  EXPECT_EQ((*vectors)["header"].list.size(), 289u);
  for (const auto& vector : (*vectors)["header"].list) {
    expect_header(vector["kid"].number(), vector["ctr"].number(), vector["encoded"].bytes());
  }
}

TEST(SframeHeader, RefusesLongerFormsOfANumber) {
  EXPECT_TRUE(parse_sframe_header(hex("77")));
  EXPECT_FALSE(parse_sframe_header(hex("8007")));      // KID 7 fits the first byte
  EXPECT_FALSE(parse_sframe_header(hex("0807")));      // so does counter 7
  EXPECT_FALSE(parse_sframe_header(hex("900008")));    // a leading zero
  EXPECT_FALSE(parse_sframe_header(hex("09000800")));  // a leading zero in the counter
  EXPECT_TRUE(
      parse_sframe_header(hex("8808"
                              "08")));
}

void expect_suite(SframeSuite suite, const testing::VectorValue& v) {
  auto key = SframeKey::derive(suite, v["base_key"].bytes(), v["kid"].number());
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->key()), v["sframe_key"].text);
  EXPECT_EQ(to_hex(key->salt()), v["sframe_salt"].text);
  EXPECT_EQ(to_hex(key->encrypt(v["ctr"].number(), v["metadata"].bytes(), v["pt"].bytes())), v["ct"].text);
  auto plain = key->decrypt(v["metadata"].bytes(), v["ct"].bytes());
  ASSERT_TRUE(plain);
  EXPECT_EQ(to_hex(*plain), v["pt"].text);
}

testing::VectorValue object(std::map<std::string, std::string> members) {
  testing::VectorValue value;
  for (auto& [name, text] : members) value.members[name].text = text;
  return value;
}

TEST(Sframe, E2EE03_MatchesSuite4And5) {
  auto common = [](std::string key, std::string salt, std::string ct) {
    return object({{"kid", "291"},
                   {"ctr", "17767"},
                   {"base_key", "000102030405060708090a0b0c0d0e0f"},
                   {"metadata", "4945544620534672616d65205747"},
                   {"pt", "64726166742d696574662d736672616d652d656e63"},
                   {"sframe_key", key},
                   {"sframe_salt", salt},
                   {"ct", ct}});
  };
  expect_suite(
      SframeSuite::kAes128GcmSha256,
      common("d34f547f4ca4f9a7447006fe7fcbf768", "75234edefe07819026751816",
             "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb"));
  expect_suite(
      SframeSuite::kAes256GcmSha512,
      common("d3e27b0d4a5ae9e55df01a70e6d4d28d969b246e2936f4b7a5d9b494da6b9633", "84991c167b8cd23c93708ec7",
             "990123456794f509d36e9beacb0e261d99c7d1e972f1fed787d4049f17ca21353c1cc24d56ceabced279"));
}

TEST(Sframe, E2EE03_MatchesSuite4And5OfThePublishedFile) {
  auto vectors = testing::read_vectors("sframe/test-vectors.json");
  if (!vectors) GTEST_SKIP() << "PARLOUR_VECTORS names no directory with sframe/test-vectors.json";
  int seen = 0;
  for (const auto& vector : (*vectors)["sframe"].list) {
    std::uint64_t suite = vector["cipher_suite"].number();
    if (suite != 4 && suite != 5) continue;
    expect_suite(static_cast<SframeSuite>(suite), vector);
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

// ---- Frames
// -----------------------------------------------------------------------------------------------------------

const Bytes kBaseKey(32, 0x42);
const Bytes kOpusFrame = to_bytes("an Opus frame");
const Bytes kVp8Key = {0x50, 0x01, 0x02, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 0x77};
const Bytes kVp8Delta = {0x51, 0x01, 0x02, 0x03};

SframeKey key_of(const Kid& kid) {
  return std::move(*derive_frame_key(kBaseKey, kid));
}

TEST(Frames, OpusIsSealedWhole) {
  SframeKey key = key_of({5, 3, 0});
  Bytes sealed = seal_frame(FrameCodec::kOpus, key, 9, kOpusFrame);
  auto parts = split_frame(FrameCodec::kOpus, sealed);
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->shim.empty());
  EXPECT_EQ(parts->header.kid, (Kid{5, 3, 0}.value()));
  EXPECT_EQ(parts->header.counter, 9u);
  EXPECT_EQ(open_frame(FrameCodec::kOpus, key, sealed).value(), kOpusFrame);
}

TEST(Frames, Vp8ShowsOnlyTheShim) {
  SframeKey key = key_of({5, 3, 1});
  Bytes sealed_key = seal_frame(FrameCodec::kVp8, key, 1, kVp8Key);
  Bytes sealed_delta = seal_frame(FrameCodec::kVp8, key, 2, kVp8Delta);
  EXPECT_EQ(to_hex(ByteView(sealed_key).first(10)), "1000009d012a00000000");
  EXPECT_EQ(sealed_delta[0], 0x11);
  EXPECT_TRUE(split_frame(FrameCodec::kVp8, sealed_key)->key_frame);
  EXPECT_FALSE(split_frame(FrameCodec::kVp8, sealed_delta)->key_frame);
  EXPECT_EQ(open_frame(FrameCodec::kVp8, key, sealed_key).value(), kVp8Key);
  EXPECT_EQ(open_frame(FrameCodec::kVp8, key, sealed_delta).value(), kVp8Delta);
}

TEST(Frames, E2EE06_EveryFlippedBitIsRejected) {
  SframeKey key = key_of({5, 3, 1});
  for (const Bytes& plain : {kVp8Key, kVp8Delta}) {
    Bytes sealed = seal_frame(FrameCodec::kVp8, key, 300, plain);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      Bytes broken = sealed;
      broken[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(open_frame(FrameCodec::kVp8, key, broken)) << "bit " << bit;
    }
    EXPECT_FALSE(open_frame(FrameCodec::kVp8, key, ByteView(sealed).first(sealed.size() - 1)));
  }
}

TEST(Frames, AShimThatContradictsTheFrameIsRefused) {
  SframeKey key = key_of({5, 3, 1});
  // A client that shows a delta shim over a key frame, and authenticates it.
  Bytes lying = to_bytes(ByteView(kShimDelta));
  append(lying, key.encrypt(7, kShimDelta, kVp8Key));
  EXPECT_EQ(open_frame(FrameCodec::kVp8, key, lying).error(), FrameError::kKeyBit);
  // One shim in place of the other, without the key.
  Bytes swapped = to_bytes(ByteView(kShimKey));
  append(swapped, key.encrypt(8, kShimDelta, kVp8Delta));
  EXPECT_EQ(open_frame(FrameCodec::kVp8, key, swapped).error(), FrameError::kNotAuthentic);
}

TEST(Frames, EachKidHasItsOwnKey) {
  SframeKey camera = key_of({5, 3, 1});
  SframeKey screen = key_of({5, 3, 2});
  EXPECT_NE(to_hex(camera.key()), to_hex(screen.key()));
  Bytes sealed = seal_frame(FrameCodec::kVp8, camera, 1, kVp8Delta);
  EXPECT_EQ(open_frame(FrameCodec::kVp8, screen, sealed).error(), FrameError::kOtherKey);
  EXPECT_FALSE(derive_frame_key(Bytes(31), Kid{5, 3, 1}));
}

TEST(Frames, PlaintextIsNotTakenForAFrame) {
  EXPECT_EQ(split_frame(FrameCodec::kVp8, kVp8Key).error(), FrameError::kShim);
  EXPECT_EQ(split_frame(FrameCodec::kVp8, kVp8Delta).error(), FrameError::kShim);
  EXPECT_FALSE(split_frame(FrameCodec::kVp8, {}));
  EXPECT_FALSE(split_frame(FrameCodec::kOpus, {}));
}

TEST(Kid, RoundTripsAndKeepsItsLimits) {
  EXPECT_EQ((Kid{1, 2, 1}.value()), 0x1021u);
  EXPECT_EQ(Kid::from_value(0x1021), (Kid{1, 2, 1}));
  EXPECT_EQ(Kid::from_value((Kid{4095, 254, 2}.value())), (Kid{4095, 254, 2}));
  EXPECT_FALSE(Kid::from_value(0x0021));         // epoch 0
  EXPECT_FALSE(Kid::from_value(0x1FF0));         // member 255
  EXPECT_FALSE(Kid::from_value(0x1023));         // slot 3
  EXPECT_FALSE(Kid::from_value(4096ull << 12));  // epoch 4096
  EXPECT_FALSE(Kid::from_value(~std::uint64_t{0}));
  EXPECT_EQ((Kid{1, 0, 0}.kind()), Kind::kAudio);
  EXPECT_EQ((Kid{1, 0, 2}.kind()), Kind::kPictures);
}

}  // namespace
}  // namespace parlour::e2ee
