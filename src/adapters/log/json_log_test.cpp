#include "log/json_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "base/redacted.h"

namespace parlour {
namespace {

class FixedClock final : public Clock {
 public:
  Now now() const override { return {SteadyTime{0}, UtcTime{1'700'000'000'123'000}}; }
};

class JsonLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "parlour_log_XXXXXX").string();
    directory_ = mkdtemp(name.data());
    auto log = JsonLog::to_file(file(), clock_, LogLevel::kInfo);
    ASSERT_TRUE(log);
    log_ = std::move(*log);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path file() const { return directory_ / "parlour.log"; }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::ifstream in(file());
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  FixedClock clock_;
  std::filesystem::path directory_;
  std::unique_ptr<JsonLog> log_;
};

TEST_F(JsonLogTest, WritesOneObjectALine) {
  SeededRandom random(1);
  auto id = Id<struct MeetingTag>::make(UtcTime{0}, random);
  log_->info("server.started",
             {{"port", 8443}, {"tls", true}, {"meeting", id}, {"mode", "dev"}, {"took", 5ms}});
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_EQ(
      lines()[0],
      R"({"at":"2023-11-14T22:13:20.123Z","level":"info","event":"server.started","port":8443,"tls":true,"meeting":")" +
          id.text() + R"(","mode":"dev","took":5000})");
}

TEST_F(JsonLogTest, LeavesOutWhatIsBelowTheLevel) {
  log_->debug("a.b");
  log_->error("c.d");
  EXPECT_EQ(lines().size(), 1u);
}

TEST_F(JsonLogTest, FileIsPrivate) {
  struct stat status {};
  ASSERT_EQ(stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

// Security check 36.
TEST_F(JsonLogTest, HostileTextStaysOneParsableLine) {
  std::vector<std::string> attacks = {"a\r\n{\"level\":\"error\"}",
                                      "\x1b[31mred\x1b[0m",
                                      "\",\"level\":\"error",
                                      "abc\xE2\x80\xAE"
                                      "fdp.exe",
                                      std::string(1'000'000, 'x'),
                                      std::string("a\0b", 3),
                                      "\xC0\x80\xFF",
                                      "\xE2\x80\xA8next",
                                      "\xC2\x9B"
                                      "31m",
                                      "\\u000a\\",
                                      "\xF3\xA0\x81\x81tag"};
  for (const std::string& attack : attacks) log_->info("request.refused", {{"agent", attack}});
  ASSERT_EQ(lines().size(), attacks.size());
  for (const std::string& line : lines()) {
    auto parsed = parse_json(line);
    ASSERT_TRUE(parsed) << line;
    EXPECT_EQ(parsed->string_or("level"), "info");
    EXPECT_EQ(parsed->as_object()->size(), 4u);
    std::string agent = parsed->string_or("agent");
    EXPECT_LE(agent.size(), 259u);
    for (unsigned char c : agent) EXPECT_GE(c, 0x20);
    EXPECT_EQ(line.find("\xE2\x80\xAE"), std::string::npos);
  }
}

TEST_F(JsonLogTest, LinesOfSeveralThreadsDoNotMix) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) log_->info("x.y", {{"thread", t}, {"text", std::string(200, 'a')}});
    });
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(lines().size(), 800u);
  for (const std::string& line : lines()) EXPECT_TRUE(parse_json(line));
}

TEST_F(JsonLogTest, ReopensAfterARotation) {
  log_->info("a.one");
  std::filesystem::rename(file(), directory_ / "old.log");
  ASSERT_TRUE(log_->reopen());
  log_->info("a.two");
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_NE(lines()[0].find("a.two"), std::string::npos);
}

TEST(CleanForLog, CutsBetweenCodePoints) {
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "\xC3\xBC";
  std::string cut = clean_for_log("a" + umlauts);
  EXPECT_LE(cut.size(), 259u);
  EXPECT_TRUE(is_utf8(cut));
  EXPECT_EQ(clean_for_log("gr\xC3\xBC\xC3\x9F \xF0\x9F\x94\x92"), "gr\xC3\xBC\xC3\x9F \xF0\x9F\x94\x92");
  EXPECT_EQ(clean_for_log("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static_assert(!std::is_constructible_v<LogField, std::string_view, Redacted<std::string>>,
              "a personal value must not become a log field by accident");

}  // namespace
}  // namespace parlour
