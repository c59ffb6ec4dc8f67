#include "mux_ffmpeg/child.h"

#include <algorithm>
#include <deque>
#include <memory>

#include "mux_pipe.h"
#include "sandbox.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/log.h>
}

namespace parlour::mux_ffmpeg {
namespace {

enum ExitStatus { kDone = 0, kNoSandbox = 10, kBadInput = 11, kMuxerRefused = 12, kNoOutput = 13 };

constexpr int kIn = 0, kOut = 1;
constexpr std::size_t kBufferSize = 64 * 1024;
// Sound that may wait for the first picture, whose size the file's header has to tell: hours of speech.
constexpr std::size_t kWaitingMax = 256 * 1024 * 1024;

struct Packet {
  std::uint8_t track = 0;
  bool key = false;
  std::int64_t time_us = 0;
  Bytes data;
};

// Where the muxer's bytes go: each write becomes a message with its offset, so the file needs no descriptor
// of its own.
struct Output {
  std::uint64_t position = 0;
  std::uint64_t size = 0;
  bool failed = false;

  static int write(void* opaque, uint8_t* data, int size) {
    auto* self = static_cast<Output*>(opaque);
    ByteView bytes(data, static_cast<std::size_t>(size));
    Bytes head;
    Writer(head).u8(kWriteTag).u64(self->position).u32(static_cast<std::uint32_t>(bytes.size()));
    if (!write_exactly(kOut, head) || !write_exactly(kOut, bytes)) {
      self->failed = true;
      return AVERROR(EPIPE);
    }
    self->position += bytes.size();
    self->size = std::max(self->size, self->position);
    return size;
  }
  static int64_t seek(void* opaque, int64_t offset, int whence) {
    auto* self = static_cast<Output*>(opaque);
    if ((whence & AVSEEK_SIZE) != 0) return static_cast<int64_t>(self->size);
    if (whence == SEEK_CUR) offset += static_cast<int64_t>(self->position);
    if (whence == SEEK_END) offset += static_cast<int64_t>(self->size);
    if (offset < 0 || static_cast<std::uint64_t>(offset) > self->size) return AVERROR(EINVAL);
    self->position = static_cast<std::uint64_t>(offset);
    return offset;
  }
};

// The picture's size from a VP8 key frame (RFC 6386 9.1).
bool vp8_size(ByteView frame, int& width, int& height) {
  if (frame.size() < 10 || (frame[0] & 1) != 0 || frame[3] != 0x9D || frame[4] != 0x01 || frame[5] != 0x2A)
    return false;
  width = (frame[6] | frame[7] << 8) & 0x3FFF;
  height = (frame[8] | frame[9] << 8) & 0x3FFF;
  return width > 0 && height > 0;
}

// RFC 7845 5.1, 19 bytes: stereo is what a decoder copes with whatever the packets hold; no pre-skip, so that
// the file's clock is the recording's.
constexpr ByteArray<19> kOpusHead = {'O', 'p', 'u',  's',  'H', 'e', 'a', 'd', 1, 2,
                                     0,   0,   0x80, 0xBB, 0,   0,   0,   0,   0};

class WebmFile {
 public:
  ~WebmFile() {
    if (context_ != nullptr) {
      if (context_->pb != nullptr) {
        av_freep(&context_->pb->buffer);
        avio_context_free(&context_->pb);
      }
      avformat_free_context(context_);
    }
  }

  bool begin(bool audio, const Packet* first_picture) {
    if (avformat_alloc_output_context2(&context_, nullptr, "webm", nullptr) < 0) return false;
    auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferSize));
    context_->pb =
        avio_alloc_context(buffer, kBufferSize, 1, &output_, nullptr, &Output::write, &Output::seek);
    context_->flags |= AVFMT_FLAG_BITEXACT;  // the same frames give the same bytes
    if (first_picture != nullptr) {
      int width = 0, height = 0;
      if (!vp8_size(first_picture->data, width, height)) return false;
      video_ = avformat_new_stream(context_, nullptr);
      video_->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
      video_->codecpar->codec_id = AV_CODEC_ID_VP8;
      video_->codecpar->width = width;
      video_->codecpar->height = height;
      video_->time_base = {1, 1000};
    }
    if (audio) {
      audio_ = avformat_new_stream(context_, nullptr);
      audio_->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
      audio_->codecpar->codec_id = AV_CODEC_ID_OPUS;
      audio_->codecpar->sample_rate = 48000;
      av_channel_layout_default(&audio_->codecpar->ch_layout, 2);
      audio_->codecpar->extradata =
          static_cast<uint8_t*>(av_mallocz(kOpusHead.size() + AV_INPUT_BUFFER_PADDING_SIZE));
      std::copy(kOpusHead.begin(), kOpusHead.end(), audio_->codecpar->extradata);
      audio_->codecpar->extradata_size = static_cast<int>(kOpusHead.size());
      audio_->time_base = {1, 1000};
    }
    return avformat_write_header(context_, nullptr) >= 0;
  }

