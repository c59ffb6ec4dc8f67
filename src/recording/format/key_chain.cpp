#include "recording/format/key_chain.h"

#include "crypto/hash.h"

namespace parlour::recording {
namespace {

crypto::Secret derive(const crypto::Secret& chain, ByteView info) {
  crypto::Secret prk = crypto::hkdf_extract(crypto::HkdfHash::kSha256, {}, chain.view());
  return crypto::hkdf_expand(crypto::HkdfHash::kSha256, prk.view(), info, 32);
}

}  // namespace

KeyChain::KeyChain(crypto::Secret dek, const RecordingId& recording, std::uint32_t part)
    : chain_(std::move(dek)), recording_(recording), part_(part) {}

crypto::Secret KeyChain::segment_key() const {
  Bytes info;
  Writer(info).text("Parlour/1 seg").bytes(recording_.bytes()).u32(part_).u32(ordinal_);
  return derive(chain_, info);
}

void KeyChain::advance() {
  chain_ = derive(chain_, as_bytes("Parlour/1 next"));
  ++ordinal_;
}

KeyChain KeyChain::clone() const {
  KeyChain copy(recording_, part_);
  copy.chain_ = chain_.clone();
  copy.ordinal_ = ordinal_;
  return copy;
}

}  // namespace parlour::recording
