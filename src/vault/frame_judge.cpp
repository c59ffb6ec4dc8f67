#include "frame_judge.h"

namespace parlour::vault {
namespace {

// Frames further apart belong to two intervals: the microphone or camera was off in between.
constexpr Duration kIntervalJoin = std::chrono::seconds(2);

e2ee::FrameCodec codec_of(recording::StreamCodec codec) {
  return codec == recording::StreamCodec::kOpus ? e2ee::FrameCodec::kOpus : e2ee::FrameCodec::kVp8;
}

}  // namespace

e2ee::SframeKey* KeyRing::find(const Place& place, State& state) {
  auto [slot, fresh] = slots_.try_emplace(place);
  if (fresh) {
    const e2ee::CallChain* chain = calls_.call(place.first);
    const e2ee::EpochState* epoch = chain == nullptr ? nullptr : chain->epoch(place.second.epoch);
    if (epoch != nullptr && epoch->roster.mode != e2ee::CallMode::kRecorded) {
      slot->second.state = State::kPaused;
    } else if (epoch != nullptr) {
      auto base = recorder_base_key(keys_, *epoch, place.second.idx, place.second.kind());
      auto key = base ? e2ee::derive_frame_key(base->view(), place.second)
                      : Result<e2ee::SframeKey, crypto::CryptoError>(fail(crypto::CryptoError::kBadKey));
      if (key) {
        slot->second.key.emplace(std::move(*key));
        slot->second.state = State::kReady;
      }
    }
  }
  state = slot->second.state;
  return slot->second.key ? &*slot->second.key : nullptr;
}

StreamJudge::StreamJudge(Context context)
    : context_(std::move(context)),
      assembler_(context_.stream.info.codec, context_.clock.anchor(),
                 [this](AssembledFrame assembled) { frame(std::move(assembled)); }) {}

Result<void, VaultRefusal> StreamJudge::packet(const recording::PacketRecord& record) {
  assembler_.packet(record);
  const std::uint64_t doubled = assembler_.counts().duplicates + assembler_.counts().late;
  if (doubled != duplicates_noted_) {
    duplicates_noted_ = doubled;
    context_.fault({"duplicate", context_.participant, context_.kind, 0, record.sequence,
                    context_.clock.utc(record.arrival)});
  }
  return written_;
}

Result<void, VaultRefusal> StreamJudge::advance(SteadyTime now) {
  assembler_.advance(now);
  return written_;
}

Result<void, VaultRefusal> StreamJudge::finish() {
  assembler_.flush();
  if (skipping_) context_.track.skips.push_back(*skipping_);
  skipping_.reset();
  return written_;
}

void StreamJudge::note(std::string_view what, const e2ee::SframeHeader& header, UtcTime at) {
  context_.fault({std::string(what), context_.participant, context_.kind, header.kid, header.counter, at});
}

void StreamJudge::extend(std::vector<Span>& spans, UtcTime at) {
  if (!spans.empty() && at >= spans.back().from && at - spans.back().to <= kIntervalJoin)
    spans.back().to = std::max(spans.back().to, at);
  else
    spans.push_back({at, at});
}

void StreamJudge::frame(AssembledFrame assembled) {
  // A clock that was corrected must not make a stream run backwards: its frames stay in their order.
  const UtcTime at = std::max(last_at_, context_.clock.utc(assembled.ticks, assembled.arrival));
  last_at_ = at;
  const e2ee::FrameCodec codec = codec_of(context_.stream.info.codec);
  auto parts = e2ee::split_frame(codec, assembled.data);
  if (!parts) {
    note("malformed", {}, at);
    extend(context_.track.unopened, at);
    return;
  }
  auto kid = e2ee::Kid::from_value(parts->header.kid);
  // The stream's owner and slot are the server's word, the KID is authenticated: they have to agree.
  if (!kid || kid->idx != context_.stream.info.sender_index ||
      kid->slot != static_cast<std::uint8_t>(context_.stream.info.slot) ||
      parts->header.counter >= e2ee::kCounterLimit) {
    note("malformed", parts->header, at);
    extend(context_.track.unopened, at);
    return;
  }
  KeyRing::State state{};
  const KeyRing::Place place{context_.call, *kid};
  e2ee::SframeKey* key = context_.ring.find(place, state);
  if (key == nullptr) {
    // A pause is no fault: nobody wrapped that key to the recorder.
    if (state == KeyRing::State::kPaused) return;
    note("no_key", parts->header, at);
    extend(context_.track.unopened, at);
    return;
  }
  auto plaintext = e2ee::open_frame(codec, *key, assembled.data);
  if (!plaintext) {
    note("not_authentic", parts->header, at);
    extend(context_.track.unopened, at);
    return;
  }
  auto [last, fresh] = last_.try_emplace(*kid, Last{parts->header.counter, assembled.ticks});
  const bool in_order =
      fresh || (parts->header.counter > last->second.counter && assembled.ticks >= last->second.ticks);
  const bool follows = !fresh && parts->header.counter == last->second.counter + 1;
  if (!in_order ||
      !context_.ring.account(place).take(static_cast<std::uint32_t>(parts->header.counter), at)) {
    note(in_order ? "duplicate" : "order", parts->header, at);
    return;
  }
  last->second = {parts->header.counter, assembled.ticks};
  ++context_.track.recovered;
  extend(context_.track.intervals, at);

  if (codec == e2ee::FrameCodec::kVp8) {
    // A switch of epoch happens at a key frame; anything else that is not the next counter means a lost
    // picture.
    if (!follows || last_kid_ != *kid) need_key_frame_ = true;
    last_kid_ = *kid;
    if (parts->key_frame) {
      need_key_frame_ = false;
      if (skipping_) {
        skipping_->span.to = std::max(at, skipping_->span.from);
        context_.track.skips.push_back(*skipping_);
        skipping_.reset();
      }
    }
    if (need_key_frame_) {
      if (!skipping_) skipping_ = Gap{GapCause::kLoss, {at, at}, 0, 0};
      skipping_->span.to = at;
      ++skipping_->skipped;
      return;
    }
  }
  if (!plaintext->empty() && written_) written_ = context_.write(at, parts->key_frame, std::move(*plaintext));
}

}  // namespace parlour::vault
