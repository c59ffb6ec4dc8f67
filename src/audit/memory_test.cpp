// faults.md H10: what the verifier needs in memory, measured on the command as it ships, in a process of its
// own: at most 64 MiB and 256 bytes a meeting, whatever the bundle's size and shape.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "audit/format/bundle.h"
#include "audit/format/zip.h"
#include "base/encoding.h"
#include "testing/sample_log.h"

#if defined(__SANITIZE_ADDRESS__)
#define PARLOUR_MEMORY_IS_NOT_OURS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PARLOUR_MEMORY_IS_NOT_OURS
#endif
#endif

namespace parlour::audit {
namespace {

using testing::SampleLog;

constexpr long kMost = 64 * 1024;  // KiB

struct Measured {
  int status = -1;
  long kib = 0;  // at its most
  std::chrono::milliseconds took{0};
};

// In a child, so that what a test makes is not counted.
Measured in_child(const std::function<int()>& work) {
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  Measured run;
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.kib = used.ru_maxrss;
  run.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return run;
}

class Memory : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(PARLOUR_MEMORY_IS_NOT_OURS)
    GTEST_SKIP() << "a sanitizer has its own idea of memory";
#endif
    path =
        std::filesystem::path(::testing::TempDir()) / ("audit_memory_" + std::to_string(::getpid()) + ".zip");
  }
  void TearDown() override {
    std::filesystem::remove(path);
  }

  // A bundle of these parts, with nothing else right about it.
  void pack(const std::function<std::vector<std::pair<std::string, std::string>>()>& make) {
    const Measured made = in_child([&] {
      ZipWriter zip;
      for (const auto& [name, content] : make())
        if (!zip.add(name, as_bytes(content))) return 1;
      const Bytes bytes = zip.finish();
      std::ofstream file(path, std::ios::binary);
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      return file.good() ? 0 : 1;
    });
    ASSERT_EQ(made.status, 0);
  }
  Measured verify(bool json = false) {
    const Measured run = in_child([&] {
      const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nowhere, 1);
      ::dup2(nowhere, 2);
      std::string file = path.string(), text = key;
      std::vector<std::string> words{PARLOUR_BINARY, "audit", "verify", file, "--key", text};
      if (json) words.push_back("--json");
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execv(arguments[0], arguments.data());
      return 127;
    });
    std::printf("  %s: %ld KiB, %lld ms, status %d\n",
                ::testing::UnitTest::GetInstance()->current_test_info()->name(), run.kib,
                static_cast<long long>(run.took.count()), run.status);
    return run;
  }
  std::filesystem::path path;
  const std::string key = SampleLog().verifier_key().text();
};

