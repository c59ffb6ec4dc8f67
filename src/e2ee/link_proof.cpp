#include "message_reader.h"

namespace parlour::e2ee {
namespace {

LinkProof read_link_proof(ObjectReader& reader) {
  LinkProof proof;
  proof.call = reader.bytes<16>("call");
  proof.roster = reader.bytes<32>("roster");
  proof.to = reader.integer_as<std::uint8_t>("to", 0, kIdxMax);
  proof.mac = reader.bytes<32>("mac");
  return proof;
}

}  // namespace

Result<LinkProof, MessageError> parse_link_proof(ByteView body) {
  return read_body(body, "LinkProof", read_link_proof);
}

Bytes encode(const LinkProof& proof) {
  return body_bytes(JsonObject{{"call", text_of(proof.call)},
                               {"roster", text_of(proof.roster)},
                               {"to", proof.to},
                               {"mac", text_of(proof.mac)}});
}

SignedMessage sign(const LinkProof& proof, const EndpointId& steward, const crypto::P256Key& sig) {
  return sign_message(MessageType::kLinkProof, signer_of(steward), encode(proof), sig);
}

}  // namespace parlour::e2ee
