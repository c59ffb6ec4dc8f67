#include "message_reader.h"

namespace parlour::e2ee {
namespace {

constexpr std::size_t kWrapsMax = 128;

KeyWrap read_wrap(ObjectReader& reader) {
  KeyWrap wrap;
  wrap.to = reader.integer_as<std::uint8_t>("to", 0, kRecorderIdx);
  wrap.kind = static_cast<Kind>(reader.integer("k", 1, 2));
  wrap.enc = reader.bytes<65>("enc");
  wrap.ciphertext = reader.bytes<48>("ct");
  return wrap;
}

SenderKey read_sender_key(ObjectReader& reader) {
  SenderKey key;
  read_head(reader, key, kIdxMax);
  struct Commits {
    Hash256 audio, pictures;
  };
  Commits commits = reader.object(reader.member("commits"), "commits", [](ObjectReader& entry) {
    Commits read{entry.bytes<32>("a"), entry.bytes<32>("v")};
    // Keys of kind 3 (data) have no use yet.
    if (!entry.member("d").is_null()) entry.bad("d");
    return read;
  });
  key.commit_audio = commits.audio;
  key.commit_pictures = commits.pictures;
  key.wraps = reader.list("wraps", kWrapsMax,
                          [&](const Json& element) { return reader.object(element, "wraps", read_wrap); });
  if (!rises(key.wraps, [](const KeyWrap& wrap) { return std::pair(wrap.to, wrap.kind); }))
    reader.bad("wraps");
  return key;
}

}  // namespace

const KeyWrap* SenderKey::find(std::uint8_t to, Kind kind) const {
  for (const KeyWrap& wrap : wraps) {
    if (wrap.to == to && wrap.kind == kind) return &wrap;
  }
  return nullptr;
}

Result<SenderKey, MessageError> parse_sender_key(ByteView body) {
  return read_body(body, "SenderKey", read_sender_key);
}

Bytes encode(const SenderKey& sender_key) {
  JsonArray wraps;
  for (const KeyWrap& wrap : sender_key.wraps) {
    wraps.push_back(JsonObject{{"to", wrap.to},
                               {"k", static_cast<int>(wrap.kind)},
                               {"enc", text_of(wrap.enc)},
                               {"ct", text_of(wrap.ciphertext)}});
  }
  JsonObject object = write_head(sender_key);
  object.emplace_back("commits", JsonObject{{"a", text_of(sender_key.commit_audio)},
                                            {"v", text_of(sender_key.commit_pictures)},
                                            {"d", Json()}});
  object.emplace_back("wraps", std::move(wraps));
  return body_bytes(std::move(object));
}

SignedMessage sign(const SenderKey& sender_key, const EndpointId& sender, const crypto::P256Key& sig) {
  return sign_message(MessageType::kSenderKey, signer_of(sender), encode(sender_key), sig);
}

}  // namespace parlour::e2ee
