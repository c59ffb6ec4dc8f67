// Base keys on their way from a sender to the roster: the commit that fixes a key for everybody, and HPKE
// wraps. Opening checks the commit: GCM does not commit to its key, and a wrap that holds another key than
// the others got would silently spoil a recording. Any thread.
#pragma once

#include "crypto/p256.h"
#include "crypto/secret.h"
#include "e2ee/messages.h"

namespace parlour::e2ee {

struct KeyContext {
  CallId call{};
  std::uint16_t epoch = 0;
  Hash256 roster{};
  std::uint8_t from = 0;
  Kind kind = Kind::kAudio;
};

// SHA-256("Parlour/1 commit"‖0x00‖call‖epoch u16‖from u8‖k u8‖key).
Hash256 commit_of(const KeyContext& context, ByteView base_key);

// For the simulation, tests and the receipt; browsers do it in their worker. Fails for a bad recipient key.
Result<KeyWrap, crypto::CryptoError> wrap_base_key(const KeyContext& context, std::uint8_t to,
                                                   ByteView recipient_kem, ByteView base_key);

enum class UnwrapError : std::uint8_t {
  kNoWrap,          // nothing is wrapped to this member for this kind
  kCannotOpen,      // not for this key, or for another call, epoch, roster, sender or kind
  kCommitMismatch,  // opened, but it is not the key that was committed to
};
std::string_view to_text(UnwrapError error);

// The base key of `sender_key` for recipient `to`, who owns `kem`.
Result<crypto::Secret, UnwrapError> unwrap_base_key(const SenderKey& sender_key, std::uint8_t to, Kind kind,
                                                    const crypto::P256Key& kem);

}  // namespace parlour::e2ee
