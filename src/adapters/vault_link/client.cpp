#include "vault_link/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "audit/format/proof.h"
#include "codec.h"
#include "vault_link/protocol.h"

namespace parlour::vault_link {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPingEvery{1000};
constexpr int kPingsMissedMax = 3;
constexpr milliseconds kReconnectMin{200}, kReconnectMax{2000};

VaultError down() {
  return {VaultError::Kind::kDown, "vault.down", "the vault cannot be reached"};
}
VaultError not_understood() {
  return {VaultError::Kind::kProtocol, "vault.protocol", "the vault's answer could not be understood"};
}

Json proof_json(const EntryProof& proof) {
  return JsonObject{{"entry", proof.entry},
                    {"index", proof.index},
                    {"path", audit::proof_to_json(proof.path)},
                    {"checkpoint", proof.checkpoint}};
}

Json rendition_envelope_json(const RenditionEnvelope& envelope) {
  return JsonObject{{"rendition", envelope.rendition},
                    {"key_id", envelope.key_id},
                    {"enc", to_base64url(envelope.enc)},
                    {"ct", to_base64url(envelope.ct)}};
}

std::optional<JobStatus> read_job_status(const Json& json) {
  JobStatus status;
  const std::string state = json.string_or("state");
  if (state == "unknown")
    status.state = JobState::kUnknown;
  else if (state == "queued")
    status.state = JobState::kQueued;
  else if (state == "running")
    status.state = JobState::kRunning;
  else if (state == "done")
    status.state = JobState::kDone;
  else if (state == "failed")
    status.state = JobState::kFailed;
  else
    return std::nullopt;
  status.progress_permille = json.integer_or("progress");
  status.failure_code = json.string_or("code");
  status.failure_text = json.string_or("text");
  if (status.state != JobState::kDone) return status;
  const Json *summary = json.find("summary"), *files = json.find("files"),
             *envelopes = json.find("envelopes");
  if (!read_hex(json, "manifest_sha256", status.manifest_sha256) || summary == nullptr || files == nullptr ||
      files->as_array() == nullptr || envelopes == nullptr || envelopes->as_array() == nullptr)
    return std::nullopt;
  status.summary = *summary;
  for (const Json& item : *files->as_array()) {
    RenditionFile file{item.string_or("name"),
                       static_cast<std::uint64_t>(item.integer_or("bytes")),
                       static_cast<std::uint64_t>(item.integer_or("stored_bytes")),
                       {},
                       {}};
    if (!read_hex(item, "sha256", file.sha256) || !read_hex(item, "stored_sha256", file.stored_sha256))
      return std::nullopt;
    status.files.push_back(std::move(file));
  }
  for (const Json& item : *envelopes->as_array()) {
    RenditionEnvelope envelope{item.string_or("rendition"), item.string_or("key_id"), {}, {}};
    if (!read_base64(item, "enc", envelope.enc) || !read_base64(item, "ct", envelope.ct)) return std::nullopt;
    status.envelopes.push_back(std::move(envelope));
  }
  return status;
}

std::optional<Head> read_head(const Json& json) {
  Head head{json.string_or("checkpoint"), static_cast<std::uint64_t>(json.integer_or("size")), {}};
  if (!read_hex(json, "root", head.root)) return std::nullopt;
  return head;
}

std::optional<VaultInfo> read_info(const Json& json) {
  VaultInfo info;
  info.software_version = json.string_or("software");
  info.organisation = json.string_or("organisation");
  info.log_origin = json.string_or("log_origin");
  info.log_key_text = json.string_or("log_key_text");
  info.signs_policy = json.bool_or("signs_policy");
  info.recorder_key_id = json.string_or("recorder_key_id");
  if (!read_base64(json, "log_key", info.log_key) ||
      !read_base64(json, "organisation_key", info.organisation_key) ||
      !read_base64(json, "recorder_kem", info.recorder_kem) ||
      !read_base64(json, "recorder_sig", info.recorder_sig))
    return std::nullopt;
  return info;
}

}  // namespace

