#include <array>

#include "message_reader.h"

namespace parlour::e2ee {
namespace {

constexpr std::array<std::string_view, 8> kTypeNames = {"Policy", "Hello",     "Roster",   "SenderKey",
                                                        "KeyAck", "Activated", "Progress", "LinkProof"};
constexpr std::string_view kSignatureLabel = "Parlour/1 ";
constexpr std::size_t kSignerMax = 22;  // base64url of an endpoint id

Bytes signed_bytes(MessageType type, ByteView body) {
  Bytes bytes = to_bytes(kSignatureLabel);
  Writer(bytes).text(to_text(type)).u8(0).bytes(body);
  return bytes;
}

bool is_signer(std::string_view signer) {
  if (signer == kSignerRoot || signer == kSignerRecorder) return true;
  auto bytes = signer.size() == kSignerMax ? from_base64url(signer) : std::nullopt;
  return bytes && bytes->size() == std::tuple_size_v<EndpointId>;
}

MessageError form(std::string_view member) {
  return {MessageFault::kForm, member};
}

}  // namespace

std::string_view to_text(MessageType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<MessageType> message_type_from_text(std::string_view text) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == text) return static_cast<MessageType>(i);
  }
  return std::nullopt;
}

std::string_view to_text(MessageFault fault) {
  switch (fault) {
    case MessageFault::kForm:
      return "form";
    case MessageFault::kUnknownType:
      return "unknown_type";
    case MessageFault::kTooLong:
      return "too_long";
    case MessageFault::kNotCanonical:
      return "not_canonical";
    case MessageFault::kMissingMember:
      return "missing_member";
    case MessageFault::kUnknownMember:
      return "unknown_member";
    case MessageFault::kBadValue:
      return "bad_value";
  }
  return "unknown";
}

Result<SignedMessage, MessageError> signed_message_from_json(const Json& json) {
  const JsonObject* object = json.as_object();
  if (object == nullptr || object->size() != 4) return fail(form({}));
  const Json *t = json.find("t"), *k = json.find("k"), *b = json.find("b"), *s = json.find("s");
  if (t == nullptr || t->as_string() == nullptr) return fail(form("t"));
  if (k == nullptr || k->as_string() == nullptr || !is_signer(*k->as_string())) return fail(form("k"));
  if (b == nullptr || b->as_string() == nullptr) return fail(form("b"));
  if (s == nullptr || s->as_string() == nullptr) return fail(form("s"));
  auto type = message_type_from_text(*t->as_string());
  if (!type) return fail(MessageError{MessageFault::kUnknownType, "t"});
  if (b->as_string()->size() > kBodySizeMax / 3 * 4 + 4)
    return fail(MessageError{MessageFault::kTooLong, "b"});
  auto body = from_base64url(*b->as_string());
  if (!body) return fail(form("b"));
  auto signature = from_base64url(*s->as_string());
  SignedMessage message{*type, *k->as_string(), std::move(*body), {}};
  if (!signature || signature->size() != message.signature.size()) return fail(form("s"));
  std::copy(signature->begin(), signature->end(), message.signature.begin());
  return message;
}

Result<SignedMessage, MessageError> parse_signed_message(std::string_view text) {
  auto json = parse_json(text, {.bytes = 66 * 1024, .depth = 2, .values = 16});
  if (!json) return fail(form({}));
  return signed_message_from_json(*json);
}

Json to_json(const SignedMessage& message) {
  return JsonObject{{"t", to_text(message.type)},
                    {"k", message.signer},
                    {"b", text_of(message.body)},
                    {"s", text_of(message.signature)}};
}

bool verify_signature(const SignedMessage& message, ByteView public_key) {
  return crypto::p256_verify(public_key, signed_bytes(message.type, message.body), message.signature);
}

SignedMessage sign_message(MessageType type, std::string signer, Bytes body, const crypto::P256Key& key) {
  auto signature = key.sign(signed_bytes(type, body));
  return {type, std::move(signer), std::move(body), signature};
}

std::string signer_of(const EndpointId& endpoint) {
  return to_base64url(endpoint);
}

}  // namespace parlour::e2ee