TEST_F(Memory, FaultH10TenMegabytesOfNewlines) {
  pack([] {
    return std::vector<std::pair<std::string, std::string>>{{"entries.jsonl", std::string(10'000'000, '\n')}};
  });
  const Measured run = verify();
  EXPECT_EQ(run.status, 2);
  EXPECT_LE(run.kib, kMost);
  EXPECT_LT(run.took.count(), 10'000) << "it took 20 s once";
}

TEST_F(Memory, FaultH10OneLineOfTwoHundredMegabytes) {
  pack([] {
    return std::vector<std::pair<std::string, std::string>>{{"entries.jsonl", std::string(200'000'000, 'x')}};
  });
  const Measured run = verify();
  EXPECT_EQ(run.status, 2);
  EXPECT_LE(run.kib, kMost);
}

TEST_F(Memory, FaultH10LinesAsLongAsEntriesMayBe) {
  pack([] {
    std::string text;
    for (int i = 0; i < 8'000; ++i) text += std::string(16 * 1024, '{') + "\n";
    return std::vector<std::pair<std::string, std::string>>{{"entries.jsonl", text}};
  });
  const Measured run = verify();
  EXPECT_EQ(run.status, 2);
  EXPECT_LE(run.kib, kMost);
}

TEST_F(Memory, FaultH10PrivateRowsIndexAndManifestsOfAnySize) {
  pack([] {
    return std::vector<std::pair<std::string, std::string>>{
        {"entries.jsonl", "{}\n"},
        {"private.jsonl", std::string(10'000'000, '\n') + std::string(60'000'000, 'p')},
        {"bundle.json", "[" + std::string(40'000'000, '1') + "]"},
        {"manifests/01a1ee56-62d1-7349-b7b6-77c17d40430c.json", std::string(100'000'000, '[')}};
  });
  const Measured run = verify();
  EXPECT_EQ(run.status, 2);
  EXPECT_LE(run.kib, kMost);
}

TEST_F(Memory, FaultH10AsManyPartsAsAContainerCanHave) {
  pack([] {
    std::vector<std::pair<std::string, std::string>> parts{{"entries.jsonl", "{}\n"}};
    for (int i = 0; i < 65'000; ++i)
      parts.emplace_back(
          (i % 2 == 0 ? "checkpoints/" : "tile/0/x000/x000/") + std::to_string(i) + std::string(60, 'n'),
          std::string(1'000, 'c'));
    return parts;
  });
  const Measured run = verify();
  EXPECT_EQ(run.status, 2);
  EXPECT_LE(run.kib, kMost);
}

// Under the true key, so that everything is looked at: as many meetings as there can be, none of which ends.
TEST_F(Memory, FaultH10MeetingsThatNeverEndNeedAtMost256BytesEach) {
  constexpr long kMeetings = 150'000;
  const Measured made = in_child([&] {
    SampleLog log;
    std::vector<Bytes> entries = log.entries;
    std::uint64_t seq = entries.size();
    const Json like = [&] {
      SampleLog one;
      one.add_meeting("required");
      for (const Bytes& entry : one.entries)
        if (parse_json(as_text(entry))->string_or("type") == "meeting.started")
          return *parse_json(as_text(entry));
      return Json();
    }();
    Bytes text;
    CompactRange range;
    auto add = [&](const Bytes& entry) {
      append(text, entry);
      text.push_back('\n');
      range.append(leaf_hash(entry));
    };
    for (const Bytes& entry : entries) add(entry);
    for (long i = 0; i < kMeetings; ++i) {
      Json started = like;
      started.set("meeting", log.uuid());
      started.set("seq", seq);
      add(to_bytes(write_json_canonical(started)));
      Json captured = started;
      captured.set("type", "recording.capture_started");
      captured.set("subject", JsonObject{{"kind", "recording"}, {"id", log.uuid()}});
      captured.set("data", JsonObject{{"part", 1}});
      captured.set("seq", seq + 1);
      add(to_bytes(write_json_canonical(captured)));
      seq += 2;
    }
    // A year later: none of them will end any more.
    Json late = like;
    std::string time = like.string_or("time");
    ++time[3];
    late.set("time", time);
    late.set("meeting", log.uuid());
    late.set("seq", seq);
    add(to_bytes(write_json_canonical(late)));
    ZipWriter zip;
    const std::string head = sign_checkpoint({log.head().origin, range.size(), range.root()}, log.key);
    if (!zip.add("entries.jsonl", text) ||
        !zip.add("checkpoints/" + std::to_string(range.size()), as_bytes(head)))
      return 1;
    const Bytes bytes = zip.finish();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file.good() ? 0 : 1;
  });
  ASSERT_EQ(made.status, 0);
  for (const bool json : {false, true}) {
    const Measured run = verify(json);
    EXPECT_EQ(run.status, 11);
    EXPECT_LE(run.kib, kMost + kMeetings / 4);
  }
}

TEST_F(Memory, FaultH10AnHonestLogOfManyMeetings) {
  const Measured made = in_child([&] {
    SampleLog log;
    for (int i = 0; i < 8'000; ++i) {
      log.add_meeting(i % 2 == 0 ? "required" : "never");
      if (i % 50 == 49) log.add_logged_checkpoint();
    }
    const Bytes bytes = log.bundle();
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file.good() ? 0 : 1;
  });
  ASSERT_EQ(made.status, 0);
  const Measured run = verify(true);
  EXPECT_EQ(run.status, 0);
  EXPECT_LE(run.kib, kMost);
}

}  // namespace
}  // namespace parlour::audit