struct VaultClient::Impl {
  struct Response {
    Json json;
    Bytes binary;
    bool is_binary = false;
  };
  using Answered = std::function<void(Result<Response, VaultError>)>;

  Impl(Config config_in, std::function<void(bool)> on_up_in)
      : config(std::move(config_in)),
        on_up(std::move(on_up_in)),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread = std::thread([this] { run(); });
  }
  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    poke();
    thread.join();
    ::close(wake);
  }

  void poke() const {
    const std::uint64_t one = 1;
    // A full counter wakes as well as one more would.
    if (::write(wake, &one, sizeof one) < 0) return;
  }

  // ---- Requests, from any thread
  // ------------------------------------------------------------------------------------

  // `first`: the ping that finds out whether the vault answers at all; nothing else is taken before it did.
  void ask(std::string_view op, JsonObject members, Answered answered, bool first = false) {
    std::unique_lock lock(mutex);
    if ((!connected && !first) || stopping) {
      lock.unlock();
      answered(fail(down()));
      return;
    }
    const std::uint32_t id = next_id++;
    JsonObject request{{"id", id}, {"op", op}};
    for (JsonMember& member : members) request.push_back(std::move(member));
    const std::string text = write_json(std::move(request));
    if (text.size() > kJsonMax) {
      lock.unlock();
      answered(fail(
          VaultError{VaultError::Kind::kTooLarge, "request.too_large", "the request does not fit a frame"}));
      return;
    }
    append(out, encode_frame(kJsonFrame, as_bytes(text)));
    waiting.emplace(id, std::move(answered));
    lock.unlock();
    poke();
  }

  // A request whose JSON answer is read by `read`.
  template <class T, class Read>
  void ask_for(std::string_view op, JsonObject members, Reply<T> reply, Read read) {
    ask(op, std::move(members), [reply = std::move(reply), read](Result<Response, VaultError> response) {
      if (!response) return reply(fail(response.error()));
      if (response->is_binary) return reply(fail(not_understood()));
      std::optional<T> value = read(response->json);
      if (!value) return reply(fail(not_understood()));
      reply(std::move(*value));
    });
  }

  // ---- The socket's thread
  // ------------------------------------------------------------------------------------------

  void run() {
    milliseconds pause = kReconnectMin;
    while (!stopped()) {
      const int descriptor = connect_once();
      if (descriptor < 0) {
        wait_readable(-1, pause);
        pause = std::min(pause * 2, kReconnectMax);
        continue;
      }
      pause = kReconnectMin;
      talk(descriptor);
      ::close(descriptor);
      drop_all();
      if (up.exchange(false) && on_up) on_up(false);
    }
    drop_all();
  }

  bool stopped() {
    std::lock_guard lock(mutex);
    return stopping;
  }

  int connect_once() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (config.socket_path.size() >= sizeof address.sun_path) return -1;
    std::memcpy(address.sun_path, config.socket_path.data(), config.socket_path.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    ucred peer{};
    socklen_t size = sizeof peer;
    // Whoever made the socket's file first could pose as the vault; the kernel says who it is.
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
        peer.uid != config.vault_uid.value_or(::geteuid())) {
      ::close(descriptor);
      return -1;
    }
    return descriptor;
  }

  // Waits for the descriptor (or only for a poke) and empties the wake counter.
  short wait_readable(int descriptor, milliseconds at_most, bool want_write = false) const {
    pollfd ready[2] = {{wake, POLLIN, 0},
                       {descriptor, static_cast<short>(POLLIN | (want_write ? POLLOUT : 0)), 0}};
    if (::poll(ready, descriptor < 0 ? 1 : 2,
               static_cast<int>(std::max<milliseconds::rep>(0, at_most.count()))) <= 0)
      return 0;
    std::uint64_t count = 0;
    if ((ready[0].revents & POLLIN) != 0 && ::read(wake, &count, sizeof count) < 0) return 0;
    return descriptor < 0 ? short{0} : ready[1].revents;
  }

  void talk(int descriptor) {
    FrameReader reader;
    Bytes sending;
    auto next_ping = steady_clock::now();
    pings_missed = 0;
    for (;;) {
      {
        std::lock_guard lock(mutex);
        if (stopping) return;
        append(sending, out);
        out.clear();
      }
      const auto now = steady_clock::now();
      if (now >= next_ping) {
        if (pings_missed >= kPingsMissedMax) return;
        ++pings_missed;
        next_ping = now + kPingEvery;
        ask(
            "ping", {},
            [this](Result<Response, VaultError> answered) {
              if (answered) answered_ping();
            },
            true);
        continue;
      }
      const short events = wait_readable(
          descriptor, std::chrono::duration_cast<milliseconds>(next_ping - now) + milliseconds(1),
          !sending.empty());
      if ((events & POLLOUT) != 0 && !sending.empty()) {
        const ssize_t sent = ::send(descriptor, sending.data(), sending.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
        if (sent > 0) sending.erase(sending.begin(), sending.begin() + sent);
      }
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
        ByteArray<65536> block;
        const ssize_t got = ::recv(descriptor, block.data(), block.size(), 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
        if (got > 0) reader.feed(ByteView(block).first(static_cast<std::size_t>(got)));
        while (auto frame = reader.next())
          if (!take(*frame)) return;
        if (reader.broken()) return;
      }
    }
  }

  // A connection says nothing (the kernel accepts for a process that hangs); an answer does.
  void answered_ping() {
    pings_missed = 0;
    {
      std::lock_guard lock(mutex);
      connected = true;
    }
    if (!up.exchange(true) && on_up) on_up(true);
  }

  bool take(const Frame& frame) {
    if (frame.type == kBinaryFrame) {
      Reader reader(frame.payload);
      const std::uint32_t id = reader.u32();
      return finish(id, Response{{}, to_bytes(reader.rest()), true});
    }
    auto json = parse_json(as_text(frame.payload), {.bytes = kJsonMax, .depth = 32, .values = 50'000});
    if (!json) return false;
    const std::int64_t id = json->integer_or("id", -1);
    if (id < 0 || id > 0xFFFFFFFF) return false;
    if (json->bool_or("ok"))
      return finish(static_cast<std::uint32_t>(id), Response{std::move(*json), {}, false});
    return finish(
        static_cast<std::uint32_t>(id),
        fail(VaultError{VaultError::Kind::kRefused, json->string_or("code"), json->string_or("text")}));
  }

  bool finish(std::uint32_t id, Result<Response, VaultError> response) {
    Answered answered;
    {
      std::lock_guard lock(mutex);
      auto at = waiting.find(id);
      if (at == waiting.end()) return false;
      answered = std::move(at->second);
      waiting.erase(at);
    }
    answered(std::move(response));
    return true;
  }

  void drop_all() {
    std::map<std::uint32_t, Answered> lost;
    {
      std::lock_guard lock(mutex);
      connected = false;
      out.clear();
      std::swap(lost, waiting);
    }
    for (auto& [id, answered] : lost) answered(fail(down()));
  }

  const Config config;
  const std::function<void(bool)> on_up;
  const int wake;
  std::atomic<bool> up = false;

  std::mutex mutex;
  bool stopping = false;
  bool connected = false;
  Bytes out;
  std::uint32_t next_id = 1;
  std::map<std::uint32_t, Answered> waiting;

  int pings_missed = 0;  // socket's thread only
  std::thread thread;
};

VaultClient::VaultClient(Config config, std::function<void(bool up)> on_up)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(on_up))) {}
VaultClient::~VaultClient() = default;

