// Signed messages: admission by Roster, keys, epochs, and the gate's settings that follow from them.
#include <algorithm>

#include "app/live_meeting.h"
#include "app/token.h"

namespace parlour::app {

using namespace meeting;

namespace {

constexpr Duration kRetellVault = 1s;      // its answers are the same each time
constexpr std::uint16_t kTryAgain = 1011;  // the page reconnects and resumes

// Bounds of what one person may make this house keep. Our own page's Hello has some 700 bytes; a proof of
// staff (e2ee.md 5a) may be long. A call's worth of keys and acknowledgements for 500 changes of its members
// fits into the second: what is beyond comes from no page of ours.
constexpr std::size_t kHelloOfCustomer = 4 * 1024;
constexpr std::size_t kHelloOfStaff = 24 * 1024;
constexpr std::size_t kChainOfCustomer = 1024 * 1024;
constexpr std::size_t kChainOfStaff = 4 * 1024 * 1024;

}  // namespace

// The meeting's open call, or a new one. False when no signed Policy is there.
bool LiveMeeting::open_call() {
  if (rules_) return true;
  new_call();
  return rules_ != nullptr;
}

void LiveMeeting::new_call() {
  std::optional<NextCall> next = prepare_call();
  Work work(context_.unit);
  store_call(next);
  work.commit();
  begin_call(std::move(next));
}

// A call that follows the present one: prepared, stored with the act that asks for it, then begun. Nothing
// when no signed Policy is there; the present call ends all the same.
std::optional<LiveMeeting::NextCall> LiveMeeting::prepare_call() {
  std::optional<std::string> policy = context_.types.policy();
  if (!policy) return std::nullopt;
  std::string call = to_base64url(context_.random.array<16>());
  auto rules = context_.call_rules.make(call, meeting_.id, *policy);
  if (!rules) return std::nullopt;
  return NextCall{call, *policy, std::move(*rules)};
}

void LiveMeeting::store_call(const std::optional<NextCall>& next) {
  UtcTime now = context_.clock.now().utc;
  if (!call_.empty()) context_.calls.put(CallRow{call_, meeting_.id, policy_, now, true});
  if (next) context_.calls.put(CallRow{next->call, meeting_.id, next->policy, now, false});
}

void LiveMeeting::begin_call(std::optional<NextCall> next) {
  if (!call_.empty()) context_.vault.close_call(call_);
  bool followed = !call_.empty();
  forget_chain();
  call_.clear();
  paths_met_ = ran_in_call_ = false;
  for (auto& [id, presence] : presences_) {
    presence->says_connected = false;
    presence->ep.clear();
    presence->hello = Json();
    presence->hello_text.clear();
    presence->member = false;
  }
  if (next) {
    call_ = next->call;
    policy_ = next->policy;
    rules_ = std::move(next->rules);
  }
  if (followed) {
    resumed_ = meeting_.recording && meeting_.recording_phase == RecordingPhase::kCapturing;
    end_part();
    if (next) push_all("call.new", JsonObject{{"call", call_}});
  }
  refresh_gate();
}

void LiveMeeting::forget_chain() {
  rules_.reset();
  chain_ = {};
  eps_.clear();
  taken_epoch_ = 0;
  chain_lost_ = false;
}

// The open call as it is stored.
void LiveMeeting::read_chain() {
  std::optional<CallRow> call = context_.calls.open_call(meeting_.id);
  if (!call) return;
  std::vector<CallStore::Message> stored = context_.calls.messages(call->call);
  auto rules = context_.call_rules.make(call->call, meeting_.id, call->policy);
  if (!rules) return;
  forget_chain();
  call_ = call->call;
  policy_ = call->policy;
  rules_ = std::move(*rules);
  for (CallStore::Message& one : stored) {
    auto message = parse_json(one.message);
    if (!message || !rules_->accept(*message, Now{context_.clock.now().steady, one.at})) continue;
    auto participant = ParticipantId::from_text(one.from);
    const ChainIndex::Said& said = remember(std::move(one), std::move(*message));
    if (!participant || said.ep.empty()) continue;
    eps_.insert_or_assign(said.ep, *participant);
    if (Presence* presence = by_ep(said.ep))
      presence->hello = said.message, presence->hello_text = said.stored.message;
  }
  // Who waits is not in what is stored; the checks have to know it again.
  for (auto& [id, presence] : presences_) {
    if (presence->hello.is_null() || chain_.hello(presence->ep) != nullptr) continue;
    if (rules_->accept(presence->hello, context_.clock.now()))
      eps_.insert_or_assign(presence->ep, presence->participant);
  }
  std::optional<RosterView> roster = rules_->roster();
  if (!roster) return;
  taken_epoch_ = roster->epoch;
  for (const MemberView& member : roster->members)
    if (Presence* presence = by_ep(member.ep)) presence->member = meeting_.phase == Phase::kLive;
}

// The chain in memory took a message that the database did not, or nobody knows whether it did: what is
// stored is what counts. While not even that can be read, nothing about the call is certain, so nothing of it
// flows.
void LiveMeeting::read_chain_again() {
  std::uint16_t taken = taken_epoch_;
  bool lost = chain_lost_;
  const std::int64_t known = chain_.last_row();
  try {
    reload();
    read_chain();
  } catch (const StoreFailure&) {
    forget_chain();
    chain_lost_ = true;
    refresh_gate();
    throw;
  }
  retell_at_ = context_.clock.now().steady + kRetellVault;
  // What was stored after all goes where it would have gone; the page's repeat is answered and no more.
  if (!lost)
    for (const ChainIndex::Said& said : chain_.all())
      if (said.stored.row > known) spread_late(said);
  if (taken_epoch_ > taken && !lost) {
    taken_epoch_ = taken;
    return roster_taken(*rules_->roster());
  }
  for (auto& [id, presence] : presences_) {
    arm_guard(*presence);
    if (!lost) continue;
    push(*presence, "resync", welcome_body(*presence));
    push_state(*presence);
  }
  refresh_gate();
}

void LiveMeeting::spread_late(const ChainIndex::Said& said) {
  if (said.kind == "Roster" || said.kind == "Hello") {
    if (said.kind == "Roster") log_roster();
    return;  // its members get it with the Roster's effects
  }
  if (capture_.active) context_.recorder.append_announcement(*meeting_.recording, said.stored.message);
  for (auto& [id, presence] : presences_)
    if (presence->member)
      push(*presence, "e2ee", JsonObject{{"m", said.message}, {"from", said.stored.from}});
}

const ChainIndex::Said& LiveMeeting::remember(CallStore::Message stored, Json message) {
  ChainIndex::Said said{std::move(stored), std::move(message), "", ""};
  said.kind = said.message.string_or("t");
  if (said.kind == "Hello")
    if (auto hello = rules_->read_hello(said.message)) said.ep = hello->ep;
  return chain_.add(std::move(said));
}

// The newest Progress of a sender takes the place of the one before: it says all that that one said.
CallStore::Message LiveMeeting::store_message(const std::string& from, const Json& message) {
  CallStore::Message stored{from, write_json(message), context_.clock.now().utc};
  stored.row = context_.calls.add_message(call_, stored);
  if (message.string_or("t") == "Progress")
    if (const ChainIndex::Said* old = chain_.progress(from)) context_.calls.remove_message(old->stored.row);
  return stored;
}

void LiveMeeting::on_signed(Presence& presence, std::int64_t re, const Json& message) {
  if (!rules_) {
    if (chain_lost_ && presence.wire) return presence.wire->close(kTryAgain, "storage");
    return refuse(presence, re, {"call.none", "No call is open.", {}});
  }
  std::string kind = message.string_or("t");
  try {
    std::optional<Refusal> refusal = kind == "Hello"    ? take_hello(presence, message)
                                     : kind == "Roster" ? take_roster(presence, message)
                                                        : take_other(presence, message);
    if (refusal) return refuse(presence, re, *refusal);
  } catch (const StoreFailure&) {
    // No answer: the page comes back at once and says again what was not answered, in order.
    if (presence.wire) presence.wire->close(kTryAgain, "storage");
    read_chain_again();
    throw;
  }
  ok(presence, re);
}

std::optional<Refusal> LiveMeeting::take_hello(Presence& presence, const Json& message) {
  std::optional<HelloView> hello = rules_->read_hello(message);
  if (!hello) return Refusal{"hello.malformed", "This Hello cannot be read.", {}};
  std::uint8_t role = presence.staff ? 1 : 2;
  if (hello->role != role || hello->name != presence.name)
    return Refusal{
        "hello.identity", "A Hello must carry the role and the name that this person has here.", {}};
  std::string text = write_json(message);
  if (text.size() > (presence.staff ? kHelloOfStaff : kHelloOfCustomer))
    return Refusal{"hello.too_long", "This Hello is longer than one has to be.", {}};
  if (text == presence.hello_text) return std::nullopt;  // sent again after a resume
  // An endpoint introduces itself once: under a second Hello it would be another one for those who know the
  // first. Nor does a page in the call become another endpoint: that is a page of its own, which renews it.
  if (const ChainIndex::Said* known = chain_.hello(hello->ep); known && known->stored.message == text)
    return std::nullopt;
  if (eps_.contains(hello->ep))
    return Refusal{"hello.endpoint_used", "This endpoint has said another Hello before.", {}};
  if (presence.member) return Refusal{"hello.member", "This page is in the call under its endpoint.", {}};
  auto accepted = rules_->accept(message, context_.clock.now());
  if (!accepted) return accepted.error();
  // Until a Roster names it, a Hello is this page's alone: the newest takes the place of the one before, and
  // nothing of it is stored, written into the log or given to anybody but who may admit.
  forget_waiting_hello(presence);
  presence.ep = hello->ep;
  presence.hello = message;
  presence.hello_text = std::move(text);
  eps_.insert_or_assign(hello->ep, presence.participant);
  push_people();
  push_waiting();
  return std::nullopt;
}

void LiveMeeting::forget_waiting_hello(Presence& presence) {
  if (presence.hello.is_null() || chain_.hello(presence.ep) != nullptr) return;
  if (rules_) rules_->forget_hello(presence.hello);
  eps_.erase(presence.ep);
  presence.ep.clear();
  presence.hello = Json();
  presence.hello_text.clear();
}

std::optional<Refusal> LiveMeeting::take_roster(Presence& presence, const Json& message) {
  if (!presence.staff) return Refusal{"access.denied", "Only the adviser signs Rosters.", {"agent"}};
  std::optional<RosterView> roster = rules_->read_roster(message);
  if (!roster) return Refusal{"roster.malformed", "This Roster cannot be read.", {}};
  if (roster->type_id != type_.id.text() || roster->type_version != type_.version)
    return Refusal{"roster.type", "The Roster names another meeting type.", {}};
  std::vector<ParticipantId> named;
  std::vector<Presence*> introduced;  // whose Hello becomes part of the call
  for (const MemberView& member : roster->members) {
    auto known = eps_.find(member.ep);
    if (known == eps_.end())
      return Refusal{"roster.unknown_member", "The Roster names a device that said no Hello here.", {}};
    // A person is in the call once: the device that comes in takes the place of the one before.
    if (std::find(named.begin(), named.end(), known->second) != named.end())
      return Refusal{"roster.person_twice", "The Roster names two devices of one person.", {}};
    named.push_back(known->second);
    if (chain_.hello(member.ep) != nullptr) continue;
    introduced.push_back(by_ep(member.ep));
    if (introduced.back() == nullptr)
      return Refusal{"roster.unknown_member", "The Roster names a device that is gone.", {}};
    if (!introduced.back()->wire)
      return Refusal{"participant.away", "This person's page is not connected at the moment.", {}};
  }
  if (chain_.bytes(presence.participant.text()) > kChainOfStaff)
    return Refusal{"call.used_up", "This call holds as much as one can; begin another.", {}};
  reload();
  // The rules first: a Roster that admits somebody who may not come in is refused before the chain takes it.
  bool ready = context_.vault.up() && context_.recorder.storage_ready();
  bool grows = false;
  for (const ParticipantId& id : named) grows = grows || member_of(id) == nullptr;
  command::Admit admit{presence.participant, named, ready || !grows};
  Decision decision = decide(meeting_, type_.policy, admit, context_.clock.now().utc);
  if (!decision) return decision.error();
  auto accepted = rules_->accept(message, context_.clock.now());
  if (!accepted) return accepted.error();
  if (accepted->repeated) return std::nullopt;

  AuditRecord record;
  record.type = "roster.accepted";
  record.actor = presence.actor;
  record.meeting = meeting_.id;
  record.data.set("epoch", roster->epoch);
  if (auto hash = from_base64url(roster->hash)) record.data.set("roster_sha256", to_hex(*hash));
  record.data.set("members", static_cast<std::int64_t>(roster->members.size()));
  record.data.set("mode", roster->mode == RosterMode::kRecorded ? "recorded"
                          : roster->mode == RosterMode::kPaused ? "paused"
                                                                : "off");
  std::vector<CallStore::Message> hellos;
  CallStore::Message stored;
  auto store = [&] {
    context_.audit.append(record);
    for (Presence* page : introduced) {
      context_.calls.put(
          PresenceRow{page->token_hash, meeting_.id, page->participant, page->ep, context_.clock.now().utc});
      hellos.push_back(store_message(page->participant.text(), page->hello));
    }
    stored = store_message(presence.participant.text(), message);
  };
  if (decision->empty()) {
    Work work(context_.unit);
    store();
    work.commit();
  } else {
    decision = run(admit, presence.actor, [&](const Meeting&) { store(); });
    if (!decision) return decision.error();
  }
  for (std::size_t i = 0; i < introduced.size(); ++i) remember(std::move(hellos[i]), introduced[i]->hello);
  remember(std::move(stored), message);
  log_roster();
  roster_taken(*rules_->roster());
  return std::nullopt;
}

// A Roster is in force: everybody learns what they need to check it, and media and recorder follow it.
void LiveMeeting::roster_taken(const RosterView& roster) {
  held_until_.reset();
  held_cause_.clear();
  taken_epoch_ = roster.epoch;
  std::set<std::string> eps;
  for (const MemberView& member : roster.members) eps.insert(member.ep);
  std::vector<PresenceId> dropped;
  auto give = [this](Presence& to, const ChainIndex::Said& said) {
    push(to, "e2ee", JsonObject{{"m", said.message}, {"from", said.stored.from}});
  };
  for (auto& [id, presence] : presences_) {
    bool member = eps.contains(presence->ep);
    bool joins = member && !presence->member;
    bool leaves = !member && presence->member;
    presence->member = member;
    // A newer device of the same person has taken this one's place: it is told that, and nothing else.
    bool replaced =
        leaves && std::any_of(eps.begin(), eps.end(), [&, &one = *presence](const std::string& ep) {
          auto owner = eps_.find(ep);
          return owner != eps_.end() && owner->second == one.participant;
        });
    if (replaced) {
      dropped.push_back(id);
    } else if (joins) {
      if (!presence->staff) push(*presence, "admitted", JsonObject{});
      // Every Roster so far and the Hellos that they name, in the order in which they were accepted: who
      // comes later checks the chain from its start, former members included.
      for (const ChainIndex::Said& earlier : chain_.all())
        if (earlier.kind == "Roster" || earlier.kind == "Hello") give(*presence, earlier);
    } else if (member || leaves) {
      // Known members get the new Hellos and the Roster; who leaves gets the Roster, to see why.
      for (const std::string& ep : eps)
        if (const ChainIndex::Said* hello = chain_.hello(ep); hello != nullptr && ep != presence->ep)
          give(*presence, *hello);
      if (const ChainIndex::Said* newest = chain_.last_roster()) give(*presence, *newest);
    }
  }
  for (PresenceId id : dropped) remove_presence(id, "other_device", true);
  for (auto& [id, presence] : presences_) arm_guard(*presence);
  // Whoever is left alone before a conversation began speaks to nobody, and not on the record either.
  if (!meeting_.started_at && roster.members.size() < 2) paths_met_ = false;
  meet_paths();
  if (roster.mode == RosterMode::kRecorded) {
    announce_all_to_vault();
    start_capture();
  }
  refresh_gate();
  push_people();
  push_waiting();
  push_recording();
}

// Tells the guard who this endpoint is and where its keys stand; also for a new endpoint of a page that is in
// the call.
void LiveMeeting::arm_guard(Presence& presence) {
  std::optional<RosterView> roster = rules_ ? rules_->roster() : std::nullopt;
  if (!roster || presence.endpoint == 0 || !presence.member) return;
  for (const MemberView& member : roster->members) {
    if (member.ep != presence.ep) continue;
    context_.media.set_identity(presence.endpoint, member.idx, roster->epoch);
    if (std::uint16_t active = rules_->activated_epoch(member.idx); active > 0)
      context_.media.set_activated(presence.endpoint, active);
  }
}

std::optional<Refusal> LiveMeeting::take_other(Presence& presence, const Json& message) {
  if (!presence.member) return Refusal{"not_admitted", "Only members of the call send this.", {}};
  if (message.string_or("k") != presence.ep)
    return Refusal{"signer.other", "Signed under another device's name.", {}};
  if (chain_.bytes(presence.participant.text()) > (presence.staff ? kChainOfStaff : kChainOfCustomer))
    return Refusal{"call.used_up", "This call holds as much as one can; begin another.", {}};
  auto accepted = rules_->accept(message, context_.clock.now());
  if (!accepted) return accepted.error();
  if (accepted->repeated) return std::nullopt;  // sent again after a resume
  store_and_spread(presence.participant.text(), message, &presence);
  if (accepted->kind == Accepted::Kind::kActivated && presence.endpoint != 0)
    context_.media.set_activated(presence.endpoint, accepted->epoch);
  if (accepted->kind != Accepted::Kind::kProgress) refresh_gate();
  return std::nullopt;
}

void LiveMeeting::store_and_spread(const std::string& from, const Json& message, const Presence* except) {
  Work work(context_.unit);
  CallStore::Message stored = store_message(from, message);
  work.commit();
  const ChainIndex::Said& said = remember(std::move(stored), message);
  for (auto& [id, presence] : presences_)
    if (presence->member && presence.get() != except)
      push(*presence, "e2ee", JsonObject{{"m", message}, {"from", from}});
  tell_vault(said.stored.message);
  if (capture_.active) context_.recorder.append_announcement(*meeting_.recording, said.stored.message);
}

void LiveMeeting::tell_vault(const std::string& message) {
  std::optional<RosterView> roster = rules_ ? rules_->roster() : std::nullopt;
  if (type_.policy.recording == RecordingRule::kNever || !roster || !roster->recorder) return;
  context_.vault.announce(
      call_, message,
      [this, alive = alive_, call = call_](Result<std::vector<std::string>, VaultFault> answer) {
        if (*alive && call == call_ && answer) take_from_recorder(*answer);
      });
}

// From the start, also after the vault was away: the same messages give the same answers.
void LiveMeeting::announce_all_to_vault() {
  if (!rules_ || !context_.vault.up()) return;
  tell_vault(policy_);
  for (const ChainIndex::Said& earlier : chain_.all())
    if (earlier.stored.from != "recorder") tell_vault(earlier.stored.message);
}

void LiveMeeting::take_from_recorder(const std::vector<std::string>& messages) {
  try {
    store_from_recorder(messages);
  } catch (const StoreFailure&) {
    retell_at_ = context_.clock.now().steady + kRetellVault;
    read_chain_again();
    throw;
  }
}

void LiveMeeting::store_from_recorder(const std::vector<std::string>& messages) {
  for (const std::string& text : messages) {
    auto message = parse_json(text);
    if (!message || !rules_) continue;
    auto accepted = rules_->accept(*message, context_.clock.now());
    if (!accepted || accepted->repeated) continue;  // said again after a reconnect
    Work work(context_.unit);
    CallStore::Message stored = store_message("recorder", *message);
    work.commit();
    const ChainIndex::Said& said = remember(std::move(stored), std::move(*message));
    for (auto& [id, presence] : presences_)
      if (presence->member) push(*presence, "e2ee", JsonObject{{"m", said.message}, {"from", "recorder"}});
    if (capture_.active) context_.recorder.append_announcement(*meeting_.recording, said.stored.message);
  }
  refresh_gate();
}

bool LiveMeeting::recorder_has_all_keys() const {
  std::optional<RosterView> roster = rules_ ? rules_->roster() : std::nullopt;
  if (!roster) return false;
  for (const MemberView& member : roster->members) {
    std::uint16_t epoch = rules_->activated_epoch(member.idx);
    if (epoch == 0) epoch = roster->epoch;
    if (!rules_->recorder_acknowledged(epoch, member.idx)) return false;
  }
  return true;
}

// Puts the answers of meeting::gate into the media plane: routes per pair, epochs per sender. Idempotent.
void LiveMeeting::refresh_gate() {
  if (!room_open_) return;
  std::optional<RosterView> roster = rules_ ? rules_->roster() : std::nullopt;
  for (auto& [id, sender] : presences_) {
    if (sender->endpoint == 0) continue;
    const Participant* person = meeting_.find(sender->participant);
    std::optional<std::uint8_t> idx;
    if (roster && sender->member)
      for (const MemberView& member : roster->members)
        if (member.ep == sender->ep) idx = member.idx;
    GateFacts facts;
    facts.sender_admitted = idx.has_value();
    facts.sender_notice_settled = person != nullptr && (sender->staff || person->notice_settled);
    facts.rule = type_.policy.recording;
    facts.capture_started = capturing();
    facts.path_met = paths_met_;
    // The epochs of this sender that may pass; the guard ends an old one 2 s after the switch.
    std::set<std::uint16_t> epochs;
    std::set<std::uint16_t> recorded_epochs;
    if (idx) {
      // From the epoch before the one that it uses now (it may have skipped one that never settled) to the
      // newest.
      auto oldest = static_cast<std::uint16_t>(std::max(1, rules_->activated_epoch(*idx) - 1));
      for (std::uint16_t epoch = oldest; epoch <= roster->epoch; ++epoch) {
        std::optional<RosterView> of_epoch = rules_->roster_of(epoch);
        if (!of_epoch) continue;
        facts.mode = of_epoch->mode;
        facts.recorder_acknowledged_sender = rules_->recorder_acknowledged(epoch, *idx);
        facts.receiver_is_recorder = false;
        facts.meeting_live = meeting_.phase == Phase::kLive && !over_;
        facts.receiver_admitted = true;
        if (gate(facts) == GateAnswer::kOpen) epochs.insert(epoch);
        facts.receiver_is_recorder = true;
        // What was sent before the end was told still belongs to the recording: its senders attest it in
        // their last words.
        facts.meeting_live = (meeting_.phase == Phase::kLive && !over_) || last_words_ != 0;
        if (gate(facts) == GateAnswer::kOpen) recorded_epochs.insert(epoch);
      }
    }
    std::set<std::uint16_t> either = epochs;
    either.insert(recorded_epochs.begin(), recorded_epochs.end());
    context_.media.set_epochs(sender->endpoint, either);
    // People and recorder share the set of epochs: where one may pass that is not recorded, the recorder gets
    // nothing.
    bool all_recorded =
        std::includes(recorded_epochs.begin(), recorded_epochs.end(), epochs.begin(), epochs.end());
    context_.media.set_recorder_route(sender->endpoint, !recorded_epochs.empty() && all_recorded);
    for (auto& [other_id, receiver] : presences_)
      if (other_id != id && receiver->endpoint != 0)
        context_.media.set_route(sender->endpoint, receiver->endpoint, !epochs.empty() && receiver->member);
  }
  if (!recording_demanded()) {
    bool live = meeting_.phase == Phase::kLive && !over_;
    set_media_state(live && paths_met_, live                             ? paths_met_ ? "ok" : "no_path"
                                        : meeting_.phase == Phase::kHeld ? "held"
                                                                         : "not_admitted");
  }
}

}  // namespace parlour::app
