// The key envelope of a part: its DEK, wrapped by HPKE (RFC 9180 base mode, DHKEM(P-256, HKDF-SHA256),
// HKDF-SHA256, AES-256-GCM) to the compliance key. One `key_envelope` row per part, never beside the media;
// destroying the rows is shredding the recording.
//
// This module does not wrap: it says what is bound (info), and `bin` gives the function that wraps
// (DekSealer).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/error.h"
#include "crypto/hash.h"
#include "recording/format/ids.h"

namespace parlour::recording {

struct PartEnvelope {
  RecordingId recording = RecordingId::from_bytes({});
  std::uint32_t part = 1;
  std::string key_id;   // which compliance key opens it (Policy's rec.id)
  ByteArray<65> enc{};  // HPKE encapsulated key
  ByteArray<48> ct{};   // wrapped DEK ‖ tag
};

// HPKE info: "Parlour/1 dek"‖0x00‖recording‖part (u32). The AAD is empty.
Bytes dek_info(const RecordingId& recording, std::uint32_t part);
// What the vault answers to prove that the envelope opens: HMAC-SHA-256(DEK, "Parlour/1 dek
// check"‖recording‖part).
crypto::Hash256 dek_check(ByteView dek, const RecordingId& recording, std::uint32_t part);

// What `recording.sealed` fixes about the envelopes (its envelopes_sha256), so that none can be swapped
// later: SHA-256 over, by rising part, part u32 ‖ length u16 of key_id ‖ key_id ‖ enc ‖ ct.
crypto::Hash256 envelopes_hash(std::vector<PartEnvelope> envelopes);

struct SealedDek {
  std::string key_id;
  ByteArray<65> enc{};
  ByteArray<48> ct{};
};
// Wraps `dek` to the compliance key in force, with `info` as HPKE info. Called on the recorder's writer
// thread.
using DekSealer = std::function<Result<SealedDek, crypto::CryptoError>(ByteView info, ByteView dek)>;

}  // namespace parlour::recording
