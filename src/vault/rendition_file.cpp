#include "rendition_file.h"

#include <algorithm>

#include "vault/assembler.h"

namespace parlour::vault {
namespace {

// Longer than the assembler holds packets back for missing ones.
constexpr Duration kStartWait = FrameAssembler::kReorderMax + std::chrono::seconds(1);

}  // namespace

Result<std::unique_ptr<RenditionFile>, VaultRefusal> RenditionFile::create(const OpeningInput& input,
                                                                           Muxer& muxer,
                                                                           std::string participant,
                                                                           std::string content, bool audio,
                                                                           bool video) {
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
  return file;
}

Result<void, VaultRefusal> RenditionFile::write(MuxTrack track, UtcTime at, bool key_frame, Bytes frame) {
  if (started_) return put({track, at, key_frame, std::move(frame)});
  waiting_.push_back({track, at, key_frame, std::move(frame)});
  if (at - waiting_.front().at < kStartWait) return {};
  return start();
}

Result<void, VaultRefusal> RenditionFile::start() {
  started_ = true;
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [](const Waiting& a, const Waiting& b) { return a.at < b.at; });
  if (!waiting_.empty()) facts_.from = facts_.to = waiting_.front().at;
  for (const Waiting& frame : waiting_)
    if (auto written = put(frame); !written) return written;
  waiting_.clear();
  return {};
}

Result<void, VaultRefusal> RenditionFile::put(const Waiting& frame) {
  std::int64_t& last = last_us_[static_cast<std::size_t>(frame.track)];
  // A clock that was corrected must not make a track run backwards.
  const std::int64_t time = std::max(last, (frame.at - facts_.from).count());
  last = time;
  facts_.to = std::max(facts_.to, frame.at);
  return session_->write(frame.track, time, frame.key_frame, frame.frame);
}

Result<OpenedFile, VaultRefusal> RenditionFile::finish() {
  if (!started_) {
    if (auto begun = start(); !begun) return fail(begun.error());
  }
  auto muxed = session_->finish();
  if (!muxed) return fail(muxed.error());
  facts_.audio_frames = muxed->audio_frames;
  facts_.video_frames = muxed->video_frames;
  auto sealed = container_.finish();
  if (!sealed) return fail(sealed.error());
  facts_.facts = *sealed;
  return facts_;
}

}  // namespace parlour::vault