bool VaultClient::up() const {
  return impl_->up;
}

namespace {

// Answers that carry nothing but "ok".
auto read_done = [](const Json&) { return std::optional<std::monostate>(std::monostate{}); };
auto read_policy = [](const Json& json) { return std::optional<std::string>(json.string_or("policy")); };

}  // namespace

void VaultClient::info(Reply<VaultInfo> reply) {
  impl_->ask_for<VaultInfo>(
      "info", {},
      [this, reply = std::move(reply)](Result<VaultInfo, VaultError> info) {
        if (!info) return reply(fail(info.error()));
        // The Policy may fill a frame of its own.
        impl_->ask_for<std::string>(
            "policy", {},
            [reply, info = *info](Result<std::string, VaultError> policy) mutable {
              if (!policy) return reply(fail(policy.error()));
              info.policy = *policy;
              reply(std::move(info));
            },
            read_policy);
      },
      read_info);
}

void VaultClient::announce(std::string call, std::string message, Reply<AnnounceResult> reply) {
  impl_->ask_for<AnnounceResult>("announce", {{"call", std::move(call)}, {"message", std::move(message)}},
                                 std::move(reply), [](const Json& json) -> std::optional<AnnounceResult> {
                                   const Json* messages = json.find("messages");
                                   if (messages == nullptr || messages->as_array() == nullptr)
                                     return std::nullopt;
                                   AnnounceResult result;
                                   for (const Json& text : *messages->as_array()) {
                                     if (!text.is_string()) return std::nullopt;
                                     result.messages.push_back(*text.as_string());
                                   }
                                   return result;
                                 });
}

