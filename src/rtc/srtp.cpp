#include "rtc/srtp.h"

#include <vector>

#include "srtp_transform.h"
#include "srtp_windows.h"

namespace parlour::rtc {

namespace {

constexpr std::uint64_t kRtpIndexEnd = std::uint64_t{1} << 48;
constexpr std::uint32_t kRtcpIndexEnd = std::uint32_t{1} << 31;
constexpr std::uint32_t kEncryptedBit = 0x80000000u;
constexpr std::size_t kRtcpHeaderSize = 8;
constexpr std::size_t kIndexWordSize = 4;

bool is_rtcp(ByteView packet) {
  return packet.size() >= kRtcpHeaderSize && packet[0] >> 6 == 2;
}

// Streams by SSRC. A connection has few of them and packets come in bursts of one, so: the one of last time
// first, then a scan over a dense array.
template <class Stream>
class StreamTable {
 public:
  explicit StreamTable(std::size_t size_max) : size_max_(size_max) {}

  Stream* find(std::uint32_t ssrc) {
    if (last_ < ssrcs_.size() && ssrcs_[last_] == ssrc) return &streams_[last_];
    for (std::size_t i = 0; i < ssrcs_.size(); ++i) {
      if (ssrcs_[i] == ssrc) {
        last_ = i;
        return &streams_[i];
      }
    }
    return nullptr;
  }
  bool full() const { return ssrcs_.size() >= size_max_; }
  Stream& add(std::uint32_t ssrc) {
    ssrcs_.push_back(ssrc);
    return streams_.emplace_back();
  }

 private:
  std::size_t size_max_;
  std::size_t last_ = 0;
  std::vector<std::uint32_t> ssrcs_;
  std::vector<Stream> streams_;
};

using RtpWindow = ReplayWindow<kSrtpReplayWindow>;
using RtcpWindow = ReplayWindow<kSrtcpReplayWindow>;

struct RtcpCounter {
  std::uint32_t next = 0;
};

struct Transforms {
  SrtpTransform rtp;
  SrtpTransform rtcp;
};

std::optional<Transforms> make_transforms(SrtpProfile profile, ByteView key, ByteView salt) {
  auto rtp = SrtpTransform::derive(profile, key, salt, false);
  auto rtcp = SrtpTransform::derive(profile, key, salt, true);
  if (!rtp || !rtcp) return std::nullopt;
  return Transforms{std::move(*rtp), std::move(*rtcp)};
}

}  // namespace

std::string_view to_text(SrtpError error) {
  switch (error) {
    case SrtpError::kBadKey:
      return "bad key";
    case SrtpError::kMalformed:
      return "malformed";
    case SrtpError::kReplay:
      return "replay";
    case SrtpError::kNotAuthentic:
      return "not authentic";
    case SrtpError::kTooManySsrcs:
      return "too many SSRCs";
    case SrtpError::kNoRoom:
      return "no room";
    case SrtpError::kKeyExhausted:
      return "key exhausted";
    case SrtpError::kCrypto:
      return "crypto library failed";
  }
  return "unknown";
}

struct SrtpReceiver::Impl {
  Impl(Transforms made, std::size_t ssrcs_max)
      : transforms(std::move(made)), rtp_streams(ssrcs_max), rtcp_streams(ssrcs_max) {}

  Transforms transforms;
  StreamTable<RtpWindow> rtp_streams;
  StreamTable<RtcpWindow> rtcp_streams;
};

SrtpReceiver::SrtpReceiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SrtpReceiver::~SrtpReceiver() = default;
SrtpReceiver::SrtpReceiver(SrtpReceiver&&) noexcept = default;
SrtpReceiver& SrtpReceiver::operator=(SrtpReceiver&&) noexcept = default;

Result<SrtpReceiver, SrtpError> SrtpReceiver::create(SrtpProfile profile, ByteView key, ByteView salt,
                                                     std::size_t ssrcs_max) {
  auto transforms = make_transforms(profile, key, salt);
  if (!transforms) return fail(SrtpError::kBadKey);
  return SrtpReceiver(std::make_unique<Impl>(std::move(*transforms), ssrcs_max));
}

Result<SrtpRtp, SrtpError> SrtpReceiver::unprotect_rtp(MutableByteView packet) {
  SrtpTransform& transform = impl_->transforms.rtp;
  const auto header_size = rtp_header_size(packet);
  if (!header_size || packet.size() < *header_size + transform.tag_size()) return fail(SrtpError::kMalformed);
  const std::uint16_t sequence = load_u16(&packet[2]);
  const std::uint32_t ssrc = load_u32(&packet[8]);

  RtpWindow* window = impl_->rtp_streams.find(ssrc);
  std::uint64_t index = sequence;  // RFC 3711 3.3.1: the roll-over counter begins at zero
  if (window != nullptr) {
    const auto estimated = estimate_index(window->highest(), sequence);
    if (!estimated || !window->may_accept(*estimated)) return fail(SrtpError::kReplay);
    index = *estimated;
  } else if (impl_->rtp_streams.full()) {
    return fail(SrtpError::kTooManySsrcs);
  }
  if (index >= kRtpIndexEnd) return fail(SrtpError::kKeyExhausted);
  if (!transform.open_rtp(packet, *header_size, index)) return fail(SrtpError::kNotAuthentic);
  if (window == nullptr) window = &impl_->rtp_streams.add(ssrc);
  window->accept(index);
  return SrtpRtp{packet.size() - transform.tag_size(), index};
}

Result<std::size_t, SrtpError> SrtpReceiver::unprotect_rtcp(MutableByteView packet) {
  SrtpTransform& transform = impl_->transforms.rtcp;
  const std::size_t overhead = transform.tag_size() + kIndexWordSize;
  if (!is_rtcp(packet) || packet.size() < kRtcpHeaderSize + overhead) return fail(SrtpError::kMalformed);
  const std::uint32_t ssrc = load_u32(&packet[4]);
  const std::uint32_t word = load_u32(&packet[transform.srtcp_index_offset(packet.size())]);
  // Encryption was agreed; a packet that says it is plain is refused rather than read (RFC 3711 3.4).
  if ((word & kEncryptedBit) == 0) return fail(SrtpError::kMalformed);
  const std::uint32_t index = word & ~kEncryptedBit;

  RtcpWindow* window = impl_->rtcp_streams.find(ssrc);
  if (window != nullptr && !window->may_accept(index)) return fail(SrtpError::kReplay);
  if (window == nullptr && impl_->rtcp_streams.full()) return fail(SrtpError::kTooManySsrcs);
  if (!transform.open_rtcp(packet, index)) return fail(SrtpError::kNotAuthentic);
  if (window == nullptr) window = &impl_->rtcp_streams.add(ssrc);
  window->accept(index);
  return packet.size() - overhead;
}

struct SrtpSender::Impl {
  Impl(Transforms made, std::size_t ssrcs_max)
      : transforms(std::move(made)), rtp_streams(ssrcs_max), rtcp_streams(ssrcs_max) {}

