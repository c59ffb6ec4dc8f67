#include "mux_ffmpeg/process_muxer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "mux_ffmpeg/child.h"
#include "mux_pipe.h"

namespace parlour::mux_ffmpeg {
namespace {

using vault::MuxFacts;
using vault::MuxTrack;
using vault::refuse;
using vault::VaultRefusal;

class Session final : public vault::MuxSession {
 public:
  Session(pid_t child, int in, int out, vault::Muxer::Output output)
      : child_(child), in_(in), out_(out), output_(std::move(output)) {}

  ~Session() override {
    close_in();
    if (out_ >= 0) ::close(out_);
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }

  Result<void, VaultRefusal> plan(bool audio, bool video) {
    const ByteArray<2> tracks{kTracksTag, static_cast<std::uint8_t>((audio ? 1 : 0) | (video ? 2 : 0))};
    return send(tracks);
  }

  Result<void, VaultRefusal> write(MuxTrack track, std::int64_t time_us, bool key_frame,
                                   ByteView frame) override {
    if (frame.empty() || frame.size() > kFrameMax)
      return refuse("mux.frame", "a frame is empty or too large");
    Bytes message;
    message.reserve(kPacketHead + frame.size());
    Writer(message)
        .u8(kPacketTag)
        .u8(static_cast<std::uint8_t>(track))
        .u8(key_frame ? 1 : 0)
        .u64(static_cast<std::uint64_t>(time_us))
        .u32(static_cast<std::uint32_t>(frame.size()))
        .bytes(frame);
    return send(message);
  }

  Result<MuxFacts, VaultRefusal> finish() override {
    const ByteArray<1> end{kEndTag};
    if (auto sent = send(end); !sent) return fail(sent.error());
    close_in();
    while (!closed_) {
      if (auto got = receive(true); !got) return fail(got.error());
    }
    int status = 0;
    const pid_t ended = ::waitpid(std::exchange(child_, -1), &status, 0);
    if (ended < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || !done_)
      return refuse("mux.failed",
                    WIFSIGNALED(status)
                        ? "the muxing process was stopped by signal " + std::to_string(WTERMSIG(status))
                        : "the muxing process failed with status " + std::to_string(WEXITSTATUS(status)));
    return facts_;
  }

 private:
  // Writes while the child writes too: whichever pipe is ready is served, so neither side waits for the other
  // for ever.
  Result<void, VaultRefusal> send(ByteView bytes) {
    while (!bytes.empty()) {
      pollfd ready[2] = {{in_, POLLOUT, 0}, {out_, POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0 && errno != EINTR) return refuse("mux.failed", "the pipes failed");
      if ((ready[1].revents & (POLLIN | POLLHUP)) != 0) {
        if (auto got = receive(false); !got) return got;
        if (closed_) return refuse("mux.failed", "the muxing process ended early");
      }
      if ((ready[0].revents & POLLERR) != 0) return refuse("mux.failed", "the muxing process ended early");
      if ((ready[0].revents & POLLOUT) == 0) continue;
      const ssize_t written = ::write(in_, bytes.data(), bytes.size());
      if (written < 0 && errno != EAGAIN && errno != EINTR)
        return refuse("mux.failed", "the muxing process ended early");
      if (written > 0) bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void, VaultRefusal> receive(bool wait) {
    if (wait) {
      pollfd ready{out_, POLLIN, 0};
      if (::poll(&ready, 1, -1) < 0 && errno != EINTR) return refuse("mux.failed", "the pipes failed");
    }
    ByteArray<65536> block;
    const ssize_t got = ::read(out_, block.data(), block.size());
    if (got < 0)
      return errno == EAGAIN || errno == EINTR ? Result<void, VaultRefusal>()
                                               : refuse("mux.failed", "the pipes failed");
    if (got == 0) {
      closed_ = true;
      return {};
    }
    append(buffer_, ByteView(block).first(static_cast<std::size_t>(got)));
    return take_messages();
  }

  // The child is not trusted: what it says is checked for form here, and for its place by the output.
  Result<void, VaultRefusal> take_messages() {
    std::size_t taken = 0;
    for (;;) {
      const ByteView rest = ByteView(buffer_).subspan(taken);
      if (rest.empty()) break;
      if (done_ || (rest[0] != kWriteTag && rest[0] != kDoneTag))
        return refuse("mux.protocol", "the muxing process sent what was not understood");
      Reader reader(rest.subspan(1));
      if (rest[0] == kDoneTag) {
        if (rest.size() < kDoneSize) break;
        facts_ = {reader.u64(), reader.u64()};
        done_ = true;
        taken += kDoneSize;
        continue;
      }
      if (rest.size() < kWriteHead) break;
      const std::uint64_t offset = reader.u64();
      const std::uint32_t size = reader.u32();
      if (size > kWriteMax) return refuse("mux.protocol", "the muxing process sent what was not understood");
      if (rest.size() < kWriteHead + size) break;
      if (auto out = output_(offset, rest.subspan(kWriteHead, size)); !out) return out;
      taken += kWriteHead + size;
    }
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken));
    return {};
  }

  void close_in() {
    if (in_ >= 0) ::close(std::exchange(in_, -1));
  }

  pid_t child_;
  int in_, out_;
  vault::Muxer::Output output_;
  Bytes buffer_;
  MuxFacts facts_;
  bool done_ = false;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<vault::MuxSession>, VaultRefusal> ProcessMuxer::begin(bool audio, bool video,
                                                                             Output out) {
  int in[2], output[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return refuse("mux.start", "no pipe for the muxing process");
  if (::pipe2(output, O_CLOEXEC) != 0) {
    ::close(in[0]);
    ::close(in[1]);
    return refuse("mux.start", "no pipe for the muxing process");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::string argument = kMuxChildArgument;
  std::string name = "parlour-mux";
  char* arguments[] = {name.data(), argument.data(), nullptr};
  char* environment[] = {nullptr};  // secrets may stand in the vault's
  pid_t child = -1;
  const int spawned = ::posix_spawn(&child, program_.c_str(), &actions, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(output[1]);
  if (spawned != 0) {
    ::close(in[1]);
    ::close(output[0]);
    return refuse("mux.start", "the muxing process could not be started");
  }
  ::fcntl(in[1], F_SETFL, O_NONBLOCK);
  ::fcntl(output[0], F_SETFL, O_NONBLOCK);
  auto session = std::make_unique<Session>(child, in[1], output[0], std::move(out));
  if (auto planned = session->plan(audio, video); !planned) return fail(planned.error());
  return std::unique_ptr<vault::MuxSession>(std::move(session));
}

}  // namespace parlour::mux_ffmpeg
