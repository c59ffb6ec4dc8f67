#include "app/played.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace parlour::app {
namespace {

using Ranges = std::vector<Seconds::Range>;

TEST(FaultH3, SecondsThatOverlapOrTouchAreOneRange) {
  Seconds seconds;
  seconds.add(5, 5);
  EXPECT_TRUE(seconds.empty());
  seconds.add(10, 20);
  seconds.add(30, 40);
  seconds.add(20, 21);
  EXPECT_EQ(seconds.ranges(), (Ranges{{10, 21}, {30, 40}}));
  seconds.add(0, 9);
  seconds.add(9, 10);
  EXPECT_EQ(seconds.ranges(), (Ranges{{0, 21}, {30, 40}}));
  seconds.add(15, 35);
  EXPECT_EQ(seconds.ranges(), (Ranges{{0, 40}}));
  EXPECT_EQ(seconds.count(), 40u);
}

TEST(FaultH3, SecondsAreASetWhateverTheOrder) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    Seconds seconds;
    std::set<std::uint32_t> truth;
    for (int i = 0; i < 400; ++i) {
      const std::uint32_t from = random.u32() % 3000, to = from + random.u32() % 12;
      seconds.add(from, to);
      for (std::uint32_t second = from; second < to; ++second) truth.insert(second);
      ASSERT_EQ(seconds.count(), truth.size()) << seed;
      for (std::size_t n = 1; n < seconds.ranges().size(); ++n)
        ASSERT_LT(seconds.ranges()[n - 1].second, seconds.ranges()[n].first) << seed;
    }
  }
}

TEST(FaultH3, BytesOutsideAllSecondsAreNone) {
  const Json list = JsonArray{Json(100), Json(50), Json(0), Json(0), Json(10), Json(40)};
  const ByteClock clock(&list, 3000);
  auto seconds = [&](std::uint64_t from, std::uint64_t to) {
    Seconds out;
    clock.add(from, to, out);
    return out.ranges();
  };
  EXPECT_EQ(seconds(0, 100), Ranges{}) << "the head shows nothing";
  EXPECT_EQ(seconds(99, 101), (Ranges{{0, 1}}));
  EXPECT_EQ(seconds(149, 150), (Ranges{{0, 1}}));
  EXPECT_EQ(seconds(150, 160), Ranges{});
  EXPECT_EQ(seconds(149, 161), (Ranges{{0, 1}, {2, 3}})) << "nothing lies in the second between";
  EXPECT_EQ(seconds(200, 999), Ranges{});
  EXPECT_EQ(seconds(120, 120), Ranges{});
}

TEST(FaultH3, AListThatMakesNoSenseIsNone) {
  for (const Json& list :
       {Json(JsonArray{Json(1)}), Json(JsonArray{Json("1"), Json(2)}), Json(JsonArray{Json(0), Json(-1)}),
        Json(JsonArray{Json(-1), Json(1)}), Json(JsonArray{}), Json(7)}) {
    Seconds out;
    ByteClock(&list, 2500).add(0, 1, out);
    EXPECT_EQ(out.ranges(), (Ranges{{0, 3}})) << write_json(list);
  }
  Seconds out;
  ByteClock(nullptr, 0).add(9, 10, out);
  EXPECT_EQ(out.count(), 1u);
}

}  // namespace
}  // namespace parlour::app