  Result<std::size_t, SrtpError> seal(MutableByteView buffer, std::size_t size, RtpWindow* window,
                                      std::uint64_t index) {
    const auto header_size = rtp_header_size(buffer.first(size));
    if (!header_size) return fail(SrtpError::kMalformed);
    if (index >= kRtpIndexEnd) return fail(SrtpError::kKeyExhausted);
    // The same check as a receiver's, for the opposite reason: one index encrypts one packet.
    if (window != nullptr && !window->may_accept(index)) return fail(SrtpError::kReplay);
    if (window == nullptr && rtp_streams.full()) return fail(SrtpError::kTooManySsrcs);
    if (window == nullptr) window = &rtp_streams.add(load_u32(&buffer[8]));
    window->accept(index);
    const std::size_t sealed_size = size + transforms.rtp.tag_size();
    if (!transforms.rtp.seal_rtp(buffer.first(sealed_size), *header_size, index))
      return fail(SrtpError::kCrypto);
    return sealed_size;
  }

  Transforms transforms;
  StreamTable<RtpWindow> rtp_streams;
  StreamTable<RtcpCounter> rtcp_streams;
};

SrtpSender::SrtpSender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SrtpSender::~SrtpSender() = default;
SrtpSender::SrtpSender(SrtpSender&&) noexcept = default;
SrtpSender& SrtpSender::operator=(SrtpSender&&) noexcept = default;

Result<SrtpSender, SrtpError> SrtpSender::create(SrtpProfile profile, ByteView key, ByteView salt,
                                                 std::size_t ssrcs_max) {
  auto transforms = make_transforms(profile, key, salt);
  if (!transforms) return fail(SrtpError::kBadKey);
  return SrtpSender(std::make_unique<Impl>(std::move(*transforms), ssrcs_max));
}

Result<std::size_t, SrtpError> SrtpSender::protect_rtp(MutableByteView buffer, std::size_t size) {
  if (size < 12 || size > buffer.size()) return fail(SrtpError::kMalformed);
  if (buffer.size() - size < impl_->transforms.rtp.tag_size()) return fail(SrtpError::kNoRoom);
  const std::uint16_t sequence = load_u16(&buffer[2]);
  RtpWindow* window = impl_->rtp_streams.find(load_u32(&buffer[8]));
  std::uint64_t index = sequence;
  if (window != nullptr) {
    const auto estimated = estimate_index(window->highest(), sequence);
    if (!estimated) return fail(SrtpError::kReplay);
    index = *estimated;
  }
  return impl_->seal(buffer, size, window, index);
}

Result<std::size_t, SrtpError> SrtpSender::protect_rtp_at(MutableByteView buffer, std::size_t size,
                                                          std::uint64_t index) {
  if (size < 12 || size > buffer.size()) return fail(SrtpError::kMalformed);
  if (buffer.size() - size < impl_->transforms.rtp.tag_size()) return fail(SrtpError::kNoRoom);
  if (static_cast<std::uint16_t>(index) != load_u16(&buffer[2])) return fail(SrtpError::kMalformed);
  return impl_->seal(buffer, size, impl_->rtp_streams.find(load_u32(&buffer[8])), index);
}

Result<std::size_t, SrtpError> SrtpSender::protect_rtcp(MutableByteView buffer, std::size_t size) {
  SrtpTransform& transform = impl_->transforms.rtcp;
  if (size > buffer.size() || !is_rtcp(buffer.first(size))) return fail(SrtpError::kMalformed);
  const std::size_t sealed_size = size + transform.tag_size() + kIndexWordSize;
  if (sealed_size > buffer.size()) return fail(SrtpError::kNoRoom);
  const std::uint32_t ssrc = load_u32(&buffer[4]);
  RtcpCounter* counter = impl_->rtcp_streams.find(ssrc);
  if (counter == nullptr) {
    if (impl_->rtcp_streams.full()) return fail(SrtpError::kTooManySsrcs);
    counter = &impl_->rtcp_streams.add(ssrc);
  }
  if (counter->next >= kRtcpIndexEnd) return fail(SrtpError::kKeyExhausted);
  if (!transform.seal_rtcp(buffer.first(sealed_size), counter->next++)) return fail(SrtpError::kCrypto);
  return sealed_size;
}

}  // namespace parlour::rtc
