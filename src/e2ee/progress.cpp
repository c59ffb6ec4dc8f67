#include "message_reader.h"

namespace parlour::e2ee {
namespace {

Progress read_progress(ObjectReader& reader) {
  Progress progress;
  read_head(reader, progress, kIdxMax);
  progress.last = read_last(reader);
  progress.final = reader.boolean("final");
  return progress;
}

}  // namespace

Result<Progress, MessageError> parse_progress(ByteView body) {
  return read_body(body, "Progress", read_progress);
}

Bytes encode(const Progress& progress) {
  JsonObject object = write_head(progress);
  object.emplace_back("last", write_last(progress.last));
  object.emplace_back("final", progress.final);
  return body_bytes(std::move(object));
}

SignedMessage sign(const Progress& progress, const EndpointId& sender, const crypto::P256Key& sig) {
  return sign_message(MessageType::kProgress, signer_of(sender), encode(progress), sig);
}

}  // namespace parlour::e2ee
