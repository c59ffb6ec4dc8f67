#include "message_reader.h"

namespace parlour::e2ee {
namespace {

constexpr std::size_t kHaveMax = 128;

KeyAck read_key_ack(ObjectReader& reader) {
  KeyAck ack;
  read_head(reader, ack, kRecorderIdx);
  ack.have = reader.list("have", kHaveMax, [&](const Json& element) {
    return reader.object(element, "have", [](ObjectReader& entry) {
      KeyHave have;
      have.idx = entry.integer_as<std::uint8_t>("idx", 0, kIdxMax);
      have.kind = static_cast<Kind>(entry.integer("k", 1, 2));
      have.commit = entry.bytes<32>("commit");
      return have;
    });
  });
  if (!rises(ack.have, [](const KeyHave& have) { return std::pair(have.idx, have.kind); }))
    reader.bad("have");
  return ack;
}

}  // namespace

Result<KeyAck, MessageError> parse_key_ack(ByteView body) {
  return read_body(body, "KeyAck", read_key_ack);
}

Bytes encode(const KeyAck& ack) {
  JsonArray have;
  for (const KeyHave& entry : ack.have) {
    have.push_back(JsonObject{
        {"idx", entry.idx}, {"k", static_cast<int>(entry.kind)}, {"commit", text_of(entry.commit)}});
  }
  JsonObject object = write_head(ack);
  object.emplace_back("have", std::move(have));
  return body_bytes(std::move(object));
}

SignedMessage sign(const KeyAck& ack, std::string_view signer, const crypto::P256Key& sig) {
  return sign_message(MessageType::kKeyAck, std::string(signer), encode(ack), sig);
}

}  // namespace parlour::e2ee
