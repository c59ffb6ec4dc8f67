#include "vault_link/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "codec.h"

namespace parlour::vault_link {
namespace {

using vault::refuse;
using vault::VaultRefusal;

using Answer = Result<Json, VaultRefusal>;  // members of an answer besides id and ok

const JsonObject kNothing;

Unexpected<VaultRefusal> bad_request(std::string_view what) {
  return refuse("request.form", what);
}

std::optional<vault::EntryProof> read_proof(const Json* json) {
  if (json == nullptr || !json->is_object()) return std::nullopt;
  vault::EntryProof proof;
  proof.entry = json->string_or("entry");
  const std::int64_t index = json->integer_or("index", -1);
  const Json* path = json->find("path");
  auto hashes = path == nullptr ? std::nullopt : audit::proof_from_json(*path);
  proof.checkpoint = json->string_or("checkpoint");
  if (index < 0 || !hashes || proof.entry.empty()) return std::nullopt;
  proof.index = static_cast<std::uint64_t>(index);
  proof.path = std::move(*hashes);
  return proof;
}

Answer info(vault::Vault& vault, const Json&, Now) {
  const vault::KeyStore& keys = vault.keys();
  const auto log_key = audit::make_verifier_key(keys.log_origin(), keys.audit().public_key());
  return Json(JsonObject{{"software", vault.software()},
                         {"organisation", keys.organisation()},
                         {"log_origin", keys.log_origin()},
                         {"log_key", to_base64url(log_key.public_key)},
                         {"log_key_text", log_key.text()},
                         {"organisation_key", to_base64url(keys.organisation_public())},
                         {"signs_policy", keys.organisation_key() != nullptr},
                         {"recorder_key_id", keys.compliance_id()},
                         {"recorder_kem", to_base64url(keys.compliance().public_key())},
                         {"recorder_sig", to_base64url(keys.recorder().public_key())}});
}

Answer policy(vault::Vault& vault, const Json&, Now) {
  return Json(JsonObject{{"policy", vault.policies().text()}});
}

Answer announce(vault::Vault& vault, const Json& request, Now now) {
  auto said = vault.calls().announce(request.string_or("call"), request.string_or("message"), now.utc);
  if (!said) return fail(said.error());
  JsonArray messages;
  for (std::string& message : *said) messages.push_back(std::move(message));
  return Json(JsonObject{{"messages", std::move(messages)}});
}

Answer close_call(vault::Vault& vault, const Json& request, Now) {
  vault.calls().close(request.string_or("call"));
  return Json(kNothing);
}

Answer dek_check(vault::Vault& vault, const Json& request, Now) {
  auto recording = read_recording(request);
  auto envelope = recording ? read_part_envelope(request, *recording) : std::nullopt;
  if (!envelope) return bad_request("dek_check needs recording, part, key_id, enc and ct");
  auto check = vault.dek_check(*envelope);
  if (!check) return fail(check.error());
  return Json(JsonObject{{"check", to_base64url(*check)}});
}

Json head_json(const vault::SignedHead& head) {
  return JsonObject{
      {"size", head.checkpoint.size}, {"root", to_hex(head.checkpoint.root)}, {"checkpoint", head.note}};
}

Answer sign_head(vault::Vault& vault, const Json& request, Now) {
  crypto::Hash256 root{};
  const std::int64_t size = request.integer_or("size", -1);
  const Json* proof = request.find("consistency");
  auto hashes = proof == nullptr ? std::nullopt : audit::proof_from_json(*proof);
  if (size < 0 || !hashes || !read_hex(request, "root", root))
    return bad_request("sign_head needs size, root and consistency");
  auto head = vault.heads().sign(static_cast<std::uint64_t>(size), root, *hashes);
  if (!head) return fail(head.error());
  return head_json(*head);
}

Answer last_head(vault::Vault& vault, const Json&, Now) {
  return head_json(vault.heads().last());
}

Answer sign_policy(vault::Vault& vault, const Json& request, Now now) {
  const Json* list = request.find("types");
  if (list == nullptr || list->as_array() == nullptr) return bad_request("sign_policy needs types");
  std::vector<vault::PublishedType> types;
  for (const Json& type : *list->as_array()) {
    auto proof = read_proof(type.find("proof"));
    const std::int64_t version = type.integer_or("version");
    if (!proof || version < 1 || version > 0xFFFFFFFF)
      return bad_request("a type needs type_id, version, document, proof");
    types.push_back({type.string_or("type_id"), static_cast<std::uint32_t>(version),
                     type.string_or("document"), std::move(*proof)});
  }
  auto text = vault.policies().sign(types, now.utc);
  if (!text) return fail(text.error());
  return Json(JsonObject{{"policy", *text}});
}

Answer put_policy(vault::Vault& vault, const Json& request, Now now) {
  auto taken = vault.policies().put(request.string_or("policy"), now.utc);
  if (!taken) return fail(taken.error());
  return Json(kNothing);
}

// At most kEnvelopesMax; nothing when one cannot be read.
std::optional<std::vector<recording::PartEnvelope>> read_envelopes(const Json& request,
                                                                   const recording::RecordingId& recording) {
  const Json* list = request.find("envelopes");
  if (list == nullptr || list->as_array() == nullptr || list->as_array()->size() > kEnvelopesMax)
    return std::nullopt;
  std::vector<recording::PartEnvelope> envelopes;
  for (const Json& item : *list->as_array()) {
    auto envelope = read_part_envelope(item, recording);
    if (!envelope) return std::nullopt;
    envelopes.push_back(std::move(*envelope));
  }
  return envelopes;
}

Answer job_envelopes(vault::Vault& vault, const Json& request, Now) {
  auto recording = read_recording(request);
  auto envelopes = recording ? read_envelopes(request, *recording) : std::nullopt;
  const std::int64_t first = request.integer_or("first", -1);
  if (!envelopes || first < 0) return bad_request("job_envelopes needs recording, first and envelopes");
  auto taken = vault.jobs().offer(*recording, static_cast<std::size_t>(first), std::move(*envelopes));
  if (!taken) return fail(taken.error());
  return Json(kNothing);
}

Answer job(vault::Vault& vault, const Json& request, Now) {
  auto recording = read_recording(request);
  auto proof = read_proof(request.find("proof"));
  auto envelopes = recording ? read_envelopes(request, *recording) : std::nullopt;
  if (!proof || !envelopes) return bad_request("job needs recording, proof and envelopes");
  return vault.jobs().start(*recording, *proof, std::move(*envelopes));
}

Answer job_status(vault::Vault& vault, const Json& request, Now) {
  auto recording = read_recording(request);
  if (!recording) return bad_request("job_status needs recording");
  return vault.jobs().status(*recording);
}

Answer job_acknowledge(vault::Vault& vault, const Json& request, Now) {
  auto recording = read_recording(request);
  crypto::Hash256 manifest{};
  if (!recording || !read_hex(request, "manifest_sha256", manifest))
    return bad_request("job_acknowledge needs recording and manifest_sha256");
  auto done = vault.jobs().acknowledge(*recording, manifest);
  if (!done) return fail(done.error());
  return Json(kNothing);
}

Answer grant(vault::Vault& vault, const Json& request, Now) {
  auto recording = read_recording(request);
  auto proof = read_proof(request.find("proof"));
  const Json* wrapped = request.find("envelope");
  auto envelope = wrapped == nullptr ? std::nullopt : vault::rendition_envelope_from_json(*wrapped);
  if (!recording || !proof || !envelope)
    return bad_request("grant needs recording, rendition, session, proof, envelope");
  auto ticket = vault.grant(*recording, request.string_or("rendition"), request.string_or("session"), *proof,
                            *envelope);
  if (!ticket) return fail(ticket.error());
  return Json(JsonObject{{"ticket", to_base64url(*ticket)}});
}

Answer exchange(vault::Vault& vault, const Json& request, Now) {
  vault::Token ticket{};
  if (!read_base64(request, "ticket", ticket)) return bad_request("exchange needs ticket and session");
  auto stream = vault.exchange(ticket, request.string_or("session"));
  if (!stream) return fail(stream.error());
  JsonArray files;
  for (const vault::StreamFile& file : stream->second)
    files.push_back(JsonObject{{"name", file.name}, {"bytes", file.bytes}});
  return Json(JsonObject{{"handle", to_base64url(stream->first)}, {"files", std::move(files)}});
}

Answer release(vault::Vault& vault, const Json& request, Now) {
  vault::Token handle{};
  if (!read_base64(request, "handle", handle)) return bad_request("release needs handle");
  vault.release(handle);
  return Json(kNothing);
}

Answer ping(vault::Vault&, const Json&, Now) {
  return Json(kNothing);
}

struct Operation {
  std::string_view name;
  Answer (*carry_out)(vault::Vault&, const Json&, Now);
};
constexpr Operation kOperations[] = {{"ping", ping},
                                     {"info", info},
                                     {"policy", policy},
                                     {"announce", announce},
                                     {"close_call", close_call},
                                     {"dek_check", dek_check},
                                     {"sign_head", sign_head},
                                     {"last_head", last_head},
                                     {"sign_policy", sign_policy},
                                     {"put_policy", put_policy},
                                     {"job_envelopes", job_envelopes},
                                     {"job", job},
                                     {"job_status", job_status},
                                     {"job_acknowledge", job_acknowledge},
                                     {"grant", grant},
                                     {"exchange", exchange},
                                     {"release", release}};

Result<Bytes, VaultRefusal> binary(vault::Vault& vault, std::string_view op, const Json& request) {
  const std::int64_t offset = request.integer_or("offset", -1), length = request.integer_or("length", -1);
  if (offset < 0 || length < 1 || static_cast<std::size_t>(length) > kRangeMax)
    return bad_request("offset and length are out of range");
  if (op == "range") {
    vault::Token handle{};
    if (!read_base64(request, "handle", handle)) return bad_request("range needs handle");
    return vault.range(handle, request.string_or("file"), static_cast<std::uint64_t>(offset),
                       static_cast<std::size_t>(length));
  }
  auto recording = read_recording(request);
  auto manifest = recording ? vault.jobs().manifest(*recording) : std::nullopt;
  if (!manifest) return refuse("manifest.missing", "there is no manifest of this recording");
  const std::size_t from = std::min(manifest->size(), static_cast<std::size_t>(offset));
  return to_bytes(
      ByteView(*manifest).subspan(from, std::min(manifest->size() - from, static_cast<std::size_t>(length))));
}

Bytes json_frame(const Json& json) {
  return encode_frame(kJsonFrame, as_bytes(write_json(json)));
}

Json refusal_json(std::int64_t id, const VaultRefusal& why) {
  return JsonObject{{"id", id}, {"ok", false}, {"code", why.code}, {"text", why.text}};
}

}  // namespace

Bytes answer(vault::Vault& vault, ByteView request_json, Now now) {
  auto request = parse_json(as_text(request_json), {.bytes = kJsonMax, .depth = 16, .values = 20'000});
  if (!request || !request->is_object())
    return json_frame(refusal_json(0, {"request.form", "the request is not a JSON object"}));
  const std::int64_t id = request->integer_or("id");
  const std::string op = request->string_or("op");
  if (id < 0 || id > 0xFFFFFFFF)
    return json_frame(refusal_json(0, {"request.form", "the request's id is out of range"}));
  if (op == "range" || op == "manifest") {
    auto bytes = binary(vault, op, *request);
    return bytes ? encode_binary(static_cast<std::uint32_t>(id), *bytes)
                 : json_frame(refusal_json(id, bytes.error()));
  }
  for (const Operation& operation : kOperations) {
    if (operation.name != op) continue;
    Answer result = operation.carry_out(vault, *request, now);
    if (!result) return json_frame(refusal_json(id, result.error()));
    Json json = JsonObject{{"id", id}, {"ok", true}};
    for (const auto& [name, value] : *result->as_object()) json.set(name, value);
    Bytes frame = json_frame(json);
    if (frame.size() > kJsonMax + 5)
      return json_frame(refusal_json(id, {"answer.too_large", "the answer does not fit a frame"}));
    return frame;
  }
  return json_frame(refusal_json(id, {"request.op", "the vault does not know this operation"}));
}

struct VaultServer::Connection {
  int descriptor = -1;
  FrameReader reader;
  Bytes out;
  bool closing = false;
  bool asked = false;  // a whole request, ever
  SteadyTime heard{};  // the last whole request, or the connection's beginning
};

Result<VaultServer, VaultRefusal> VaultServer::listen(vault::Vault& vault, const Clock& clock,
                                                      Config config) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (config.socket_path.empty() || config.socket_path.size() >= sizeof address.sun_path)
    return refuse("link.path", "the socket's path is empty or too long");
  std::memcpy(address.sun_path, config.socket_path.data(), config.socket_path.size());
  struct stat info {};
  if (::lstat(config.socket_path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return refuse("link.path", "there is a file where the socket should be");
    // One that somebody answers is not ours to take away.
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answered =
        probe >= 0 && ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (probe >= 0) ::close(probe);
    if (answered) return refuse("link.busy", "another vault answers at this socket; stop it or take another");
    ::unlink(config.socket_path.c_str());
  }
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return refuse("link.socket", std::strerror(errno));
  // Another user's serve has to reach it; who it is, is checked for each connection.
  const mode_t before = ::umask(config.peers.empty() ? 0177 : 0111);
  const bool bound = ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int reason = errno;
  ::umask(before);
  if (!bound || ::listen(listener, 8) != 0) {
    ::close(listener);
    return refuse("link.socket",
                  std::string("the socket cannot be opened: ") + std::strerror(bound ? errno : reason));
  }
  if (config.peers.empty()) config.peers.push_back(::geteuid());
  return VaultServer(vault, clock, std::move(config), listener);
}

VaultServer::~VaultServer() {
  if (listener_ < 0) return;
  ::close(listener_);
  ::unlink(config_.socket_path.c_str());
}
VaultServer::VaultServer(VaultServer&& other) noexcept
    : vault_(other.vault_),
      clock_(other.clock_),
      config_(std::move(other.config_)),
      listener_(std::exchange(other.listener_, -1)) {}

void VaultServer::accept_one(std::vector<Connection>& connections) {
  const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor < 0) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
                     std::find(config_.peers.begin(), config_.peers.end(), peer.uid) != config_.peers.end();
  if (!known) {
    ::close(descriptor);
    return;
  }
  // Whoever connects and says nothing must not shut the others out: the place of who never asked anything is
  // taken first, then of who has been silent for longest. A server asks each second.
  if (connections.size() >= kConnectionsMax) {
    auto silent = std::min_element(connections.begin(), connections.end(),
                                   [](const Connection& a, const Connection& b) {
                                     return std::pair(a.asked, a.heard.us) < std::pair(b.asked, b.heard.us);
                                   });
    ::close(silent->descriptor);
    connections.erase(silent);
  }
  Connection connection;
  connection.descriptor = descriptor;
  connection.heard = clock_->now().steady;
  connections.push_back(std::move(connection));
}

// False: the connection is over.
bool VaultServer::serve(Connection& connection) {
  ByteArray<65536> block;
  const ssize_t got = ::recv(connection.descriptor, block.data(), block.size(), 0);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
  if (got > 0) connection.reader.feed(ByteView(block).first(static_cast<std::size_t>(got)));
  while (auto frame = connection.reader.next()) {
    if (frame->type != kJsonFrame) return false;
    connection.asked = true;
    connection.heard = clock_->now().steady;
    append(connection.out, answer(*vault_, frame->payload, clock_->now()));
  }
  return !connection.reader.broken();
}

void VaultServer::run(int stop_descriptor) {
  // What a slow peer has not read stops its further requests, so an answer queue is bounded by a few frames.
  constexpr std::size_t kOutMax = 4 * 1024 * 1024;
  std::vector<Connection> connections;
  for (;;) {
    std::vector<pollfd> ready{{stop_descriptor, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Connection& connection : connections) {
      short events = connection.out.size() < kOutMax ? POLLIN : 0;
      if (!connection.out.empty()) events = static_cast<short>(events | POLLOUT);
      ready.push_back({connection.descriptor, events, 0});
    }
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
    if (ready[0].revents != 0) break;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      Connection& connection = connections[i];
      const short events = ready[i + 2].revents;
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !serve(connection)) connection.closing = true;
      if (connection.closing || connection.out.empty()) continue;
      const ssize_t sent =
          ::send(connection.descriptor, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (sent > 0) connection.out.erase(connection.out.begin(), connection.out.begin() + sent);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) connection.closing = true;
    }
    std::erase_if(connections, [](const Connection& connection) {
      if (connection.closing) ::close(connection.descriptor);
      return connection.closing;
    });
    if ((ready[1].revents & POLLIN) != 0) accept_one(connections);
  }
  for (const Connection& connection : connections) ::close(connection.descriptor);
}

}  // namespace parlour::vault_link
