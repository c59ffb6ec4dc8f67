// The executable as serve meets it: init and run as processes of their own, spoken to over the socket, killed
// and started again in the middle of things.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <future>

#include "test_world.h"
#include "vault_link/client.h"
#include "vault_link/protocol.h"

namespace parlour::vault_test {
namespace {

using vault_link::JobState;
using vault_link::VaultClient;
using vault_link::VaultError;

class Process {
 public:
  explicit Process(std::vector<std::string> words) {
    std::vector<char*> arguments;
    words.insert(words.begin(), PARLOUR_VAULT_BINARY);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    EXPECT_EQ(::posix_spawn(&id_, PARLOUR_VAULT_BINARY, &actions, nullptr, arguments.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Process() {
    if (id_ > 0) end(SIGKILL);
  }
  int wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return status;
  }
  int end(int signal) {
    ::kill(id_, signal);
    return wait();
  }
  pid_t id() const { return id_; }

 private:
  pid_t id_ = -1;
};

// Waits for the one answer of a request.
template <class T, class Ask>
Result<T, VaultError> asked(Ask ask) {
  auto promise = std::make_shared<std::promise<Result<T, VaultError>>>();
  auto future = promise->get_future();
  ask([promise](Result<T, VaultError> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready)
    return fail(VaultError{VaultError::Kind::kProtocol, "test.timeout", "no answer"});
  return future.get();
}

class UpDown {
 public:
  void operator()(bool up) {
    std::lock_guard lock(mutex_);
    up_ = up;
    changed_.notify_all();
  }
  bool wait_for(bool up) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return up_ == up; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool up_ = false;
};

// The world's own vault object makes the call and its log; afterwards the executable takes over the same
// home.
class ProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    socket_ = (world_.root / "vault.sock").string();
  }
  void start() {
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"run", "--home", (world_.root / "vault").string(), "--socket", socket_,
                                 "--recordings", (world_.root / "recordings").string()});
  }
  void connect() {
    client_ = std::make_unique<VaultClient>(VaultClient::Config{socket_, std::nullopt},
                                            [this](bool up) { up_(up); });
    ASSERT_TRUE(up_.wait_for(true));
  }
  static vault_link::EntryProof link_proof(const vault::EntryProof& proof) {
    return {proof.entry, proof.index, proof.path, proof.checkpoint};
  }

