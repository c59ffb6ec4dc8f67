#include "media_port.h"

#include <gtest/gtest.h>

namespace parlour::bin {
namespace {

rtc::Address at(const char* ip, int port) {
  return *rtc::Address::parse_ip(ip, static_cast<std::uint16_t>(port));
}

TEST(FaultI1, APrivateOrLoopbackAddressNeedsAPortFrom1024On) {
  for (const char* ip : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.4", "169.254.0.9",
                         "100.64.0.1", "100.127.0.1", "::1", "fd00::1", "fc00::1", "fe80::1"}) {
    for (const int port : {443, 80, 22, 1023})
      EXPECT_TRUE(media_refusal({at(ip, port)})) << ip << ":" << port;
    for (const int port : {1024, 3478, 8443, 65535})
      EXPECT_FALSE(media_refusal({at(ip, port)})) << ip << ":" << port;
  }
}

TEST(FaultI1, APublicAddressMayUse443And80AndNothingElseBelow1024) {
  for (const char* ip : {"203.0.113.7", "172.32.0.1", "172.15.0.1", "192.169.0.1", "100.63.0.1",
                         "100.128.0.1", "2001:db8::1", "fe00::1"}) {
    for (const int port : {443, 80, 1024, 8443})
      EXPECT_FALSE(media_refusal({at(ip, port)})) << ip << ":" << port;
    for (const int port : {1, 53, 444, 1023}) EXPECT_TRUE(media_refusal({at(ip, port)})) << ip << ":" << port;
  }
}

TEST(FaultI1, OneAddressThatWorksIsEnoughAndTheOthersAreNamed) {
  const std::vector<rtc::Address> both = {at("10.0.0.1", 443), at("203.0.113.7", 443)};
  EXPECT_FALSE(media_refusal(both));
  EXPECT_EQ(not_tried(both), std::vector<rtc::Address>{both[0]});
}

TEST(FaultI1, AWildcardIsNoAddressThatABrowserReaches) {
  EXPECT_NE(media_refusal({at("0.0.0.0", 8443)}).value_or("").find("--media-address"), std::string::npos);
  EXPECT_TRUE(media_refusal({at("::", 8443)}));
}

TEST(FaultI1, TheWordsNameThePortTheAddressAndWhatToGive) {
  const std::string words = media_refusal({at("192.168.1.4", 443)}).value_or("");
  for (const char* part : {"443", "192.168.1.4", "--media-port"})
    EXPECT_NE(words.find(part), std::string::npos);
}

}  // namespace
}  // namespace parlour::bin
