#include "rendition_file.h"

#include <algorithm>

#include "vault/assembler.h"

namespace parlour::vault {
namespace {

// Longer than the assembler holds packets back for missing ones, with the tick that makes it give them up.
constexpr Duration kHold = FrameAssembler::kReorderMax + std::chrono::milliseconds(1500);
// How long a picture stands for itself.
constexpr Duration kPictureLength = std::chrono::milliseconds(40);
// Pictures further apart are two presences: a viewer should not look at the last one for longer.
constexpr Duration kPictureJoin = std::chrono::seconds(2);

}  // namespace

Result<std::unique_ptr<RenditionFile>, VaultRefusal> RenditionFile::create(const OpeningInput& input,
                                                                           Muxer& muxer,
                                                                           std::string participant,
                                                                           std::string content, bool audio,
                                                                           bool video, UtcTime origin) {
  const std::string name = participant + "-" + content + ".webm";
  auto container =
      ContainerWriter::create(input.output / (name + ".sealed"), input.rendition_dek, input.recording, name);
  if (!container) return fail(container.error());
  std::unique_ptr<RenditionFile> file(new RenditionFile(std::move(*container)));
  file->facts_.name = name;
  file->facts_.participant = std::move(participant);
  file->facts_.content = std::move(content);
  auto session = muxer.begin(audio, video, [container_of = file.get()](std::uint64_t offset, ByteView bytes) {
    return container_of->container_.write_at(offset, bytes);
  });
  if (!session) return fail(session.error());
  file->session_ = std::move(*session);
  if (audio) {
    file->facts_.from = file->facts_.to = origin;
    file->begun_ = true;
    file->sound_.emplace([of = file.get()](std::int64_t time_us, ByteView frame) {
      return of->session_->write(MuxTrack::kAudio, time_us, true, frame);
    });
  }
  return file;
}

Result<void, VaultRefusal> RenditionFile::write(MuxTrack track, UtcTime at, bool key_frame, Bytes frame) {
  waiting_.emplace(at, Waiting{track, key_frame, std::move(frame)});
  const UtcTime newest = waiting_.rbegin()->first;
  while (newest - waiting_.begin()->first > kHold) {
    auto next = waiting_.extract(waiting_.begin());
    if (auto written = put(next.key(), next.mapped()); !written) return written;
  }
  return {};
}

Result<void, VaultRefusal> RenditionFile::put(UtcTime at, const Waiting& frame) {
  if (!begun_) facts_.from = facts_.to = at;
  begun_ = true;
  facts_.to = std::max(facts_.to, at);
  const std::int64_t time_us = (at - facts_.from).count();
  if (frame.track == MuxTrack::kAudio) return sound_->take(time_us, frame.frame);
  note_picture(at);
  // What came too late to be put in order must not make the track run backwards.
  last_picture_us_ = std::max(last_picture_us_, time_us);
  return session_->write(frame.track, last_picture_us_, frame.key_frame, frame.frame);
}

void RenditionFile::note_picture(UtcTime at) {
  auto& pictures = facts_.pictures;
  if (!pictures.empty() && at - pictures.back().to <= kPictureJoin)
    pictures.back().to = std::max(pictures.back().to, at + kPictureLength);
  else
    pictures.push_back({at, at + kPictureLength});
}

Result<OpenedFile, VaultRefusal> RenditionFile::finish() {
  for (; !waiting_.empty(); waiting_.erase(waiting_.begin()))
    if (auto written = put(waiting_.begin()->first, waiting_.begin()->second); !written)
      return fail(written.error());
  auto muxed = session_->finish();
  if (!muxed) return fail(muxed.error());
  facts_.audio_frames = muxed->audio_frames;
  facts_.video_frames = muxed->video_frames;
  if (sound_) {
    std::vector<Span> filled;
    for (const auto& [from, to] : sound_->filled())
      filled.push_back({facts_.from + Duration(from), facts_.from + Duration(to)});
    facts_.filled = join_to_fit(std::move(filled), OpenedRecording::kSpansListed, facts_.filled_within);
    facts_.filled_frames = sound_->filled_frames();
    facts_.left_out_frames = sound_->left_out_frames();
    facts_.to = std::max(facts_.to, facts_.from + Duration(sound_->end_us()));
  }
  facts_.pictures =
      join_to_fit(std::move(facts_.pictures), OpenedRecording::kSpansListed, facts_.pictures_within);
  WebmSeconds seconds;
  auto sealed = container_.finish([&](ByteView bytes) { seconds.take(bytes); });
  if (!sealed) return fail(sealed.error());
  facts_.facts = *sealed;
  facts_.seconds = seconds.finish().value_or(std::vector<ByteSpan>{});
  return facts_;
}

}  // namespace parlour::vault