  World world_;
  std::string socket_;
  UpDown up_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<VaultClient> client_;
};

TEST_F(ProcessTest, InitMakesAVaultOnceAndRefusesAnotherRun) {
  const std::string home = (world_.root / "fresh").string();
  const std::vector<std::string> init{"init",
                                      "--home",
                                      home,
                                      "--organisation",
                                      "Example Bank",
                                      "--origin",
                                      "bank.test/audit",
                                      "--with-organisation-key"};
  EXPECT_EQ(Process(init).wait(), 0);
  EXPECT_NE(Process(init).wait(), 0);
  EXPECT_NE(
      Process({"run", "--home", (world_.root / "none").string(), "--socket", socket_, "--recordings", "/"})
          .wait(),
      0);
  EXPECT_NE(Process({"nonsense"}).wait(), 0);
}

TEST_F(ProcessTest, ASecondVaultOverTheSameHomeIsRefused) {
  world_.vault.reset();
  start();
  connect();
  EXPECT_NE(Process({"run", "--home", (world_.root / "vault").string(), "--socket", socket_ + "2",
                     "--recordings", "/"})
                .wait(),
            0);
  EXPECT_EQ(process_->end(SIGTERM), 0);
  process_.reset();
}

// A call in which the recorder had to begin anew again and again: its envelopes do not fit one request.
TEST_F(ProcessTest, FaultH10ARecordingOfMoreThan200PartsIsOpened) {
  World::Source media;
  media.opus = make_opus(world_.root, 2);
  media.vp8 = make_vp8(world_.root, 2, 20, 20);
  World::Source other = media;
  world_.introduce();
  for (int i = 0; i < 430; ++i) {
    world_.start_part();
    world_.close_part();
  }
  world_.start_part();
  world_.run_epoch();
  world_.talk({{world_.agent, &media}, {world_.customer, &other}}, 3);
  world_.tell_progress(true);
  world_.close_part();
  ASSERT_EQ(world_.envelopes.size(), 431u);
  const vault::EntryProof sealed = world_.seal_entry();
  world_.vault.reset();
  start();
  connect();
  auto state = asked<vault_link::JobStatus>([&](auto reply) {
    client_->start_job(world_.recording_id, link_proof(sealed), world_.envelopes, reply);
  });
  ASSERT_TRUE(state) << state.error().text;
  while (state && (state->state == JobState::kQueued || state->state == JobState::kRunning)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    state =
        asked<vault_link::JobStatus>([&](auto reply) { client_->job_status(world_.recording_id, reply); });
  }
  ASSERT_TRUE(state);
  EXPECT_EQ(state->state, JobState::kDone) << state->failure_text;
  EXPECT_EQ(state->files.size(), 2u);
}

TEST_F(ProcessTest, EverythingServeNeedsGoesOverTheSocketAndSurvivesKills) {
  // A call, made and sealed.
  World::Source media;
  media.opus = make_opus(world_.root, 2);
  media.vp8 = make_vp8(world_.root, 2, 20, 20);
  World::Source other = media;
  world_.introduce();
  world_.start_part();
  world_.run_epoch();
  world_.talk({{world_.agent, &media}, {world_.customer, &other}}, 10);
  world_.tell_progress(true);
  world_.close_part();
  const vault::EntryProof sealed = world_.seal_entry();
  const audit::Checkpoint head = world_.vault->heads().last().checkpoint;
  const std::string policy = world_.vault->policies().text();
  const auto log_keys = world_.vault->keys().log_keys();
  world_.vault.reset();

  start();
  connect();
  auto info = asked<vault_link::VaultInfo>([&](auto reply) { client_->info(reply); });
  ASSERT_TRUE(info);
  EXPECT_EQ(info->organisation, "Example Bank");
  EXPECT_EQ(info->log_key_text, log_keys.back().text());
  EXPECT_TRUE(info->signs_policy);
  EXPECT_EQ(info->policy, policy);

  // The vault is killed and comes back: the call's messages again, the same answers.
  process_->end(SIGKILL);
  ASSERT_TRUE(up_.wait_for(false));
  EXPECT_EQ(asked<vault_link::Head>([&](auto reply) { client_->last_head(reply); }).error().kind,
            VaultError::Kind::kDown);
  start();
  ASSERT_TRUE(up_.wait_for(true));
  const std::string call = to_base64url(world_.call);
  std::size_t acknowledgements = 0;
  for (const std::string& message : world_.messages) {
    auto answered =
        asked<vault_link::AnnounceResult>([&](auto reply) { client_->announce(call, message, reply); });
    // The real clock is far from the call's, so its Roster is refused as being of another time.
    if (answered)
      acknowledgements += answered->messages.size();
    else
      EXPECT_EQ(answered.error().kind, VaultError::Kind::kRefused);
  }
  EXPECT_TRUE(asked<std::monostate>([&](auto reply) { client_->close_call(call, reply); }));

  auto check = asked<crypto::Hash256>([&](auto reply) { client_->dek_check(world_.envelopes[0], reply); });
  ASSERT_TRUE(check);
  EXPECT_EQ(*check, recording::dek_check(world_.deks[1], world_.recording_id, 1));
  auto damaged = world_.envelopes[0];
  damaged.ct[0] ^= 1;
  EXPECT_EQ(asked<crypto::Hash256>([&](auto reply) { client_->dek_check(damaged, reply); }).error().code,
            "envelope.damaged");

  auto last = asked<vault_link::Head>([&](auto reply) { client_->last_head(reply); });
  ASSERT_TRUE(last);
  EXPECT_EQ(last->size, head.size);
  EXPECT_EQ(
      asked<vault_link::Head>([&](auto reply) { client_->sign_head(head.size, {}, {}, reply); }).error().code,
      "head.fork");

  // Killed in the middle of the job, again and again, then left to finish.
  auto job = [&] {
    return asked<vault_link::JobStatus>([&](auto reply) {
      client_->start_job(world_.recording_id, link_proof(sealed), world_.envelopes, reply);
    });
  };
  auto status = [&] {
    return asked<vault_link::JobStatus>([&](auto reply) { client_->job_status(world_.recording_id, reply); });
  };
  for (int kill = 0; kill < 4; ++kill) {
    ASSERT_TRUE(job());
    std::this_thread::sleep_for(std::chrono::milliseconds(15 * kill));
    process_->end(SIGKILL);
    ASSERT_TRUE(up_.wait_for(false));
    start();
    ASSERT_TRUE(up_.wait_for(true));
  }
  auto state = job();
  ASSERT_TRUE(state) << state.error().text;
  while (state && (state->state == JobState::kQueued || state->state == JobState::kRunning)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    state = status();
  }
  ASSERT_TRUE(state);
  ASSERT_EQ(state->state, JobState::kDone) << state->failure_text;
  ASSERT_EQ(state->files.size(), 2u);
  ASSERT_EQ(state->envelopes.size(), 1u);
  EXPECT_EQ(state->summary.integer_or("coverage_permille"), 1000);
  auto manifest = asked<std::string>([&](auto reply) { client_->manifest(world_.recording_id, reply); });
  ASSERT_TRUE(manifest);
  EXPECT_EQ(crypto::sha256(as_bytes(*manifest)), state->manifest_sha256);
  EXPECT_TRUE(vault::verify_manifest(*manifest, info->recorder_sig));
  auto parsed = parse_json(*manifest, {.bytes = 16 << 20, .depth = 32, .values = 1'000'000});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(Schema(PARLOUR_CONTRACTS "/recording-manifest.schema.json").faults(*parsed),
            std::vector<std::string>{});
  EXPECT_TRUE(asked<std::monostate>([&](auto reply) {
    client_->acknowledge_job(world_.recording_id, to_hex(status()->manifest_sha256), reply);
  }));
  EXPECT_TRUE(status()->envelopes.empty());

  // A grant: the entry is of the real time now. The tree goes on from the vault's own head.
  using namespace std::chrono;
  const UtcTime now{duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
  auto entry = audit::EntryBuilder("recording.play_requested")
                   .actor({audit::ActorKind::kUser, "018f3c1e-7a50-7b3e-9c41-0123456789ae", "s1", "", ""})
                   .subject("recording", world_.recording_id.text())
                   .meeting(kMeeting)
                   .set("rendition", "av")
                   .set("purpose", "complaint")
                   .set("session", "s1")
                   .make({world_.tree.size(), now, "boot-1", {1}}, world_.random);
  ASSERT_TRUE(entry);
  const std::uint64_t old_size = world_.tree.size();
  world_.tree.append(audit::leaf_hash(entry->bytes));
  auto signed_head = asked<vault_link::Head>([&](auto reply) {
    client_->sign_head(world_.tree.size(), world_.tree.root(),
                       *audit::make_consistency_proof(old_size, world_.tree.size(), world_.tree.reader()),
                       reply);
  });
  ASSERT_TRUE(signed_head) << signed_head.error().text;
  vault_link::GrantRequest request;
  request.recording = world_.recording_id;
  request.session = "s1";
  request.proof = {to_string(entry->bytes), old_size,
                   *audit::make_inclusion_proof(old_size, world_.tree.size(), world_.tree.reader()),
                   signed_head->checkpoint};
  request.envelope = state->envelopes[0];
  auto ticket = asked<vault_link::Ticket>([&](auto reply) { client_->grant(request, reply); });
  ASSERT_TRUE(ticket) << ticket.error().text;
  EXPECT_EQ(asked<vault_link::Ticket>([&](auto reply) { client_->grant(request, reply); }).error().code,
            "grant.used");
  auto stream =
      asked<vault_link::StreamHandle>([&](auto reply) { client_->exchange(ticket->ticket, "s1", reply); });
  ASSERT_TRUE(stream);
  ASSERT_EQ(stream->files.size(), 2u);
  Bytes whole;
  while (whole.size() < stream->files[0].bytes) {
    auto piece = asked<Bytes>([&](auto reply) {
      client_->range(stream->handle, stream->files[0].name, whole.size(), vault_link::kRangeMax, reply);
    });
    ASSERT_TRUE(piece) << piece.error().text;
    ASSERT_FALSE(piece->empty());
    append(whole, *piece);
  }
  const auto file = std::find_if(state->files.begin(), state->files.end(),
                                 [&](const auto& known) { return known.name == stream->files[0].name; });
  ASSERT_NE(file, state->files.end());
  EXPECT_EQ(crypto::sha256(whole), file->sha256);

  // Handles die with the vault, and used entries stay used.
  process_->end(SIGKILL);
  ASSERT_TRUE(up_.wait_for(false));
  start();
  ASSERT_TRUE(up_.wait_for(true));
  EXPECT_EQ(asked<Bytes>([&](auto reply) { client_->range(stream->handle, file->name, 0, 10, reply); })
                .error()
                .code,
            "grant.handle");
  EXPECT_EQ(asked<vault_link::Ticket>([&](auto reply) { client_->grant(request, reply); }).error().code,
            "grant.used");
  EXPECT_EQ(process_->end(SIGTERM), 0);
  process_.reset();
  ASSERT_TRUE(up_.wait_for(false));
}

// A stopped vault answers no ping: down after three.
TEST_F(ProcessTest, AVaultThatHangsIsDownAfterThreeMissedPings) {
  world_.vault.reset();
  start();
  connect();
  const auto began = std::chrono::steady_clock::now();
  ::kill(process_->id(), SIGSTOP);
  ASSERT_TRUE(up_.wait_for(false));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(2500));
  EXPECT_LE(took, std::chrono::milliseconds(7000));
  ::kill(process_->id(), SIGCONT);
  EXPECT_TRUE(up_.wait_for(true));
}

}  // namespace
}  // namespace parlour::vault_test
