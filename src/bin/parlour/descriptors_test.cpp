// Fault H8: connections from outside never get the descriptors that the recorder and the database need.
#include "descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace parlour::bin {
namespace {

TEST(FaultH8, ConnectionsLeaveAReserveAndOneAddressNeverGetsThemAll) {
  for (std::size_t limit : {512u, 600u, 1024u, 4096u, 16384u, 65536u}) {
    auto budget = share_out(limit);
    ASSERT_TRUE(budget) << limit;
    EXPECT_LE(budget->connections + 384, limit);
    EXPECT_GE(budget->connections, 128u);
    EXPECT_LE(budget->per_address * 2, budget->connections) << "of " << limit;
  }
  EXPECT_EQ(share_out(1024)->per_address, 160u);
}

TEST(FaultH8, TooFewDescriptorsAreRefusedWithWhereToChangeThem) {
  auto budget = share_out(300);
  ASSERT_FALSE(budget);
  EXPECT_NE(budget.error().find("LimitNOFILE"), std::string::npos) << budget.error();
  EXPECT_NE(budget.error().find("300"), std::string::npos) << budget.error();
}

TEST(FaultH8, TheSoftLimitIsRaisedToWhatTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low{600, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  auto budget = reserve_descriptors();
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(budget);
  EXPECT_EQ(budget->limit, std::min<rlim_t>(before.rlim_max, 65536));
  EXPECT_EQ(after.rlim_cur, budget->limit);
}

}  // namespace
}  // namespace parlour::bin
