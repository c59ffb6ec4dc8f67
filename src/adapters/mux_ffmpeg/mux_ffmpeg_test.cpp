#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "mux_ffmpeg/process_muxer.h"
#include "sandbox.h"

namespace parlour::mux_ffmpeg {
namespace {

using vault::MuxTrack;

// What happens to a process that does this after it entered the sandbox: the signal that ended it, or 0.
int signal_after(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!enter_sandbox()) ::_exit(99);
    act();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 99) << "the sandbox could not be entered";
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(Sandbox, AllowsMemoryAndEndsWhoeverReachesOut) {
  EXPECT_EQ(signal_after([] { Bytes(10'000'000, 1); }), 0);
  EXPECT_EQ(signal_after([] { ::open("/etc/passwd", O_RDONLY); }), SIGSYS);
  EXPECT_EQ(signal_after([] { ::socket(AF_INET, SOCK_STREAM, 0); }), SIGSYS);
  EXPECT_EQ(signal_after([] { (void)!::fork(); }), SIGSYS);
  EXPECT_EQ(signal_after([] { ::execl("/bin/true", "true", nullptr); }), SIGSYS);
  EXPECT_EQ(signal_after([] { ::kill(::getppid(), 0); }), SIGSYS);
}

class MuxTest : public ::testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }
  std::unique_ptr<vault::MuxSession> begin(bool audio, bool video) {
    auto session = muxer_.begin(audio, video, [this](std::uint64_t offset, ByteView bytes) {
      if (file_.size() < offset + bytes.size()) file_.resize(offset + bytes.size());
      std::copy(bytes.begin(), bytes.end(), file_.begin() + static_cast<std::ptrdiff_t>(offset));
      return Result<void, vault::VaultRefusal>();
    });
    EXPECT_TRUE(session);
    return std::move(*session);
  }
  static Bytes key_frame() { return {0x10, 0, 0, 0x9D, 0x01, 0x2A, 64, 1, 180, 0, 1, 2, 3}; }

  ProcessMuxer muxer_{PARLOUR_VAULT_BINARY};
  Bytes file_;
};

TEST_F(MuxTest, SoundAloneMakesAFileAndTheSameFramesTheSameBytes) {
  Bytes first;
  for (int round = 0; round < 2; ++round) {
    file_.clear();
    auto session = begin(true, round == 0);  // a picture that was planned and never came is left out
    for (int i = 0; i < 100; ++i)
      ASSERT_TRUE(session->write(MuxTrack::kAudio, i * 20'000, true, Bytes(60, 0xFC)));
    auto facts = session->finish();
    ASSERT_TRUE(facts) << facts.error().text;
    EXPECT_EQ(facts->audio_frames, 100u);
    EXPECT_EQ(file_[0], 0x1A);  // EBML
    if (round == 0) first = file_;
  }
  EXPECT_EQ(file_, first);
}

TEST_F(MuxTest, AFileOfPicturesNeedsAKeyFrameFirst) {
  auto good = begin(false, true);
  ASSERT_TRUE(good->write(MuxTrack::kVideo, 0, true, key_frame()));
  EXPECT_TRUE(good->finish());
  auto bad = begin(false, true);
  ASSERT_TRUE(bad->write(MuxTrack::kVideo, 0, false, Bytes{0x11, 1, 2, 3}));
  auto facts = bad->finish();
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, "mux.failed");
}

TEST_F(MuxTest, ATrackThatWasNotPlannedEndsTheChildAndIsSaid) {
  auto session = begin(true, false);
  Result<void, vault::VaultRefusal> written;
  for (int i = 0; i < 1000 && written; ++i) written = session->write(MuxTrack::kVideo, 0, true, key_frame());
  EXPECT_FALSE(written.has_value() && session->finish().has_value());
}

TEST_F(MuxTest, AChildThatCannotBeStartedIsSaid) {
  ProcessMuxer none("/nonexistent");
  auto session =
      none.begin(true, true, [](std::uint64_t, ByteView) { return Result<void, vault::VaultRefusal>(); });
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, "mux.start");
}

}  // namespace
}  // namespace parlour::mux_ffmpeg