  bool write(const Packet& packet) {
    AVStream* stream = packet.track == 0 ? audio_ : video_;
    if (stream == nullptr) return false;
    AVPacket* out = av_packet_alloc();
    if (av_new_packet(out, static_cast<int>(packet.data.size())) < 0) return false;
    std::copy(packet.data.begin(), packet.data.end(), out->data);
    out->stream_index = stream->index;
    // Only after write_header is the stream's time base the muxer's own.
    out->pts = out->dts = av_rescale_q(packet.time_us, {1, 1'000'000}, stream->time_base);
    if (packet.track == 0 || packet.key) out->flags |= AV_PKT_FLAG_KEY;
    const int result = av_interleaved_write_frame(context_, out);
    av_packet_free(&out);
    return result >= 0 && !output_.failed;
  }

  bool end() {
    if (av_write_trailer(context_) < 0) return false;
    avio_flush(context_->pb);
    return !output_.failed;
  }

 private:
  Output output_;
  AVFormatContext* context_ = nullptr;
  AVStream* video_ = nullptr;
  AVStream* audio_ = nullptr;
};

// Nothing: the end, or input that is not of our form (then `bad`).
std::unique_ptr<Packet> read_packet(bool& bad) {
  ByteArray<kPacketHead> head;
  bad = true;
  if (!read_exactly(kIn, MutableByteView(head).first(1))) return nullptr;
  if (head[0] == kEndTag) {
    bad = false;
    return nullptr;
  }
  if (head[0] != kPacketTag || !read_exactly(kIn, MutableByteView(head).subspan(1))) return nullptr;
  Reader reader{ByteView(head).subspan(1)};
  auto packet = std::make_unique<Packet>();
  packet->track = reader.u8();
  packet->key = reader.u8() != 0;
  packet->time_us = static_cast<std::int64_t>(reader.u64());
  const std::uint32_t size = reader.u32();
  if (packet->track > 1 || packet->time_us < 0 || size == 0 || size > kFrameMax) return nullptr;
  packet->data.resize(size);
  if (!read_exactly(kIn, packet->data)) return nullptr;
  bad = false;
  return packet;
}

}  // namespace

int run_mux_child() {
  av_log_set_level(AV_LOG_QUIET);
  if (!enter_sandbox()) return kNoSandbox;

  ByteArray<2> plan;
  if (!read_exactly(kIn, plan) || plan[0] != kTracksTag || plan[1] == 0 || plan[1] > 3) return kBadInput;
  const bool audio = (plan[1] & 1) != 0, video = (plan[1] & 2) != 0;

  WebmFile file;
  std::deque<std::unique_ptr<Packet>> waiting;
  std::size_t waiting_bytes = 0;
  bool begun = false;
  std::uint64_t frames[2] = {0, 0};
  auto begin = [&](const Packet* picture) {
    if (!file.begin(audio, picture)) return false;
    begun = true;
    for (; !waiting.empty(); waiting.pop_front())
      if (!file.write(*waiting.front())) return false;
    return true;
  };
  for (;;) {
    bool bad = false;
    auto packet = read_packet(bad);
    if (bad) return kBadInput;
    if (!packet) break;
    if (!(packet->track == 0 ? audio : video)) return kBadInput;
    ++frames[packet->track];
    if (!begun && !video && !begin(nullptr)) return kMuxerRefused;
    if (!begun && packet->track == 1) {
      const Packet* picture = packet.get();
      waiting.push_back(std::move(packet));
      if (!begin(picture)) return kMuxerRefused;
      continue;
    }
    if (!begun) {
      waiting_bytes += packet->data.size();
      if (waiting_bytes > kWaitingMax) return kBadInput;
      waiting.push_back(std::move(packet));
      continue;
    }
    if (!file.write(*packet)) return kMuxerRefused;
  }
  if (!begun && (!audio || !begin(nullptr))) return kMuxerRefused;
  if (!file.end()) return kMuxerRefused;
  Bytes done;
  Writer(done).u8(kDoneTag).u64(frames[0]).u64(frames[1]);
  return write_exactly(kOut, done) ? kDone : kNoOutput;
}

}  // namespace parlour::mux_ffmpeg