void VaultClient::close_call(std::string call, Reply<std::monostate> reply) {
  impl_->ask_for<std::monostate>("close_call", {{"call", std::move(call)}}, std::move(reply), read_done);
}

void VaultClient::dek_check(const recording::PartEnvelope& envelope, Reply<crypto::Hash256> reply) {
  Json members = part_envelope_json(envelope);
  members.set("recording", envelope.recording.text());
  impl_->ask_for<crypto::Hash256>("dek_check", *members.as_object(), std::move(reply),
                                  [](const Json& json) -> std::optional<crypto::Hash256> {
                                    crypto::Hash256 check{};
                                    if (!read_base64(json, "check", check)) return std::nullopt;
                                    return check;
                                  });
}

void VaultClient::sign_head(std::uint64_t size, const crypto::Hash256& root,
                            std::vector<crypto::Hash256> consistency, Reply<Head> reply) {
  impl_->ask_for<Head>(
      "sign_head",
      {{"size", size}, {"root", to_hex(root)}, {"consistency", audit::proof_to_json(consistency)}},
      std::move(reply), read_head);
}

void VaultClient::last_head(Reply<Head> reply) {
  impl_->ask_for<Head>("last_head", {}, std::move(reply), read_head);
}

void VaultClient::sign_policy(std::vector<PublishedType> types, Reply<std::string> reply) {
  JsonArray list;
  for (PublishedType& type : types)
    list.push_back(JsonObject{{"type_id", std::move(type.type_id)},
                              {"version", type.version},
                              {"document", std::move(type.document)},
                              {"proof", proof_json(type.proof)}});
  impl_->ask_for<std::string>("sign_policy", {{"types", std::move(list)}}, std::move(reply), read_policy);
}

void VaultClient::put_policy(std::string message, Reply<std::monostate> reply) {
  impl_->ask_for<std::monostate>("put_policy", {{"policy", std::move(message)}}, std::move(reply), read_done);
}

void VaultClient::start_job(const recording::RecordingId& recording, EntryProof proof,
                            std::vector<recording::PartEnvelope> envelopes, Reply<JobStatus> reply) {
  // Those that do not fit go before; one that fails makes the job fail, which names the reason.
  std::size_t first = 0;
  auto next = [&](std::size_t most) {
    JsonArray list;
    for (; list.size() < most && first < envelopes.size(); ++first)
      list.push_back(part_envelope_json(envelopes[first]));
    return list;
  };
  while (envelopes.size() - first > kEnvelopesMax) {
    const auto at = static_cast<std::int64_t>(first);
    impl_->ask_for<std::monostate>(
        "job_envelopes", {{"recording", recording.text()}, {"first", at}, {"envelopes", next(kEnvelopesMax)}},
        [](const Result<std::monostate, VaultError>&) {}, read_done);
  }
  JsonArray list = next(kEnvelopesMax);
  impl_->ask_for<JobStatus>(
      "job", {{"recording", recording.text()}, {"proof", proof_json(proof)}, {"envelopes", std::move(list)}},
      std::move(reply), read_job_status);
}

