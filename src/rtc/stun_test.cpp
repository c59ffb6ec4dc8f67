#include "rtc/stun.h"

#include <gtest/gtest.h>

#include "test_bytes.h"

namespace parlour::rtc {
namespace {

constexpr std::string_view kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
const char* const kRequest =
    "00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74"
    "00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020"
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf";
const char* const kResponseV4 =
    "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220"
    "00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96";
const char* const kResponseV6 =
    "01010048 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220"
    "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
    "00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c";

StunTransactionId rfc_id() {
  return {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};
}

TEST(StunRfc5769, ReadsTheRequestOfSection2_1) {
  const Bytes datagram = hex(kRequest);
  const auto message = StunMessage::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), StunClass::kRequest);
  EXPECT_EQ(message->method(), kStunBinding);
  EXPECT_EQ(message->transaction_id(), rfc_id());
  EXPECT_EQ(message->username(), "evtj:h6vY");
  EXPECT_EQ(message->priority(), 0x6e0001ffu);
  EXPECT_EQ(message->ice_controlled(), 0x932ff9b151263b36u);
  EXPECT_FALSE(message->ice_controlling());
  EXPECT_FALSE(message->use_candidate());
  EXPECT_TRUE(message->has_fingerprint());
  EXPECT_TRUE(message->unknown_required().empty());
  EXPECT_TRUE(message->verify_integrity(as_bytes(kPassword)));
  EXPECT_FALSE(message->verify_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBu")));
}

TEST(StunRfc5769, ReadsTheResponsesOfSections2_2And2_3) {
  const Bytes v4 = hex(kResponseV4);
  const auto message_v4 = StunMessage::parse(v4);
  ASSERT_TRUE(message_v4);
  EXPECT_EQ(message_v4->message_class(), StunClass::kSuccess);
  EXPECT_EQ(message_v4->xor_mapped_address(), Address::parse_ip("192.0.2.1", 32853));
  EXPECT_TRUE(message_v4->verify_integrity(as_bytes(kPassword)));

  const Bytes v6 = hex(kResponseV6);
  const auto message_v6 = StunMessage::parse(v6);
  ASSERT_TRUE(message_v6);
  EXPECT_EQ(message_v6->xor_mapped_address(),
            Address::parse_ip("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  EXPECT_TRUE(message_v6->verify_integrity(as_bytes(kPassword)));
}

TEST(StunRfc5769, BuildsTheSameBytes) {
  EXPECT_EQ(to_hex(StunBuilder(StunClass::kRequest, kStunBinding, rfc_id())
                       .attribute(StunAttribute::kSoftware, as_bytes("STUN test client"))
                       .priority(0x6e0001ff)
                       .ice_controlled(0x932ff9b151263b36)
                       .attribute(StunAttribute::kUsername, as_bytes("evtj:h6vY"), 0x20)
                       .finish(as_bytes(kPassword))),
            to_hex(hex(kRequest)));
  EXPECT_EQ(to_hex(StunBuilder(StunClass::kSuccess, kStunBinding, rfc_id())
                       .attribute(StunAttribute::kSoftware, as_bytes("test vector"), 0x20)
                       .xor_mapped_address(*Address::parse_ip("192.0.2.1", 32853))
                       .finish(as_bytes(kPassword))),
            to_hex(hex(kResponseV4)));
  EXPECT_EQ(to_hex(StunBuilder(StunClass::kSuccess, kStunBinding, rfc_id())
                       .attribute(StunAttribute::kSoftware, as_bytes("test vector"), 0x20)
                       .xor_mapped_address(*Address::parse_ip("2001:db8:1234:5678:11:2233:4455:6677", 32853))
                       .finish(as_bytes(kPassword))),
            to_hex(hex(kResponseV6)));
}

TEST(Stun, AnyFlippedBitIsFoundByFingerprintOrIntegrity) {
  const Bytes good = hex(kRequest);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes datagram = good;
    datagram[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    const auto message = StunMessage::parse(datagram);
    if (!message) continue;
    // Only a flip inside the fingerprint attribute's own type can hide the fingerprint; integrity does not
    // cover that.
    EXPECT_TRUE(bit / 8 >= 100 || !message->verify_integrity(as_bytes(kPassword))) << bit;
  }
}

TEST(Stun, RefusesMalformedMessagesByName) {
  const auto error_of = [](const Bytes& datagram) {
    const auto message = StunMessage::parse(datagram);
    EXPECT_FALSE(message);
    return message ? StunError::kTooShort : message.error();
  };
  const std::string head = "2112a442 b7e7a701 bc34d686 fa87dfae";
  EXPECT_EQ(error_of({}), StunError::kTooShort);
  EXPECT_EQ(error_of(Bytes(19)), StunError::kTooShort);
  EXPECT_EQ(error_of(Bytes(1284)), StunError::kTooLong);
  EXPECT_EQ(error_of(hex("40010000" + head)), StunError::kNotStun);
  EXPECT_EQ(error_of(hex("00010000 2112a443 b7e7a701 bc34d686 fa87dfae")), StunError::kNotStun);
  EXPECT_EQ(error_of(hex("00010004" + head)), StunError::kBadLength);
  EXPECT_EQ(error_of(hex("00010002" + head + "0000")), StunError::kBadLength);
  EXPECT_EQ(error_of(hex("00010000" + head + "00000000")), StunError::kBadLength);
  EXPECT_EQ(error_of(hex("00010004" + head + "00060004")), StunError::kBadAttribute);
  EXPECT_EQ(error_of(hex("00010008" + head + "0006ffff 00000000")), StunError::kBadAttribute);
  EXPECT_EQ(error_of(hex("00010008" + head + "00240003 00000000")), StunError::kBadAttribute);
  EXPECT_EQ(error_of(hex("00010008" + head + "00080004 00000000")), StunError::kBadAttribute);
  EXPECT_EQ(error_of(hex("00010008" + head + "80280004 00000000")), StunError::kBadFingerprint);
  std::string many = "00010084" + head;
  for (int i = 0; i < 33; ++i) many += "80300000";
  EXPECT_EQ(error_of(hex(many)), StunError::kTooManyAttributes);
}

TEST(Stun, RefusesAttributesBehindTheFingerprint) {
  Bytes datagram = StunBuilder(StunClass::kRequest, kStunBinding, rfc_id()).finish_without_integrity();
  append(datagram, hex("80300000"));
  store_u16(&datagram[2], static_cast<std::uint16_t>(datagram.size() - 20));
  ASSERT_FALSE(StunMessage::parse(datagram));
  EXPECT_EQ(StunMessage::parse(datagram).error(), StunError::kBadFingerprint);
}

TEST(Stun, IgnoresAttributesBehindTheIntegrity) {
  Bytes datagram =
      StunBuilder(StunClass::kRequest, kStunBinding, rfc_id()).username("a:b").finish(as_bytes("key"));
  datagram.resize(datagram.size() - 8);  // without fingerprint
  append(datagram, hex("00250000 7fff0000"));
  store_u16(&datagram[2], static_cast<std::uint16_t>(datagram.size() - 20));
  const auto message = StunMessage::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->verify_integrity(as_bytes("key")));
  EXPECT_FALSE(message->use_candidate());
  EXPECT_TRUE(message->unknown_required().empty());
}

TEST(Stun, ListsUnknownRequiredAttributes) {
  StunBuilder builder(StunClass::kRequest, kStunBinding, rfc_id());
  for (std::uint16_t type = 0x7000; type < 0x7010; ++type)
    builder.attribute(static_cast<StunAttribute>(type), {});
  builder.attribute(static_cast<StunAttribute>(0xC057), hex("00000001"));  // comprehension-optional: fine
  const Bytes datagram = builder.finish_without_integrity();
  const auto message = StunMessage::parse(datagram);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->unknown_required().size(), 8u);
  EXPECT_EQ(message->unknown_required()[0], 0x7000);
}

TEST(Stun, ReadsErrorCodes) {
  const Bytes datagram = StunBuilder(StunClass::kError, kStunBinding, rfc_id())
                             .error_code(487, "Role Conflict")
                             .finish(as_bytes("key"));
  const auto message = StunMessage::parse(datagram);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->message_class(), StunClass::kError);
  EXPECT_EQ(message->error_code(), 487);
}

TEST(Stun, KeepsClassAndMethodApart) {
  for (const std::uint16_t method : {0x001, 0x003, 0x07F, 0xFFF}) {
    for (const auto message_class :
         {StunClass::kRequest, StunClass::kIndication, StunClass::kSuccess, StunClass::kError}) {
      const Bytes datagram = StunBuilder(message_class, method, rfc_id()).finish_without_integrity();
      const auto message = StunMessage::parse(datagram);
      ASSERT_TRUE(message);
      EXPECT_EQ(message->message_class(), message_class);
      EXPECT_EQ(message->method(), method);
    }
  }
}

}  // namespace
}  // namespace parlour::rtc
