#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "base/json.h"
#include "crypto/random.h"
#include "vault_link/client.h"
#include "vault_link/server.h"

namespace parlour::vault_link {
namespace {

namespace fs = std::filesystem;

TEST(Frames, SurviveAnyCutOfTheStream) {
  Bytes stream = encode_frame(kJsonFrame, as_bytes("{\"id\":1}"));
  append(stream, encode_binary(7, as_bytes("bytes")));
  append(stream, encode_frame(kJsonFrame, as_bytes("{}")));
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    FrameReader reader;
    std::vector<Frame> frames;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at)));
      while (auto frame = reader.next()) frames.push_back(std::move(*frame));
    }
    ASSERT_EQ(frames.size(), 3u) << step;
    EXPECT_EQ(to_string(frames[0].payload), "{\"id\":1}");
    EXPECT_EQ(frames[1].type, kBinaryFrame);
    EXPECT_EQ(Reader(frames[1].payload).u32(), 7u);
  }
}

TEST(Frames, TooLongAndUnknownOnesBreakTheStream) {
  for (const Bytes& bad : {Bytes{0, 2, 0, 0, 'J'}, Bytes{0, 0, 0, 0, 'J'}, Bytes{0, 0, 0, 5, 'X'},
                           Bytes{0, 0, 0, 2, 'B'}, Bytes{0xFF, 0xFF, 0xFF, 0xFF, 'B'}}) {
    FrameReader reader;
    reader.feed(bad);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.broken());
    reader.feed(encode_frame(kJsonFrame, as_bytes("{}")));
    EXPECT_FALSE(reader.next());
  }
}

class NoMuxer final : public vault::Muxer {
 public:
  Result<std::unique_ptr<vault::MuxSession>, vault::VaultRefusal> begin(bool, bool, Output) override {
    return vault::refuse("test", "nothing is muxed here");
  }
};
class TestClock final : public Clock {
 public:
  Now now() const override { return {{1}, {1'800'000'000'000'000}}; }
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "parlour-link-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    ASSERT_TRUE(vault::Vault::init(root_ / "vault", {"Bank", "bank.test/audit", true, std::nullopt},
                                   std::nullopt, clock_.now().utc));
    auto opened = vault::Vault::open({root_ / "vault", root_}, muxer_, random_, clock_, "test");
    ASSERT_TRUE(opened);
    vault_ = std::move(*opened);
    ASSERT_EQ(::pipe(stop_), 0);
  }
  void TearDown() override {
    if (thread_.joinable()) {
      ASSERT_EQ(::write(stop_[1], "x", 1), 1);
      thread_.join();
    }
    ::close(stop_[0]);
    ::close(stop_[1]);
    vault_.reset();
    fs::remove_all(root_);
  }
  void serve(std::vector<uid_t> peers) {
    auto listening = VaultServer::listen(*vault_, clock_, {path(), std::move(peers)});
    ASSERT_TRUE(listening);
    server_ = std::make_unique<VaultServer>(std::move(*listening));
    thread_ = std::thread([this] { server_->run(stop_[0]); });
  }
  std::string path() const { return (root_ / "s").string(); }
  Json ask(std::string_view text) {
    const Bytes frame = answer(*vault_, as_bytes(text), clock_.now());
    FrameReader reader;
    reader.feed(frame);
    auto read = reader.next();
    return read ? *parse_json(as_text(read->payload)) : Json();
  }
  int connect_raw() const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return descriptor;
  }

  fs::path root_;
  TestClock clock_;
  crypto::SystemRandom random_;
  NoMuxer muxer_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<VaultServer> server_;
  std::thread thread_;
  int stop_[2] = {-1, -1};
};

