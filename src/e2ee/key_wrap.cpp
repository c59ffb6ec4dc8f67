#include "e2ee/key_wrap.h"

#include "e2ee/hpke.h"
#include "e2ee/sframe.h"

namespace parlour::e2ee {
namespace {

Bytes wrap_info(const KeyContext& context, std::uint8_t to) {
  Bytes info = to_bytes("Parlour/1 sk");
  Writer(info)
      .u8(0)
      .bytes(context.call)
      .u16(context.epoch)
      .u8(context.from)
      .u8(to)
      .u8(static_cast<std::uint8_t>(context.kind))
      .bytes(context.roster);
  return info;
}

}  // namespace

Hash256 commit_of(const KeyContext& context, ByteView base_key) {
  Bytes head = to_bytes("Parlour/1 commit");
  Writer(head)
      .u8(0)
      .bytes(context.call)
      .u16(context.epoch)
      .u8(context.from)
      .u8(static_cast<std::uint8_t>(context.kind));
  return crypto::sha256({head, base_key});
}

Result<KeyWrap, crypto::CryptoError> wrap_base_key(const KeyContext& context, std::uint8_t to,
                                                   ByteView recipient_kem, ByteView base_key) {
  if (base_key.size() != kBaseKeySize) return fail(crypto::CryptoError::kBadInput);
  auto sealed = hpke_seal(recipient_kem, wrap_info(context, to), commit_of(context, base_key), base_key);
  if (!sealed) return fail(sealed.error());
  KeyWrap wrap{to, context.kind, sealed->enc, {}};
  if (sealed->ciphertext.size() != wrap.ciphertext.size()) return fail(crypto::CryptoError::kLibrary);
  std::copy(sealed->ciphertext.begin(), sealed->ciphertext.end(), wrap.ciphertext.begin());
  return wrap;
}

Result<crypto::Secret, UnwrapError> unwrap_base_key(const SenderKey& sender_key, std::uint8_t to, Kind kind,
                                                    const crypto::P256Key& kem) {
  const KeyWrap* wrap = sender_key.find(to, kind);
  if (wrap == nullptr) return fail(UnwrapError::kNoWrap);
  KeyContext context{sender_key.call, sender_key.epoch, sender_key.roster, sender_key.from, kind};
  const Hash256& commit = sender_key.commit(kind);
  auto key = hpke_open(kem, wrap->enc, wrap_info(context, to), commit, wrap->ciphertext);
  if (!key) return fail(UnwrapError::kCannotOpen);
  if (!crypto::equal_constant_time(commit_of(context, key->view()), commit))
    return fail(UnwrapError::kCommitMismatch);
  return std::move(*key);
}

std::string_view to_text(UnwrapError error) {
  switch (error) {
    case UnwrapError::kNoWrap:
      return "no_wrap";
    case UnwrapError::kCannotOpen:
      return "cannot_open";
    case UnwrapError::kCommitMismatch:
      return "commit_mismatch";
  }
  return "unknown";
}

}  // namespace parlour::e2ee
