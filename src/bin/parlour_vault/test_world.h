// A call as the vault meets it, on virtual time: an organisation with its vault, two people with real keys,
// media that is sealed frame by frame as browsers do, a network that delays and loses, the sealed log, and
// the audit log.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

#include "audit/entry_builder.h"
#include "base/encoding.h"
#include "blob_dir/directory_store.h"
#include "crypto/random.h"
#include "e2ee/hpke.h"
#include "e2ee/key_wrap.h"
#include "e2ee/sframe.h"
#include "mux_ffmpeg/process_muxer.h"
#include "recording/format/records.h"
#include "recording/log_writer.h"
#include "recording/recovery.h"
#include "test_media.h"
#include "test_schema.h"
#include "vault/manifest.h"
#include "vault/vault.h"

namespace parlour::vault_test {

constexpr char kRequiredType[] = "018f3c1e-7a50-7b3e-9c41-0123456789ab";
constexpr char kNeverType[] = "018f3c1e-7a50-7b3e-9c41-0123456789ac";
constexpr std::int64_t kStartUs = 1'800'000'000'000'000;
constexpr char kMeeting[] = "018f3c1e-7a50-7b3e-9c41-0123456789ad";

class TestClock final : public Clock {
 public:
  Now now() const override { return {{time_us}, {kStartUs + time_us}}; }
  std::int64_t time_us = 1'000'000;
};

struct Person {
  e2ee::Role role = e2ee::Role::kCustomer;
  std::uint8_t idx = 0;
  std::uint64_t endpoint = 0;
  crypto::P256Key sig = crypto::P256Key::generate();
  crypto::P256Key kem = crypto::P256Key::generate();
  e2ee::Hello hello;
  e2ee::SignedMessage hello_message;
  std::map<std::pair<std::uint16_t, e2ee::Kind>, Bytes> base_keys;
  std::map<e2ee::Kid, e2ee::SframeKey> frame_keys;
  std::map<e2ee::Kid, std::uint32_t> next_counter;
  std::int64_t clock_offset_us = 0;  // the browser's clock against the server's
  std::int64_t delay_us = 5'000;     // of its network, at least

