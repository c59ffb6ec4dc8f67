#include "message_reader.h"

namespace parlour::e2ee {
namespace {

Activated read_activated(ObjectReader& reader) {
  Activated activated;
  read_head(reader, activated, kIdxMax);
  activated.slots =
      reader.list("slots", 3, [&](const Json& element) { return read_kid(reader, element, "slots"); });
  if (!rises(activated.slots, [](const Kid& kid) { return kid.value(); })) reader.bad("slots");
  activated.last = read_last(reader);
  return activated;
}

}  // namespace

Result<Activated, MessageError> parse_activated(ByteView body) {
  return read_body(body, "Activated", read_activated);
}

Bytes encode(const Activated& activated) {
  JsonArray slots;
  for (const Kid& kid : activated.slots) slots.emplace_back(kid.value());
  JsonObject object = write_head(activated);
  object.emplace_back("slots", std::move(slots));
  object.emplace_back("last", write_last(activated.last));
  return body_bytes(std::move(object));
}

SignedMessage sign(const Activated& activated, const EndpointId& sender, const crypto::P256Key& sig) {
  return sign_message(MessageType::kActivated, signer_of(sender), encode(activated), sig);
}

}  // namespace parlour::e2ee