TEST_F(ServerTest, EachRequestIsAnsweredOnceAndBadOnesAreRefusedByName) {
  EXPECT_TRUE(ask(R"({"id":5,"op":"ping"})").bool_or("ok"));
  EXPECT_EQ(ask(R"({"id":5,"op":"ping"})").integer_or("id"), 5);
  EXPECT_EQ(ask(R"({"id":6,"op":"open_sesame"})").string_or("code"), "request.op");
  EXPECT_EQ(ask("nonsense").string_or("code"), "request.form");
  EXPECT_EQ(ask("[]").string_or("code"), "request.form");
  EXPECT_EQ(ask(R"({"id":-1,"op":"ping"})").string_or("code"), "request.form");
  for (const char* op : {"dek_check", "sign_head", "sign_policy", "job", "job_envelopes", "job_status",
                         "job_acknowledge", "manifest", "grant", "exchange", "range", "release"})
    EXPECT_EQ(ask(std::string(R"({"id":1,"op":")") + op + "\"}").string_or("code"), "request.form") << op;
  EXPECT_EQ(ask(R"({"id":1,"op":"announce","call":"x","message":"y"})").string_or("code"), "call.name");
  EXPECT_EQ(ask(R"({"id":1,"op":"put_policy","policy":"y"})").string_or("code"), "policy.form");
  EXPECT_EQ(ask(R"({"id":1,"op":"job_status","recording":"../../etc/passwd"})").string_or("code"),
            "request.form");
}

TEST_F(ServerTest, APeerOfAnotherUserGetsNoAnswer) {
  serve({::geteuid() + 1});
  const int descriptor = connect_raw();
  const Bytes ping = encode_frame(kJsonFrame, as_bytes(R"({"id":1,"op":"ping"})"));
  (void)::send(descriptor, ping.data(), ping.size(), MSG_NOSIGNAL);
  char byte = 0;
  EXPECT_LE(::recv(descriptor, &byte, 1, 0), 0);
  ::close(descriptor);
}

TEST_F(ServerTest, AMalformedFrameEndsThatConnectionOnly) {
  serve({});
  const int bad = connect_raw(), good = connect_raw();
  const Bytes garbage(64, 0xFF), ping = encode_frame(kJsonFrame, as_bytes(R"({"id":1,"op":"ping"})"));
  ASSERT_GT(::send(bad, garbage.data(), garbage.size(), MSG_NOSIGNAL), 0);
  char byte = 0;
  EXPECT_LE(::recv(bad, &byte, 1, 0), 0);
  ASSERT_GT(::send(good, ping.data(), ping.size(), MSG_NOSIGNAL), 0);
  EXPECT_EQ(::recv(good, &byte, 1, 0), 1);
  ::close(bad);
  ::close(good);
}

// Local programs that connect and say nothing must not stop the signing of heads.
TEST_F(ServerTest, FaultH10HalfOpenConnectionsDoNotShutOutWhoAsks) {
  serve({});
  std::vector<int> silent;
  auto be_silent = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      silent.push_back(connect_raw());
      (void)::send(silent.back(), "\0\0", 2, MSG_NOSIGNAL);  // the beginning of a length
    }
  };
  const Bytes ping = encode_frame(kJsonFrame, as_bytes(R"({"id":1,"op":"ping"})"));
  auto answered = [&](int descriptor) {
    timeval patience{5, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    Bytes answer(ping.size() + 64);
    return ::send(descriptor, ping.data(), ping.size(), MSG_NOSIGNAL) > 0 &&
           ::recv(descriptor, answer.data(), answer.size(), 0) > 0;
  };
  be_silent(VaultServer::kConnectionsMax + 4);
  const int good = connect_raw();
  EXPECT_TRUE(answered(good)) << "the place of a silent one is taken";
  be_silent(3 * VaultServer::kConnectionsMax);
  EXPECT_TRUE(answered(good)) << "and who asks keeps his own";
  for (int descriptor : silent) ::close(descriptor);
  ::close(good);
}

TEST_F(ServerTest, AClientRefusesAVaultOfAnotherUser) {
  serve({});
  VaultClient client({path(), ::geteuid() + 1}, nullptr);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_FALSE(client.up());
}

}  // namespace
}  // namespace parlour::vault_link
