// The protocol between serve and parlour-vault on a local stream socket (design.md 9).
//
//   frame    length u32 (of type and payload) | type u8 | payload
//   'J'      a JSON object, at most 64 KiB: requests {"id", "op", …}, answers {"id", "ok": true, …} or
//            {"id", "ok": false, "code", "text"}
//   'B'      id u32 | bytes: the answer to range and manifest
//
// Requests and their members are in codec.h; each is answered once, in any order. Bytes are base64url, hashes
// and ids lower-case hex or UUID text. Operations: ping, info, announce, close_call, dek_check, sign_head,
// last_head, sign_policy, put_policy, job_envelopes, job, job_status, job_acknowledge, manifest, grant,
// exchange, range, release.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace parlour::vault_link {

constexpr std::size_t kJsonMax = 64 * 1024;
constexpr std::size_t kRangeMax = 256 * 1024;
constexpr std::size_t kEnvelopesMax = 200;  // of one request; job_envelopes brings the others before job
constexpr std::uint8_t kJsonFrame = 'J', kBinaryFrame = 'B';

struct Frame {
  std::uint8_t type = kJsonFrame;
  Bytes payload;
};

Bytes encode_frame(std::uint8_t type, ByteView payload);
Bytes encode_binary(std::uint32_t id, ByteView bytes);

// Cuts a byte stream into frames. After a malformed one it stays broken: the connection is to be closed.
class FrameReader {
 public:
  void feed(ByteView bytes);
  std::optional<Frame> next();
  bool broken() const { return broken_; }

 private:
  Bytes buffer_;
  std::size_t taken_ = 0;
  bool broken_ = false;
};

}  // namespace parlour::vault_link
