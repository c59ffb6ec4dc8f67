#include "page.h"

#include <algorithm>

#include "base/encoding.h"
#include "contract.h"
#include "crypto/hash.h"
#include "e2ee/call_code.h"
#include "e2ee/key_wrap.h"
#include "world.h"

namespace parlour::scenario {

class Page::Socket final : public app::Wire {
 public:
  Socket(World& world, Page& page) : world_(world), page_(&page) {}
  void send(std::string text) override {
    if (page_ != nullptr && !page_->closed_) page_->received(text);
  }
  void close(std::uint16_t code, std::string_view) override {
    if (page_ == nullptr || page_->closed_) return;
    page_->closed_ = code;
    world_.time.post([world = &world_, socket = page_->socket_, life = world_.life()] {
      if (life.lock()) world->live().socket_closed(socket);
    });
  }
  void forget() { page_ = nullptr; }

 private:
  World& world_;
  Page* page_;
};

Page::Page(World& world, bool staff, std::string staff_token, std::string guest_token)
    : world_(world), staff_(staff), wire_(std::make_shared<Socket>(world, *this)) {
  socket_ = world.live().socket_opened(wire_, std::move(staff_token), std::move(guest_token));
  // Closed before its number was known here.
  if (closed_) world.live().socket_closed(socket_, *closed_);
}
Page::~Page() {
  wire_->forget();
}

void Page::received(const std::string& text) {
  Json message = *parse_json(text, JsonLimits{.bytes = 4 << 20, .depth = 32, .values = 1'000'000});
  EXPECT_EQ(server_message_fault(message), "") << text.substr(0, 400);
  std::string type = message.string_or("type");
  if (std::int64_t n = message.integer_or("n"); n > 0) last_n_ = static_cast<std::uint64_t>(n);
  if (type == "welcome" || type == "resync") {
    call_ = message.string_or("call");
    name_ = message.find("you")->string_or("name");
    participant_ = message.find("you")->string_or("participant");
    if (!message.string_or("resume").empty()) token_ = message.string_or("resume");
  }
  if (type == "call.new") call_ = message.string_or("call");
  if (type == "offer") endpoint_ = world_.media.newest_endpoint();
  received_.push_back(std::move(message));
}

Json Page::say(Json message) {
  std::int64_t id = ++last_id_;
  message.set("id", id);
  world_.time.guarded([&] { world_.live().socket_message(socket_, write_json(message)); });
  world_.time.settle();
  for (auto it = received_.rbegin(); it != received_.rend(); ++it) {
    std::string type = it->string_or("type");
    if ((type != "ok" && type != "refused") || it->integer_or("re", -1) != id) continue;
    last_code_ = type == "refused" ? it->string_or("code") : type;
    return *it;
  }
  return {};
}
std::string Page::say_code(Json message) {
  Json reply = say(std::move(message));
  return reply.string_or("type") == "refused" ? reply.string_or("code") : reply.string_or("type");
}

void Page::enter(std::string with_csrf, std::optional<meeting::MeetingId> into, bool take_over) {
  csrf = std::move(with_csrf);
  meeting = into;
  Json message =
      JsonObject{{"type", "enter"}, {"form", 2}, {"as", staff_ ? "staff" : "guest"}, {"csrf", csrf}};
  if (into) message.set("meeting", into->text());
  if (take_over) message.set("take_over", true);
  say(message);
}

Json Page::resume_from(const Page& old, std::uint64_t last_n) {
  sig_ = old.sig_;
  kem_ = old.kem_;
  hello_ = old.hello_;
  hello_message_ = old.hello_message_;
  call_ = old.call_;
  name_ = old.name_;
  token_ = old.token_;
  participant_ = old.participant_;
  endpoint_ = old.endpoint_;
  csrf = old.csrf;
  meeting = old.meeting;
  Json message =
      JsonObject{{"type", "enter"}, {"form", 2}, {"as", staff_ ? "staff" : "guest"}, {"csrf", csrf}};
  if (meeting) message.set("meeting", meeting->text());
  message.set("resume", JsonObject{{"token", token_}, {"last_n", static_cast<std::int64_t>(last_n)}});
  return say(message);
}

void Page::drop(std::uint16_t code) {
  if (closed_) return;
  closed_ = code;
  world_.time.guarded([&] { world_.live().socket_closed(socket_, code); });
  world_.time.settle();
}

std::optional<Json> Page::last(std::string_view type) const {
  for (auto it = received_.rbegin(); it != received_.rend(); ++it)
    if (it->string_or("type") == type) return *it;
  return std::nullopt;
}
std::size_t Page::count(std::string_view type) const {
  return static_cast<std::size_t>(std::count_if(received_.begin(), received_.end(),
                                                [&](const Json& m) { return m.string_or("type") == type; }));
}
meeting::ParticipantId Page::participant() const {
  return *meeting::ParticipantId::from_text(participant_);
}

// --- signed messages
// --------------------------------------------------------------------------------------------------

Json Page::e2ee(const e2ee::SignedMessage& message) {
  return say(JsonObject{{"type", "e2ee"}, {"m", e2ee::to_json(message)}});
}

void Page::hello(std::optional<e2ee::EndpointId> renews) {
  auto call = from_base64url(call_);
  ASSERT_TRUE(call && call->size() == 16) << "no call was announced to this page";
  hello_ = {};
  std::copy(call->begin(), call->end(), hello_.call.begin());
  world_.random.fill(hello_.ep);
  world_.random.fill(hello_.nonce);
  hello_.role = staff_ ? e2ee::Role::kAgent : e2ee::Role::kCustomer;
  hello_.name = Redacted<std::string>(name_);
  kem_ = std::make_shared<crypto::P256Key>(crypto::P256Key::generate());
  hello_.sig = sig_->public_key();
  hello_.kem = kem_->public_key();
  hello_.issued_at_ms = world_.time.now().utc.us / 1000;
  hello_.caps = {"vp8", "opus"};
  hello_.renews = renews;
  hello_message_ = e2ee::sign(hello_, *sig_);
  e2ee(hello_message_);
}

Json Page::say_another_hello() {
  e2ee::Hello another = hello_;
  another.nonce[0] ^= 1;
  return e2ee(e2ee::sign(another, *sig_));
}

std::string Page::hello_of(std::size_t bytes) {
  e2ee::Hello another = hello_;
  auto call = from_base64url(call_);
  std::copy(call->begin(), call->end(), another.call.begin());
  world_.random.fill(another.ep);
  another.role = e2ee::Role::kCustomer;
  another.name = Redacted<std::string>(name_);
  another.sig = sig_->public_key();
  another.kem = kem_->public_key();
  another.cred.proof.assign(bytes, 'x');
  Json reply = e2ee(e2ee::sign(another, *sig_));
  return reply.string_or("type") == "refused" ? reply.string_or("code") : reply.string_or("type");
}

e2ee::Roster Page::next_roster(const std::vector<Page*>& others) {
  e2ee::CallChain chain = world_.chain_of(call_);
  e2ee::Roster roster;
  roster.call = hello_.call;
  roster.meeting = meeting->bytes();
  roster.epoch = static_cast<std::uint16_t>(chain.newest_epoch() + 1);
  meeting::Meeting stored = *world_.store->load(*meeting);
  roster.type_id = stored.type.text();
  roster.type_version = static_cast<std::uint32_t>(stored.type_version);
  roster.policy = chain.policy_hash();
  const e2ee::PolicyType* type = chain.policy()->find_type(roster.type_id, roster.type_version);
  roster.prev = chain.newest() != nullptr
                    ? chain.newest()->roster_hash
                    : e2ee::start_hash(roster.call, roster.policy, roster.type_id, roster.type_version);
  std::uint8_t next_idx = 0;
  for (const e2ee::EpochState& state : chain.epochs())
    for (const e2ee::RosterMember& member : state.roster.members)
      next_idx = std::max<std::uint8_t>(next_idx, static_cast<std::uint8_t>(member.idx + 1));
  std::vector<Page*> everybody{this};
  everybody.insert(everybody.end(), others.begin(), others.end());
  for (Page* page : everybody) {
    std::optional<std::uint8_t> known;
    if (chain.newest() != nullptr)
      for (const e2ee::RosterMember& member : chain.newest()->roster.members)
        if (member.ep == page->hello_.ep) known = member.idx;
    std::uint8_t idx = known ? *known : next_idx++;
    if (page == this) roster.steward = idx;
    roster.members.push_back({idx, page->hello_.ep, page->hello_.role, page->hello_.sig, page->hello_.kem,
                              page->hello_message_.hash()});
  }
  std::sort(roster.members.begin(), roster.members.end(), [](auto& a, auto& b) { return a.idx < b.idx; });
  if (type != nullptr && type->record == e2ee::RecordRule::kRequired) {
    roster.mode = e2ee::CallMode::kRecorded;
    roster.rec = e2ee::RosterRecorder{world_.vault.recorder_kem(), world_.vault.recorder_sig()};
  }
  roster.reason = "admitted";
  roster.time_ms = world_.time.now().utc.us / 1000;
  return roster;
}

Json Page::sign_roster(const std::vector<Page*>& others) {
  return e2ee(e2ee::sign(next_roster(others), hello_.ep, *sig_));
}

Json Page::sign(const e2ee::Roster& roster) {
  return e2ee(e2ee::sign(roster, hello_.ep, *sig_));
}

std::uint8_t Page::idx() const {
  e2ee::CallChain chain = world_.chain_of(call_);
  if (chain.newest() != nullptr)
    for (const e2ee::RosterMember& member : chain.newest()->roster.members)
      if (member.ep == hello_.ep) return member.idx;
  return e2ee::kRecorderIdx;
}

Json Page::sender_key() {
  e2ee::CallChain chain = world_.chain_of(call_);
  const e2ee::EpochState& state = *chain.newest();
  e2ee::SenderKey key{hello_.call, state.roster.epoch, state.roster_hash, idx(), {}, {}, {}};
  for (e2ee::Kind kind : {e2ee::Kind::kAudio, e2ee::Kind::kPictures}) {
    e2ee::KeyContext context{hello_.call, key.epoch, key.roster, key.from, kind};
    Bytes base(32, static_cast<std::uint8_t>(key.epoch * 16 + static_cast<int>(kind)));
    (kind == e2ee::Kind::kAudio ? key.commit_audio : key.commit_pictures) = e2ee::commit_of(context, base);
    for (const e2ee::RosterMember& member : state.roster.members)
      if (member.idx != key.from)
        key.wraps.push_back(*e2ee::wrap_base_key(context, member.idx, member.kem, base));
    if (state.roster.rec && chain.type()->kinds.has(kind))
      key.wraps.push_back(*e2ee::wrap_base_key(context, e2ee::kRecorderIdx, state.roster.rec->kem, base));
  }
  std::sort(key.wraps.begin(), key.wraps.end(), [](const e2ee::KeyWrap& a, const e2ee::KeyWrap& b) {
    return std::pair(a.to, a.kind) < std::pair(b.to, b.kind);
  });
  return e2ee(e2ee::sign(key, hello_.ep, *sig_));
}

Json Page::link_proof(std::uint8_t to) {
  e2ee::CallChain chain = world_.chain_of(call_);
  const e2ee::Hash256& roster = chain.newest()->roster_hash;
  e2ee::LinkProof proof{hello_.call, roster, to,
                        e2ee::link_proof_of_steward(as_bytes("sixteen letters."), roster)};
  return e2ee(e2ee::sign(proof, hello_.ep, *sig_));
}

Json Page::acknowledge() {
  e2ee::CallChain chain = world_.chain_of(call_);
  const e2ee::EpochState& state = *chain.newest();
  e2ee::KeyAck ack{hello_.call, state.roster.epoch, state.roster_hash, idx(), {}};
  for (const auto& [from, sender] : state.senders)
    if (from != ack.from && sender.key)
      for (e2ee::Kind kind : {e2ee::Kind::kAudio, e2ee::Kind::kPictures})
        ack.have.push_back({from, kind, sender.key->commit(kind)});
  return e2ee(e2ee::sign(ack, e2ee::signer_of(hello_.ep), *sig_));
}

Json Page::activate() {
  e2ee::CallChain chain = world_.chain_of(call_);
  const e2ee::EpochState& state = *chain.newest();
  std::uint8_t own = idx();
  std::uint16_t epoch = state.roster.epoch;
  e2ee::Activated activated{hello_.call, epoch, state.roster_hash, own, {{epoch, own, 0}, {epoch, own, 1}},
                            {}};
  return e2ee(e2ee::sign(activated, hello_.ep, *sig_));
}

std::string Page::activate_code() {
  Json reply = activate();
  return reply.string_or("type") == "refused" ? reply.string_or("code") : reply.string_or("type");
}

std::string Page::say_progress(std::uint64_t counter) {
  e2ee::CallChain chain = world_.chain_of(call_);
  const e2ee::EpochState& state = *chain.newest();
  std::uint8_t own = idx();
  std::uint16_t epoch = state.roster.epoch;
  e2ee::Progress words{
      hello_.call, epoch, state.roster_hash, own, {{{epoch, own, 0}, static_cast<std::uint32_t>(counter)}},
      false};
  Json reply = e2ee(e2ee::sign(words, hello_.ep, *sig_));
  return reply.string_or("type") == "refused" ? reply.string_or("code") : reply.string_or("type");
}

e2ee::SignedMessage Page::progress() {
  e2ee::CallChain chain = world_.chain_of(call_);
  const e2ee::EpochState& state = *chain.newest();
  std::uint8_t own = idx();
  std::uint16_t epoch = state.roster.epoch;
  e2ee::Progress words{hello_.call, epoch, state.roster_hash, own, {{{epoch, own, 0}, 100}}, true};
  return e2ee::sign(words, hello_.ep, *sig_);
}

}  // namespace parlour::scenario
