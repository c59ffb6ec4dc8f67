#include "rtc/address.h"

#include <gtest/gtest.h>

#include "rtc/demux.h"
#include "test_bytes.h"

namespace parlour::rtc {
namespace {

TEST(Address, WritesAndReadsV4) {
  const auto address = Address::parse_ip("192.0.2.1", 443);
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->is_v4());
  EXPECT_EQ(address->to_text(), "192.0.2.1:443");
  EXPECT_EQ(*address, Address::v4({192, 0, 2, 1}, 443));
  EXPECT_NE(*address, address->with_port(444));
}

TEST(Address, WritesV6InItsShortForm) {
  for (const auto& [text, canonical] : std::vector<std::pair<std::string, std::string>>{
           {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
           {"2001:0db8::0001", "2001:db8::1"},
           {"::", "::"},
           {"::1", "::1"},
           {"1::", "1::"},
           {"2001:db8:1:1:1:1:0:1", "2001:db8:1:1:1:1:0:1"},
           {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
           {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
       }) {
    const auto address = Address::parse_ip(text, 9);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->ip_text(), canonical);
    EXPECT_EQ(Address::parse_ip(address->ip_text(), 9), address);
  }
  EXPECT_EQ(Address::parse_ip("::1", 9)->to_text(), "[::1]:9");
}

TEST(Address, TreatsMappedV6AsV4) {
  const auto mapped = Address::parse_ip("::ffff:192.0.2.1", 443);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(*mapped, Address::v4({192, 0, 2, 1}, 443));
  EXPECT_EQ(std::hash<Address>()(*mapped), std::hash<Address>()(Address::v4({192, 0, 2, 1}, 443)));
}

TEST(Address, RefusesWhatIsNoAddress) {
  for (const char* text : {"",
                           "1.2.3",
                           "1.2.3.4.5",
                           "256.1.1.1",
                           "01.2.3.4",
                           "1..2.3",
                           "0x7f.1",
                           "a.b.c.d",
                           "1.2.3.4 ",
                           "localhost",
                           "::1%eth0",
                           "[::1]",
                           ":",
                           ":::",
                           "1:2",
                           "1::2::3",
                           "12345::",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3.4:5",
                           "g::",
                           "1234.5.6.7"}) {
    EXPECT_FALSE(Address::parse_ip(text, 1)) << text;
  }
}

TEST(Demux, TellsKindsByFirstBytes) {
  Bytes datagram(20);
  const auto kind = [&](std::uint8_t first, std::uint8_t second = 0) {
    datagram[0] = first;
    datagram[1] = second;
    return classify(datagram);
  };
  EXPECT_EQ(kind(0), PacketKind::kStun);
  EXPECT_EQ(kind(3), PacketKind::kStun);
  EXPECT_EQ(kind(4), PacketKind::kUnknown);
  EXPECT_EQ(kind(19), PacketKind::kUnknown);
  EXPECT_EQ(kind(20), PacketKind::kDtls);
  EXPECT_EQ(kind(63), PacketKind::kDtls);
  EXPECT_EQ(kind(64), PacketKind::kTurnChannel);
  EXPECT_EQ(kind(79), PacketKind::kTurnChannel);
  EXPECT_EQ(kind(80), PacketKind::kUnknown);
  EXPECT_EQ(kind(127), PacketKind::kUnknown);
  EXPECT_EQ(kind(128, 111), PacketKind::kRtp);
  EXPECT_EQ(kind(191, 0x80 | 96), PacketKind::kRtp);
  EXPECT_EQ(kind(128, 191), PacketKind::kRtp);
  EXPECT_EQ(kind(128, 192), PacketKind::kRtcp);
  EXPECT_EQ(kind(128, 223), PacketKind::kRtcp);
  EXPECT_EQ(kind(128, 224), PacketKind::kRtp);
  EXPECT_EQ(kind(192), PacketKind::kUnknown);
  EXPECT_EQ(classify({}), PacketKind::kUnknown);
  EXPECT_EQ(classify(Bytes{0x80, 0x60, 0, 0, 0}), PacketKind::kUnknown);
}

}  // namespace
}  // namespace parlour::rtc
