#include "vault/opening.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/id.h"
#include "frame_judge.h"
#include "rendition_file.h"
#include "vault/refusal.h"

namespace parlour::vault {
namespace {

using recording::StreamSlot;

// How long browsers take to be connected anew after a restart; what is missing until then is the restart's
// doing.
constexpr Duration kReconnect = std::chrono::seconds(3);

// Shorter ones are a busy device's unsteadiness and no event for people; their silence is accounted for all
// the same.
constexpr Duration kStandstillNamed = std::chrono::milliseconds(100);

// Longer than media are on their way.
constexpr Duration kOriginBefore = std::chrono::seconds(1);

MediaKind kind_of(StreamSlot slot) {
  switch (slot) {
    case StreamSlot::kMicrophone:
      return MediaKind::kAudio;
    case StreamSlot::kCamera:
      return MediaKind::kVideo;
    case StreamSlot::kScreen:
      return MediaKind::kScreen;
  }
  return MediaKind::kAudio;
}

Duration usual_interval(MediaKind kind) {
  switch (kind) {
    case MediaKind::kAudio:
      return std::chrono::milliseconds(20);
    case MediaKind::kVideo:
      return std::chrono::microseconds(33'333);
    case MediaKind::kScreen:
      return std::chrono::milliseconds(200);
  }
  return std::chrono::milliseconds(20);
}

using TrackKey = std::pair<std::string, MediaKind>;  // participant, kind

class Opening {
 public:
  Opening(const OpeningInput& input, const KeyStore& keys, Muxer& muxer)
      : input_(input), muxer_(muxer), calls_(keys.organisation_public()), ring_(calls_, keys) {}

  Result<OpenedRecording, VaultRefusal> run() {
    opened_.recording = input_.recording;
    report(0);
    opened_.survey =
        survey_log(input_.recording, input_.segments, input_.last_hash, input_.keys, input_.source);
    report(300);
    if (opened_.survey.streams.size() > kStreamsMax)
      return refuse("recording.streams", "the log holds more streams than a call can make");
    if (auto verified = verify_messages(); !verified) return fail(verified.error());
    clocks_ = make_clocks(opened_.survey);
    opened_.started = origin();
    if (auto done = open_frames(); !done) return fail(done.error());
    for (auto& [name, file] : files_) {
      auto finished = file->finish();
      if (!finished) return fail(finished.error());
      opened_.files.push_back(std::move(*finished));
    }
    account();
    report(1000);
    return std::move(opened_);
  }

 private:
  void report(std::int64_t permille) const {
    if (input_.progress) input_.progress(permille);
  }

  UtcTime utc(std::uint32_t part, SteadyTime at) const {
    auto found = opened_.survey.parts.find(part);
    return found == opened_.survey.parts.end() ? opened_.survey.started : found->second.utc(at);
  }

  // ---- Messages, from the log alone
  // ---------------------------------------------------------------------------------

  Result<void, VaultRefusal> verify_messages() {
    bool earlier_form = false;
    for (const SurveyedMessage& message : opened_.survey.messages) {
      const UtcTime at = utc(message.part, message.at);
      auto accepted = calls_.accept(message.text, at);
      if (!accepted) {
        earlier_form = earlier_form || is_of_earlier_form(message.text);
        opened_.message_faults.push_back({accepted.error().code, accepted.error().type, at});
        continue;
      }
      // Repeated ones too: they say that the part goes on with this call.
      if (accepted->event.type == e2ee::MessageType::kRoster)
        call_starts_.push_back({message.part, message.at, accepted->call});
    }
    for (const e2ee::CallId& id : calls_.calls()) {
      const e2ee::CallChain* chain = calls_.call(id);
      OpenedCall call{to_base64url(id), chain->policy_hash(), "", 0, {}};
      if (chain->type() != nullptr) {
        call.type_id = chain->type()->type_id;
        call.type_version = chain->type()->version;
      }
      for (const e2ee::EpochState& epoch : chain->epochs()) {
        call.rosters.emplace_back(epoch.roster_hash, epoch.roster.mode);
        for (const e2ee::RosterMember& member : epoch.roster.members) add_member(member);
      }
      opened_.calls.push_back(std::move(call));
    }
    // The server says which recording of which meeting this is; the steward signed which meeting it was.
    for (const e2ee::CallId& id : calls_.calls())
      if (const auto& meeting = calls_.call(id)->meeting(); meeting && *meeting != input_.meeting)
        return refuse("recording.other_meeting",
                      "the signed Rosters in it are of meeting " + uuid_to_text(*meeting) +
                          ", and the log calls it a recording of meeting " + uuid_to_text(input_.meeting));
    if (earlier_form)
      return refuse(
          "recording.earlier_form",
          "it was made, all or in part, by a program whose Rosters did not name their meeting: nothing "
          "signed says whose recording it is, so it is not opened");
    return {};
  }

  // A Roster as it was before it named its meeting.
  static bool is_of_earlier_form(std::string_view text) {
    auto message = e2ee::parse_signed_message(text);
    if (!message || message->type != e2ee::MessageType::kRoster) return false;
    auto body = parse_json(as_text(message->body));
    return body && body->is_object() && body->find("meeting") == nullptr;
  }

  static std::string participant_id(const e2ee::P256Point& sig) {
    return to_hex(crypto::sha256(sig)).substr(0, 16);
  }

  void add_member(const e2ee::RosterMember& member) {
    const std::string id = participant_id(member.sig);
    auto at = std::find_if(opened_.participants.begin(), opened_.participants.end(),
                           [&](const Participant& known) { return known.id == id; });
    if (at == opened_.participants.end()) {
      opened_.participants.push_back({id, member.role, {}});
      at = std::prev(opened_.participants.end());
    }
    if (std::find(at->endpoints.begin(), at->endpoints.end(), member.ep) == at->endpoints.end())
      at->endpoints.push_back(member.ep);
  }

  // KIDs do not name their call: a stream belongs to the call whose Roster came last before it.
  std::optional<e2ee::CallId> call_of(const SurveyedStream& stream) const {
    std::optional<e2ee::CallId> call;
    for (const CallStart& start : call_starts_) {
      if (start.part > stream.part || (start.part == stream.part && start.at > stream.info.at)) break;
      call = start.call;
    }
    // A part's messages are written at its beginning, together with its first streams.
    if (!call)
      for (const CallStart& start : call_starts_)
        if (start.part == stream.part) return start.call;
    return call;
  }

  std::optional<std::string> participant_of(const e2ee::CallId& call, std::uint8_t idx) const {
    const e2ee::CallChain* chain = calls_.call(call);
    if (chain == nullptr) return std::nullopt;
    for (const e2ee::EpochState& epoch : chain->epochs())
      if (const e2ee::RosterMember* member = epoch.roster.find(idx)) return participant_id(member->sig);
    return std::nullopt;
  }

  // ---- Frames
  // -------------------------------------------------------------------------------------------------------

  Result<void, VaultRefusal> open_frames() {
    for (const auto& [key, stream] : opened_.survey.streams) {
      auto clock = clocks_.find(key);
      auto call = call_of(stream);
      auto participant = call ? participant_of(*call, stream.info.sender_index) : std::nullopt;
      if (clock == clocks_.end()) continue;  // no packet
      if (!participant) {
        note({"no_member", "", kind_of(stream.info.slot), 0, stream.info.sender_index,
              utc(stream.part, stream.info.at)});
        unowned_.push_back({utc(stream.part, stream.first_arrival), utc(stream.part, stream.last_arrival)});
        continue;
      }
      const MediaKind kind = kind_of(stream.info.slot);
      tracks_has_[{*participant, kind}] = true;
      for (const Span& span : clock->second.standstills(usual_interval(kind)))
        if (span.to - span.from >= kStandstillNamed) standstills_[{*participant, kind}].push_back(span);
      StreamJudge::Context context{stream,
                                   clock->second,
                                   *participant,
                                   kind,
                                   ring_,
                                   tracks_[{*participant, kind}],
                                   *call,
                                   [this](FrameFault fault) { note(std::move(fault)); },
                                   [this, who = *participant, kind](UtcTime at, bool key_frame, Bytes frame) {
                                     return write(who, kind, at, key_frame, std::move(frame));
                                   }};
      judges_.emplace(key, std::make_unique<StreamJudge>(std::move(context)));
    }

    std::map<std::uint32_t, recording::PartOpener> openers;
    Result<void, VaultRefusal> written;
    for (std::uint32_t index = 0; index < input_.segments && written; ++index) {
      report(300 + 650 * static_cast<std::int64_t>(index) / std::max<std::int64_t>(1, input_.segments));
      auto file = input_.source(index);
      auto header = file ? recording::decode_header(*file)
                         : Result<recording::SegmentHeader, recording::SegmentError>(
                               fail(recording::SegmentError::kShort));
      auto key = header ? input_.keys.find(header->part) : input_.keys.end();
      if (key == input_.keys.end()) continue;
      auto opener = openers.find(header->part);
      if (opener == openers.end())
        opener = openers
                     .emplace(header->part,
                              recording::PartOpener(key->second.dek.clone(), input_.recording, header->part))
                     .first;
      opener->second.open(*file, [&](const recording::Record& record) {
        if (!written) return;
        if (const auto* packet = std::get_if<recording::PacketRecord>(&record)) {
          auto judge = judges_.find({header->part, packet->stream});
          if (judge != judges_.end()) written = judge->second->packet(*packet);
        } else if (const auto* tick = std::get_if<recording::TickRecord>(&record)) {
          for (auto& [at, judge] : judges_)
            if (at.first == header->part && written) written = judge->advance(tick->at);
        } else if (const auto* removed = std::get_if<recording::StreamRemovedRecord>(&record)) {
          written = finish_stream({header->part, removed->stream});
        }
      });
    }
    while (written && !judges_.empty()) written = finish_stream(judges_.begin()->first);
    return written;
  }

  // Where all times count from: the first segment's beginning, or media that were on their way before it.
  UtcTime origin() const {
    UtcTime first = opened_.survey.started;
    for (const auto& [key, clock] : clocks_) first = std::min(first, clock.first());
    return std::max(first, opened_.survey.started - kOriginBefore);
  }

  Result<void, VaultRefusal> finish_stream(const StreamKey& key) {
    auto judge = judges_.find(key);
    if (judge == judges_.end()) return {};
    auto finished = judge->second->finish();
    judges_.erase(judge);
    return finished;
  }

  Result<void, VaultRefusal> write(const std::string& participant, MediaKind kind, UtcTime at, bool key_frame,
                                   Bytes frame) {
    const std::string content = kind == MediaKind::kScreen ? "screen" : "camera";
    auto& file = files_[{participant, content}];
    if (!file) {
      const bool screen = kind == MediaKind::kScreen;
      auto created = RenditionFile::create(
          input_, muxer_, participant, content, !screen && tracks_has_[{participant, MediaKind::kAudio}],
          screen || tracks_has_[{participant, MediaKind::kVideo}], opened_.started);
      if (!created) return fail(created.error());
      file = std::move(*created);
    }
    return file->write(kind == MediaKind::kAudio ? MuxTrack::kAudio : MuxTrack::kVideo, at, key_frame,
                       std::move(frame));
  }

  void note(FrameFault fault) {
    ++opened_.frame_faults_total;
    if (opened_.frame_faults.size() < OpenedRecording::kFaultsListed)
      opened_.frame_faults.push_back(std::move(fault));
  }

  // ---- The account
  // --------------------------------------------------------------------------------------------------

  void account() {
    presence();
    attest();
    const Window window = make_window();
    std::map<TrackKey, TrackAccount> tracks;
    for (auto& [key, judged] : tracks_) {
      TrackAccount& track = tracks[key];
      track.intervals = std::move(judged.intervals);
      track.recovered = judged.recovered;
      for (Gap skip : judged.skips) {
        skip.cause = cause_of(skip.span, window);
        track.skipped += skip.skipped;
        track.gaps.push_back(skip);
      }
      // In the log, and lost all the same, where nothing else of the track was opened: the log lacks the
      // messages with its keys, or they are other keys than those that were signed.
      for (const Span& span : without(join_spans(judged.unopened), join_spans(track.intervals)))
        track.gaps.push_back({GapCause::kStorage, span, 0, 0});
    }
    for (const auto& [place, kid_account] : ring_.accounts()) {
      auto participant = participant_of(place.first, place.second.idx);
      if (!participant) continue;
      const MediaKind kind = kind_of(static_cast<StreamSlot>(place.second.slot));
      TrackAccount& track = tracks[{*participant, kind}];
      KidGaps gaps = find_gaps(kid_account, window, usual_interval(kind));
      track.lost += gaps.missing;
      track.outside += gaps.outside;
      track.unattested += gaps.unattested;
      track.attested += kid_account.frames() - gaps.unattested + gaps.missing;
      track.gaps.insert(track.gaps.end(), gaps.gaps.begin(), gaps.gaps.end());
    }
    // Nothing was captured, so no counter is missing: the clocks say it.
    for (const auto& [key, spans] : standstills_)
      for (const Span& span : spans) tracks[key].gaps.push_back({GapCause::kSource, span, 0, 0});
    cover(tracks);
  }

  void presence() {
    std::vector<Span> present;
    for (const auto& [number, part] : opened_.survey.parts)
      for (const auto& [from, to] : part.present) present.push_back({part.utc(from), part.utc(to)});
    for (const e2ee::CallId& id : calls_.calls()) note_pauses(*calls_.call(id));
    opened_.pauses = join_spans(std::move(opened_.pauses));
    for (Span span : join_spans(std::move(present))) {
      for (const Span& pause : opened_.pauses) {
        if (pause.to <= span.from || pause.from >= span.to) continue;
        if (pause.from > span.from) opened_.present.push_back({span.from, pause.from});
        span.from = std::min(pause.to, span.to);
      }
      if (span.to > span.from) opened_.present.push_back(span);
    }
    opened_.ended = std::max(opened_.survey.ended, opened_.started);
  }

  // From the last Activated of a pause's epoch to the first of the epoch that follows it; both are signed.
  void note_pauses(const e2ee::CallChain& chain) {
    for (const e2ee::EpochState& epoch : chain.epochs()) {
      if (epoch.roster.mode != e2ee::CallMode::kPaused) continue;
      Span pause{epoch.accepted_at, opened_.survey.ended};
      for (const auto& [idx, sender] : epoch.senders)
        if (sender.activated) pause.from = std::max(pause.from, sender.activated_at);
      const e2ee::EpochState* next = chain.epoch(static_cast<std::uint16_t>(epoch.roster.epoch + 1));
      if (next != nullptr)
        for (const auto& [idx, sender] : next->senders)
          if (sender.activated) pause.to = std::min(pause.to, sender.activated_at);
      opened_.pauses.push_back(pause);
    }
  }

  // What senders signed about their counters. Only keys that the recorder was to have count.
  void attest() {
    for (const e2ee::CallId& id : calls_.calls()) {
      const e2ee::CallChain& chain = *calls_.call(id);
      auto attest_one = [&](const e2ee::CounterLast& last, bool final) {
        const e2ee::EpochState* epoch = chain.epoch(last.kid.epoch);
        if (epoch == nullptr || epoch->roster.mode != e2ee::CallMode::kRecorded || chain.type() == nullptr ||
            !chain.type()->kinds.has(last.kid.kind()))
          return;
        ring_.account({id, last.kid}).attest(last.counter, final);
      };
      for (const e2ee::EpochState& epoch : chain.epochs())
        for (const auto& [idx, sender] : epoch.senders) {
          if (sender.progress)
            for (const e2ee::CounterLast& last : sender.progress->last)
              attest_one(last, sender.progress->final);
          if (sender.activated)
            for (const e2ee::CounterLast& last : sender.activated->last) attest_one(last, true);
        }
    }
  }

  Window make_window() const {
    Window window{opened_.started, opened_.ended, {}, {}};
    std::vector<Span> there = opened_.present;
    there.insert(there.end(), opened_.pauses.begin(), opened_.pauses.end());
    UtcTime at = opened_.started;
    for (const Span& span : join_spans(std::move(there))) {
      if (span.from - at > kTickGapMax) window.absences.push_back({at, span.from});
      at = std::max(at, span.to);
    }
    // Between two parts the recorder was not there, however quick the restart was; browsers then have to
    // connect anew.
    std::optional<UtcTime> left;
    for (const auto& [number, part] : opened_.survey.parts) {
      if (part.present.empty()) continue;
      if (left) window.absences.push_back({*left, part.utc(part.present.front().first) + kReconnect});
      left = part.utc(part.present.back().second);
    }
    window.absences = join_spans(std::move(window.absences));
    for (const auto& [from, to] : opened_.survey.damaged) window.damaged.push_back({from, to});
    return window;
  }

  void cover(std::map<TrackKey, TrackAccount>& tracks) {
    Duration whole(0), lost(0);
    const std::size_t listed =
        std::clamp(OpenedRecording::kTrackListsMax / std::max<std::size_t>(tracks.size(), 1),
                   OpenedRecording::kTrackListMin, OpenedRecording::kTrackListMax);
    for (auto& [key, track] : tracks) {
      track.participant = key.first;
      track.kind = key.second;
      track.intervals = join_spans(std::move(track.intervals));
      std::vector<Span> all = track.intervals, missing;
      for (const Gap& gap : track.gaps) {
        if (gap.cause == GapCause::kTailNotAttested) continue;
        missing.push_back(gap.span);
        all.push_back(gap.span);
        // One that is no longer than a moment is one all the same.
        opened_.missing.push_back(
            {gap.span.from, std::max(gap.span.to, gap.span.from + std::chrono::milliseconds(1))});
      }
      whole += total(join_spans(std::move(all)));
      lost += total(join_spans(std::move(missing)));
      track.gaps = join_gaps(std::move(track.gaps));
      track.gaps_total = track.gaps.size();
      track.gaps = gaps_to_fit(std::move(track.gaps), listed, track.gaps_within);
      track.intervals = join_to_fit(std::move(track.intervals), listed, track.intervals_within);
      opened_.tracks.push_back(std::move(track));
    }
    opened_.missing = join_spans(std::move(opened_.missing));
    // Of people of whom the log says nothing: nobody's track, and a part of the call that is missing.
    whole += total(unowned_);
    lost += total(unowned_);
    // Streams of which nothing opened and nothing was attested: that is nothing, not everything.
    if (whole == Duration(0) && !opened_.survey.streams.empty()) opened_.coverage_permille = 0;
    if (whole > Duration(0)) opened_.coverage_permille = 1000 * (whole - lost).count() / whole.count();
  }

  struct CallStart {
    std::uint32_t part;
    SteadyTime at;
    e2ee::CallId call;
  };

  const OpeningInput& input_;
  Muxer& muxer_;
  OpenedRecording opened_;
  CallSet calls_;
  KeyRing ring_;
  std::vector<CallStart> call_starts_;
  std::vector<Span> unowned_;  // streams of no member
  std::map<StreamKey, StreamClock> clocks_;
  std::map<TrackKey, JudgedTrack> tracks_;
  std::map<TrackKey, bool> tracks_has_;
  std::map<TrackKey, std::vector<Span>> standstills_;
  std::map<StreamKey, std::unique_ptr<StreamJudge>> judges_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<RenditionFile>> files_;
};

}  // namespace

Result<OpenedRecording, VaultRefusal> open_recording(const OpeningInput& input, const KeyStore& keys,
                                                     Muxer& muxer) {
  return Opening(input, keys, muxer).run();
}

}  // namespace parlour::vault