void VaultClient::job_status(const recording::RecordingId& recording, Reply<JobStatus> reply) {
  impl_->ask_for<JobStatus>("job_status", {{"recording", recording.text()}}, std::move(reply),
                            read_job_status);
}

void VaultClient::acknowledge_job(const recording::RecordingId& recording, const std::string& manifest_sha256,
                                  Reply<std::monostate> reply) {
  impl_->ask_for<std::monostate>("job_acknowledge",
                                 {{"recording", recording.text()}, {"manifest_sha256", manifest_sha256}},
                                 std::move(reply), read_done);
}

namespace {

struct ManifestFetch {
  std::string text;
  Reply<std::string> reply;
};

}  // namespace

void VaultClient::manifest(const recording::RecordingId& recording, Reply<std::string> reply) {
  auto fetch = std::make_shared<ManifestFetch>(ManifestFetch{{}, std::move(reply)});
  // Asks for the next piece until a short one comes; owned by the request that is under way.
  auto step = std::make_shared<std::function<void()>>();
  std::weak_ptr<std::function<void()>> weak = step;
  *step = [this, recording, fetch, weak] {
    auto self = weak.lock();
    impl_->ask("manifest",
               {{"recording", recording.text()}, {"offset", fetch->text.size()}, {"length", kRangeMax}},
               [fetch, self](Result<Impl::Response, VaultError> response) {
                 if (!response) return fetch->reply(fail(response.error()));
                 if (!response->is_binary) return fetch->reply(fail(not_understood()));
                 fetch->text += as_text(response->binary);
                 if (response->binary.size() < kRangeMax) return fetch->reply(std::move(fetch->text));
                 (*self)();
               });
  };
  (*step)();
}

void VaultClient::grant(const GrantRequest& request, Reply<Ticket> reply) {
  impl_->ask_for<Ticket>("grant",
                         {{"recording", request.recording.text()},
                          {"rendition", request.rendition},
                          {"session", request.session},
                          {"proof", proof_json(request.proof)},
                          {"envelope", rendition_envelope_json(request.envelope)}},
                         std::move(reply), [](const Json& json) -> std::optional<Ticket> {
                           Ticket ticket;
                           if (!read_base64(json, "ticket", ticket.ticket)) return std::nullopt;
                           return ticket;
                         });
}

void VaultClient::exchange(const ByteArray<32>& ticket, std::string session, Reply<StreamHandle> reply) {
  impl_->ask_for<StreamHandle>(
      "exchange", {{"ticket", to_base64url(ticket)}, {"session", std::move(session)}}, std::move(reply),
      [](const Json& json) -> std::optional<StreamHandle> {
        StreamHandle handle;
        const Json* files = json.find("files");
        if (!read_base64(json, "handle", handle.handle) || files == nullptr || files->as_array() == nullptr)
          return std::nullopt;
        for (const Json& file : *files->as_array())
          handle.files.push_back(
              {file.string_or("name"), static_cast<std::uint64_t>(file.integer_or("bytes"))});
        return handle;
      });
}

void VaultClient::range(const ByteArray<32>& handle, std::string file, std::uint64_t offset,
                        std::uint32_t length, Reply<Bytes> reply) {
  impl_->ask(
      "range",
      {{"handle", to_base64url(handle)}, {"file", std::move(file)}, {"offset", offset}, {"length", length}},
      [reply = std::move(reply)](Result<Impl::Response, VaultError> response) {
        if (!response) return reply(fail(response.error()));
        if (!response->is_binary) return reply(fail(not_understood()));
        reply(std::move(response->binary));
      });
}

void VaultClient::release(const ByteArray<32>& handle) {
  impl_->ask("release", {{"handle", to_base64url(handle)}}, [](const Result<Impl::Response, VaultError>&) {});
}

}  // namespace parlour::vault_link