  std::string id() const { return to_hex(crypto::sha256(sig.public_key())).substr(0, 16); }
};

class World {
 public:
  explicit World(const char* type_id = kRequiredType) : type_id_(type_id) {
    std::string pattern = (fs::temp_directory_path() / "parlour-vault-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    root = pattern;
    vault::KeyStoreOptions options{"Example Bank", "vault.test/audit", true, std::nullopt};
    const std::string policy =
        std::string(R"({"types":[{"type_id":")") + kRequiredType +
        R"(","version":1,"record":"required","kinds":["a","v"],"pause_max_s":600},{"type_id":")" +
        kNeverType + R"(","version":1,"record":"never","kinds":[],"pause_max_s":0}]})";
    auto made = vault::Vault::init(root / "vault", options, policy, clock.now().utc);
    EXPECT_TRUE(made) << (made ? "" : made.error().text);
    open_vault();
    random.fill(call);
    agent = &add_person(e2ee::Role::kAgent);
    customer = &add_person(e2ee::Role::kCustomer);
    customer->clock_offset_us = 7'300'000;
    customer->delay_us = 20'000;
  }
  ~World() {
    vault.reset();
    fs::remove_all(root);
  }

  void open_vault() {
    vault.reset();
    auto opened =
        vault::Vault::open({root / "vault", root / "recordings"}, muxer, random, clock, "parlour-vault/test");
    ASSERT_TRUE(opened) << opened.error().text;
    vault = std::move(*opened);
  }

  Person& add_person(e2ee::Role role) {
    people.push_back(std::make_unique<Person>());
    Person& who = *people.back();
    who.role = role;
    who.idx = static_cast<std::uint8_t>(people.size() - 1);
    who.endpoint = 100 + who.idx;
    who.hello.call = call;
    random.fill(who.hello.ep);
    random.fill(who.hello.nonce);
    who.hello.role = role;
    who.hello.name = Redacted<std::string>("Canary Name");
    who.hello.sig = who.sig.public_key();
    who.hello.kem = who.kem.public_key();
    who.hello.issued_at_ms = clock.now().utc.us / 1000;
    who.hello_message = e2ee::sign(who.hello, who.sig);
    return who;
  }

  // ---- Signed messages: told to the vault as serve does, and written to the log when there is one
  // ----------------------

  Result<std::vector<std::string>, vault::VaultRefusal> tell(const std::string& text) {
    auto answered = vault->calls().announce(to_base64url(call), text, clock.now().utc);
    if (!answered) return answered;
    log_message(text);
    for (const std::string& own : *answered) log_message(own);
    return answered;
  }
  Result<std::vector<std::string>, vault::VaultRefusal> tell(const e2ee::SignedMessage& message) {
    return tell(write_json(e2ee::to_json(message)));
  }
  e2ee::MeetingId signed_meeting = *uuid_from_text(kMeeting);  // what the steward signs
  bool forgetful = false;  // a server that does not write messages into the log
  void log_message(const std::string& text) {
    messages.push_back(text);
    if (on_message) on_message(text);
    if (writer && !forgetful) put(recording::AnnouncementRecord{clock.now().steady, as_bytes(text)});
  }

  e2ee::Roster next_roster(e2ee::CallMode mode = e2ee::CallMode::kRecorded) {
    e2ee::Roster roster;
    roster.call = call;
    roster.meeting = signed_meeting;
    roster.epoch = static_cast<std::uint16_t>(++epoch);
    roster.type_id = type_id_;
    roster.type_version = 1;
    const auto policy = *e2ee::parse_signed_message(vault->policies().text());
    roster.policy = policy.hash();
    roster.prev = epoch == 1 ? e2ee::start_hash(call, roster.policy, roster.type_id, 1) : roster_hash;
    roster.steward = agent->idx;
    for (const auto& who : people)
      roster.members.push_back({who->idx, who->hello.ep, who->role, who->sig.public_key(),
                                who->kem.public_key(), who->hello_message.hash()});
    roster.mode = mode;
    if (mode == e2ee::CallMode::kRecorded)
      roster.rec = e2ee::RosterRecorder{vault->keys().compliance().public_key(),
                                        vault->keys().recorder().public_key()};
    roster.reason = "test";
    roster.time_ms = clock.now().utc.us / 1000;
    return roster;
  }

  e2ee::SenderKey sender_key(Person& from, bool to_recorder, const Bytes* spoiled = nullptr) {
    e2ee::SenderKey key{call, static_cast<std::uint16_t>(epoch), roster_hash, from.idx, {}, {}, {}};
    for (e2ee::Kind kind : {e2ee::Kind::kAudio, e2ee::Kind::kPictures}) {
      Bytes& base = from.base_keys[{key.epoch, kind}];
      base = random.bytes(e2ee::kBaseKeySize);
      const e2ee::KeyContext context{call, key.epoch, roster_hash, from.idx, kind};
      (kind == e2ee::Kind::kAudio ? key.commit_audio : key.commit_pictures) = e2ee::commit_of(context, base);
      for (const auto& who : people)
        if (who.get() != &from)
          key.wraps.push_back(*e2ee::wrap_base_key(context, who->idx, who->kem.public_key(), base));
      if (to_recorder)
        key.wraps.push_back(*e2ee::wrap_base_key(context, e2ee::kRecorderIdx,
                                                 vault->keys().compliance().public_key(),
                                                 spoiled != nullptr ? *spoiled : base));
    }
    std::sort(key.wraps.begin(), key.wraps.end(), [](const e2ee::KeyWrap& a, const e2ee::KeyWrap& b) {
      return std::pair(a.to, a.kind) < std::pair(b.to, b.kind);
    });
    return key;
  }

  void introduce() {
    ASSERT_TRUE(tell(vault->policies().text()));
    for (const auto& who : people) ASSERT_TRUE(tell(who->hello_message));
  }

  // A whole epoch: Roster, keys, acknowledgements (the vault's among them), Activated of everybody.
  void run_epoch(e2ee::CallMode mode = e2ee::CallMode::kRecorded) {
    const e2ee::Roster roster = next_roster(mode);
    const e2ee::SignedMessage signed_roster = e2ee::sign(roster, agent->hello.ep, agent->sig);
    roster_hash = signed_roster.hash();
    auto told = tell(signed_roster);
    ASSERT_TRUE(told) << told.error().code;
    std::vector<e2ee::SenderKey> keys;
    for (const auto& who : people) {
      keys.push_back(sender_key(*who, mode == e2ee::CallMode::kRecorded));
      auto acknowledged = tell(e2ee::sign(keys.back(), who->hello.ep, who->sig));
      ASSERT_TRUE(acknowledged) << acknowledged.error().code << " " << acknowledged.error().text;
      ASSERT_EQ(acknowledged->size(), mode == e2ee::CallMode::kRecorded ? 1u : 0u);
    }
    for (const auto& who : people) {
      e2ee::KeyAck ack{call, static_cast<std::uint16_t>(epoch), roster_hash, who->idx, {}};
      for (const e2ee::SenderKey& key : keys)
        if (key.from != who->idx)
          for (e2ee::Kind kind : {e2ee::Kind::kAudio, e2ee::Kind::kPictures})
            ack.have.push_back({key.from, kind, key.commit(kind)});
      ASSERT_TRUE(tell(e2ee::sign(ack, e2ee::signer_of(who->hello.ep), who->sig)));
    }
    for (const auto& who : people) {
      e2ee::Activated activated{call, static_cast<std::uint16_t>(epoch), roster_hash, who->idx, {}, {}};
      for (std::uint8_t slot : slots) activated.slots.push_back({activated.epoch, who->idx, slot});
      activated.last = last_counters(*who, active_epoch);
      auto said = tell(e2ee::sign(activated, who->hello.ep, who->sig));
      ASSERT_TRUE(said) << said.error().code;
    }
    active_epoch = static_cast<std::uint16_t>(epoch);
  }

  std::vector<e2ee::CounterLast> last_counters(const Person& who, std::uint16_t of) const {
    std::vector<e2ee::CounterLast> last;
    for (const auto& [kid, next] : who.next_counter)
      if (kid.epoch == of && next > 0) last.push_back({kid, next - 1});
    return last;
  }
  void tell_progress(bool final) {
    for (const auto& who : people) {
      e2ee::Progress progress{call, active_epoch, roster_hash, who->idx, last_counters(*who, active_epoch),
                              final};
      ASSERT_TRUE(tell(e2ee::sign(progress, who->hello.ep, who->sig)));
    }
  }

  // ---- The log
  // --------------------------------------------------------------------------------------------------------

  void start_part() {
    auto opened = blob_dir::DirectoryStore::open(root / "recordings" / recording_id.text());
    ASSERT_TRUE(opened);
    store = std::make_unique<blob_dir::DirectoryStore>(std::move(*opened));
    auto report = recording::recover(*store, recording_id);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->faults.empty());
    const recording::LogPosition position = report->next;
    crypto::Secret dek(recording::kDekSize);
    random.fill(dek.mutable_view());
    recording::PartEnvelope wrapped;
    wrapped.recording = recording_id;
    wrapped.part = position.part;
    wrapped.key_id = vault->keys().compliance_id();
    auto sealed = e2ee::hpke_seal(vault->keys().compliance().public_key(),
                                  recording::dek_info(recording_id, position.part), {}, dek.view());
    ASSERT_TRUE(sealed);
    wrapped.enc = sealed->enc;
    std::copy(sealed->ciphertext.begin(), sealed->ciphertext.end(), wrapped.ct.begin());
    auto check = vault->dek_check(wrapped);
    ASSERT_TRUE(check);
    EXPECT_EQ(*check, recording::dek_check(dek.view(), recording_id, position.part));
    deks[position.part] = to_bytes(dek.view());
    envelopes.push_back(wrapped);
    writer = std::make_unique<recording::LogWriter>(*store, recording_id, position, std::move(dek), nullptr);
    ASSERT_TRUE(writer->open(clock.now()));
    next_tick_us = clock.time_us;
    tick();
    // As serve does: a part begins with the call's messages so far, so that it can be opened alone.
    for (const std::string& text : messages)
      put(recording::AnnouncementRecord{clock.now().steady, as_bytes(text)});
    streams.clear();
  }
  void close_part() {
    put(recording::TickRecord{clock.now().steady, clock.now().utc});
    ASSERT_TRUE(writer->close());
    writer.reset();
  }
  // kill -9: what was synced is there, the rest is not; the file has no end.
  void crash() {
    ASSERT_TRUE(writer->sync());
    writer.reset();
  }
  template <class R>
  void put(const R& record) {
    Bytes encoded;
    recording::encode(encoded, record);
    ASSERT_TRUE(writer->append(encoded, 1, clock.now()));
  }
  void tick() {
    while (next_tick_us <= clock.time_us) {
      put(recording::TickRecord{{next_tick_us}, {kStartUs + next_tick_us}});
      ASSERT_TRUE(writer->sync());
      next_tick_us += 500'000;
    }
  }

  // ---- Media
  // ----------------------------------------------------------------------------------------------------------

  // A frame as the browser makes and sends it. `deliver`: whether (and which of its packets) the server gets;
  // the counter moves on in any case.
  using Deliver = std::function<bool(std::size_t packet)>;
  void send(Person& from, std::uint8_t slot, ByteView frame, const Deliver& deliver = nullptr) {
    send_sealed(from, slot, seal(from, slot, frame), deliver);
  }

  // With the sender's key and its next counter.
  Bytes seal(Person& from, std::uint8_t slot, ByteView frame) {
    const e2ee::Kid kid{active_epoch, from.idx, slot};
    auto key = from.frame_keys.find(kid);
    if (key == from.frame_keys.end())
      key = from.frame_keys
                .emplace(kid, *e2ee::derive_frame_key(from.base_keys.at({active_epoch, kid.kind()}), kid))
                .first;
    const std::uint32_t counter = from.next_counter[kid]++;
    return e2ee::seal_frame(slot == 0 ? e2ee::FrameCodec::kOpus : e2ee::FrameCodec::kVp8, key->second,
                            counter, frame);
  }

  void send_sealed(Person& from, std::uint8_t slot, ByteView sealed, const Deliver& deliver = nullptr) {
    const bool audio = slot == 0;
    Stream& stream = stream_of(from, slot);
    const std::uint32_t rtp_time = stream.rtp_time(clock.time_us);
    // libwebrtc's packets: the marker on a picture's last one, the descriptor with a 15-bit PictureID.
    std::vector<Bytes> payloads;
    if (audio) {
      payloads.push_back(to_bytes(sealed));
    } else {
      ++stream.picture;
      for (std::size_t at = 0; at < sealed.size(); at += 1100) {
        Bytes payload;
        Writer(payload)
            .u8(at == 0 ? 0x90 : 0x80)
            .u8(0x80)
            .u16(static_cast<std::uint16_t>(0x8000 | stream.picture));
        append(payload, sealed.subspan(at, std::min<std::size_t>(1100, sealed.size() - at)));
        payloads.push_back(std::move(payload));
      }
    }
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      Bytes header;
      Writer(header)
          .u8(0x80)
          .u8(static_cast<std::uint8_t>((!audio && i + 1 == payloads.size() ? 0x80 : 0) | (audio ? 111 : 96)))
          .u16(static_cast<std::uint16_t>(stream.sequence))
          .u32(rtp_time)
          .u32(stream.info.ssrc);
      const std::uint64_t sequence = stream.sequence++;
      if (deliver && !deliver(i)) continue;
      const std::int64_t jitter = static_cast<std::int64_t>(jitter_.u32() % 8000);
      packet({stream.info.stream, sequence, {clock.time_us + from.delay_us + jitter}, header, payloads[i]});
    }
  }

  void packet(const recording::PacketRecord& record) {
    if (on_packet)
      on_packet(record);
    else
      put(record);
  }

  // A sender report of each stream of the person, as its browser makes once a second.
  void report(Person& from) {
    for (auto& [key, stream] : streams) {
      if (key.first != from.idx) continue;
      const std::int64_t sender_us = kStartUs + clock.time_us + from.clock_offset_us;
      const auto seconds = static_cast<std::uint64_t>(sender_us / 1'000'000) + 2'208'988'800u;
      const auto fraction = static_cast<std::uint64_t>(sender_us % 1'000'000) * 4'294'967'296u / 1'000'000;
      const std::int64_t jitter = static_cast<std::int64_t>(jitter_.u32() % 8000);
      put(recording::SenderReportRecord{stream.info.stream,
                                        stream.rtp_time(clock.time_us),
                                        seconds << 32 | fraction,
                                        {clock.time_us + from.delay_us + jitter}});
    }
  }

  struct Stream {
    recording::StreamAddedRecord info;
    std::uint64_t sequence = 65'500;  // wraps soon
    std::uint16_t picture = 0;
    std::uint32_t rtp_base = 0;
    std::uint32_t rtp_time(std::int64_t time_us) const {
      return rtp_base + static_cast<std::uint32_t>(time_us * (info.clock_rate / 1000) / 1000);
    }
  };
  std::uint32_t next_stream() const { return next_stream_; }
  std::uint32_t take_stream() { return next_stream_++; }
  Stream& stream_of(Person& from, std::uint8_t slot) {
    auto [at, fresh] = streams.try_emplace({from.idx, slot});
    if (fresh) {
      Stream& stream = at->second;
      stream.info.stream = next_stream_++;
      stream.info.endpoint = from.endpoint;
      stream.info.sender_index = from.idx;
      stream.info.slot = static_cast<recording::StreamSlot>(slot);
      stream.info.codec = slot == 0 ? recording::StreamCodec::kOpus : recording::StreamCodec::kVp8;
      stream.info.ssrc = jitter_.u32();
      stream.info.clock_rate = slot == 0 ? 48000 : 90000;
      stream.info.at = clock.now().steady;
      stream.rtp_base = 0xFFFF0000u + slot * 1000u;  // wraps in the first seconds
      put(stream.info);
    }
    return at->second;
  }

  // `seconds` of talk: audio every 20 ms and a picture every 1/rate s, of everybody for whom `sends` says so
  // at that time.
  struct Source {
    std::vector<Bytes> opus, vp8;
    int rate = 20;
    std::size_t opus_at = 0, vp8_at = 0;
  };
  using Sends = std::function<bool(const Person&, std::uint8_t slot)>;
  using Delivers = std::function<bool(const Person&, std::uint8_t slot, std::size_t packet)>;
  void talk(std::map<const Person*, Source*> sources, double seconds, const Sends& sends = nullptr,
            const Delivers& delivers = nullptr) {
    const std::int64_t end = clock.time_us + static_cast<std::int64_t>(seconds * 1e6);
    while (clock.time_us < end) {
      tick();
      for (const auto& who : people) {
        auto source = sources.find(who.get());
        if (source == sources.end()) continue;
        Source& media = *source->second;
        auto send_one = [&](std::uint8_t slot, const Bytes& frame) {
          if (sends && !sends(*who, slot)) return;
          send(*who, slot, frame,
               [&](std::size_t packet_number) { return !delivers || delivers(*who, slot, packet_number); });
          sent_times[{who.get(), slot}].push_back(clock.time_us);
        };
        send_one(0, media.opus[media.opus_at++ % media.opus.size()]);
        const std::int64_t picture_every = 1'000'000 / media.rate;
        if (clock.time_us % picture_every < 20'000) {
          // A stopped camera's encoder does not run; its next picture follows the last one it made.
          if (!sends || sends(*who, 1)) send_one(1, media.vp8[media.vp8_at++ % media.vp8.size()]);
        }
        if (clock.time_us % 1'000'000 < 20'000) report(*who);
      }
      clock.time_us += 20'000;
    }
  }

  // ---- The audit log
  // ----------------------------------------------------------------------------------------------------

  vault::EntryProof log_entry(const audit::EntryBuilder& entry) {
    audit::EntryPlace place{tree.size(), clock.now().utc, "boot-1", clock.now().steady};
    auto made = entry.make(place, random);
    EXPECT_TRUE(made) << (made ? "" : made.error().reason);
    if (!made) return {};
    const std::uint64_t old_size = tree.size();
    tree.append(audit::leaf_hash(made->bytes));
    audit::Proof consistency;
    if (vault->heads().last().checkpoint.size > 0)
      consistency = *audit::make_consistency_proof(old_size, tree.size(), tree.reader());
    auto head = vault->heads().sign(tree.size(), tree.root(), consistency);
    EXPECT_TRUE(head) << (head ? "" : head.error().text);
    if (!head) return {};
    return {to_string(made->bytes), old_size,
            *audit::make_inclusion_proof(old_size, tree.size(), tree.reader()), head->note};
  }

  vault::EntryProof seal_entry() {
    auto report = recording::recover(*store, recording_id);
    EXPECT_TRUE(report);
    return log_entry(audit::EntryBuilder("recording.sealed")
                         .actor({audit::ActorKind::kSystem, "recorder", "", "", ""})
                         .subject("recording", recording_id.text())
                         .meeting(kMeeting)
                         .set("segments", report->next.next_index)
                         .hash("last_hash", report->next.previous)
                         .hash("envelopes_sha256", recording::envelopes_hash(envelopes)));
  }

  vault::EntryProof play_entry(const std::string& session,
                               const std::string& type = "recording.play_requested",
                               const std::string& rendition = "av") {
    return log_entry(
        audit::EntryBuilder(type)
            .actor({audit::ActorKind::kUser, "018f3c1e-7a50-7b3e-9c41-0123456789ae", session, "", ""})
            .subject("recording", recording_id.text())
            .meeting(kMeeting)
            .set("rendition", rendition)
            .set("purpose", "complaint")
            .set("session", session));
  }

  // Seals, opens, waits: what the vault says at the end.
  Json opening_outcome() {
    const vault::EntryProof proof = seal_entry();
    auto started = vault->jobs().start(recording_id, proof, envelopes);
    if (!started) throw std::runtime_error("the job was refused: " + started.error().text);
    Json status;
    do {
      status = vault->jobs().status(recording_id);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    } while (status.string_or("state") == "queued" || status.string_or("state") == "running");
    return status;
  }
  // The same, and fetches what came out. Leaves `summary`, `manifest`, `envelope`.
  void open_recording() {
    const Json status = opening_outcome();
    if (status.string_or("state") != "done")
      throw std::runtime_error("the job failed: " + write_json(status));
    summary = *status.find("summary");
    envelope = *vault::rendition_envelope_from_json(status.find("envelopes")->as_array()->front());
    const Bytes text = *vault->jobs().manifest(recording_id);
    EXPECT_TRUE(vault::verify_manifest(as_text(text), vault->keys().recorder().public_key()));
    EXPECT_EQ(to_hex(crypto::sha256(text)), status.string_or("manifest_sha256"));
    auto parsed = parse_json(as_text(text), {.bytes = 16 << 20, .depth = 32, .values = 1'000'000});
    ASSERT_TRUE(parsed);
    static const Schema contract(PARLOUR_CONTRACTS "/recording-manifest.schema.json");
    EXPECT_EQ(contract.faults(*parsed), std::vector<std::string>{});
    manifest = *parsed->find("manifest");
    signed_manifest = *parsed;
  }

  const Json* track(const Person& who, std::string_view kind) const {
    for (const Json& item : *manifest.find("tracks")->as_array())
      if (item.string_or("participant") == who.id() && item.string_or("kind") == kind) return &item;
    return nullptr;
  }
  std::int64_t frames(const Person& who, std::string_view kind, std::string_view figure) const {
    const Json* found = track(who, kind);
    return found == nullptr ? -1 : found->find("frames")->integer_or(figure, -1);
  }
  JsonArray gaps(const Person& who, std::string_view kind) const {
    const Json* found = track(who, kind);
    return found == nullptr ? JsonArray{} : *found->find("gaps")->as_array();
  }
  std::size_t frame_faults() const {
    return static_cast<std::size_t>(manifest.find("faults")->integer_or("frames_total"));
  }

  const Json* rendition(const Person& who, std::string_view content = "camera") const {
    for (const Json& item : *manifest.find("renditions")->as_array())
      if (item.string_or("participant") == who.id() && item.string_or("content") == content) return &item;
    return nullptr;
  }

  // Silence in a rendition's sound, ms of the recording.
  std::vector<std::pair<double, double>> filled(const Person& who) const {
    std::vector<std::pair<double, double>> spans;
    for (const Json& span : *rendition(who)->find("sound")->find("filled")->as_array())
      spans.emplace_back(*(*span.as_array())[0].as_integer(), *(*span.as_array())[1].as_integer());
    return spans;
  }

  // The plain WebM through a proven grant, range by range.
  fs::path play(const Person& who, std::string_view content = "camera") {
    const Json* file = rendition(who, content);
    EXPECT_NE(file, nullptr);
    if (file == nullptr) return {};
    const std::string session = "session-" + std::to_string(++sessions_);
    auto ticket = vault->grant(recording_id, "av", session, play_entry(session), envelope);
    EXPECT_TRUE(ticket) << (ticket ? "" : ticket.error().text);
    if (!ticket) return {};
    auto stream = vault->exchange(*ticket, session);
    EXPECT_TRUE(stream);
    if (!stream) return {};
    Bytes whole;
    const auto size = static_cast<std::uint64_t>(file->integer_or("bytes"));
    while (whole.size() < size) {
      auto piece = vault->range(stream->first, file->string_or("name"), whole.size(), 100'000);
      EXPECT_TRUE(piece) << (piece ? "" : piece.error().text);
      if (!piece || piece->empty()) break;
      append(whole, *piece);
    }
    EXPECT_EQ(to_hex(crypto::sha256(whole)), file->string_or("sha256"));
    const fs::path out = root / file->string_or("name");
    std::ofstream(out, std::ios::binary) << as_text(whole);
    return out;
  }

  fs::path root;
  crypto::SystemRandom random;
  TestClock clock;
  mux_ffmpeg::ProcessMuxer muxer{PARLOUR_VAULT_BINARY};
  std::unique_ptr<vault::Vault> vault;
  std::vector<std::unique_ptr<Person>> people;
  Person* agent = nullptr;
  Person* customer = nullptr;

  e2ee::CallId call{};
  int epoch = 0;
  std::uint16_t active_epoch = 0;
  crypto::Hash256 roster_hash{};
  std::vector<std::string> messages;
  std::vector<std::uint8_t> slots{0, 1};  // that everybody activates

  recording::RecordingId recording_id = recording::RecordingId::make({kStartUs}, random);
  std::unique_ptr<blob_dir::DirectoryStore> store;
  std::unique_ptr<recording::LogWriter> writer;
  std::map<std::uint32_t, Bytes> deks;
  std::vector<recording::PartEnvelope> envelopes;
  std::int64_t next_tick_us = 0;
  std::map<std::pair<std::uint8_t, std::uint8_t>, Stream> streams;
  std::map<std::pair<const Person*, std::uint8_t>, std::vector<std::int64_t>> sent_times;
  std::function<void(const recording::PacketRecord&)> on_packet;
  std::function<void(const std::string&)> on_message;

  audit::MerkleTree tree;
  Json summary, manifest, signed_manifest;
  vault::RenditionEnvelope envelope;

 private:
  std::string type_id_;
  SeededRandom jitter_{7};
  std::uint32_t next_stream_ = 1;
  int sessions_ = 0;
};

}  // namespace parlour::vault_test
