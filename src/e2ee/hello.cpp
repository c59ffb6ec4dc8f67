#include "message_reader.h"

namespace parlour::e2ee {
namespace {

constexpr std::size_t kNameMax = 600;  // bytes of UTF-8
constexpr std::size_t kCapsMax = 32;
constexpr std::size_t kCapMax = 64;
constexpr std::size_t kProofMax = 16'384;  // a passkey's or an OIDC token's
constexpr std::int64_t kTimeMax = (std::int64_t{1} << 53) - 1;

constexpr std::string_view kCredentialNames[] = {"passkey", "oidc", "link", "server"};

Credential read_credential(ObjectReader& reader) {
  Credential cred;
  std::string kind = reader.text("kind", 1, 16);
  const auto* found = std::find(std::begin(kCredentialNames), std::end(kCredentialNames), kind);
  if (found == std::end(kCredentialNames)) {
    reader.bad("kind");
  } else {
    cred.kind = static_cast<CredentialKind>(found - std::begin(kCredentialNames));
  }
  cred.proof = reader.text("proof", 0, kProofMax);
  return cred;
}

Hello read_hello(ObjectReader& reader) {
  Hello hello;
  hello.call = reader.bytes<16>("call");
  hello.ep = reader.bytes<16>("ep");
  hello.role = static_cast<Role>(reader.integer("role", 1, 3));
  hello.name = Redacted<std::string>(reader.text("name", 0, kNameMax));
  hello.sig = reader.bytes<65>("sig");
  hello.kem = reader.bytes<65>("kem");
  hello.nonce = reader.bytes<16>("nonce");
  hello.issued_at_ms = reader.integer("iat", 0, kTimeMax);
  hello.caps = reader.list("caps", kCapsMax, [&](const Json& element) {
    const std::string* cap = element.as_string();
    if (cap == nullptr || cap->size() > kCapMax) reader.bad("caps");
    return cap == nullptr ? std::string() : *cap;
  });
  const Json& renews = reader.member("renews");
  if (!renews.is_null()) hello.renews = reader.bytes_of<16>(renews, "renews");
  if (hello.renews == hello.ep) reader.bad("renews");
  hello.cred = reader.object(reader.member("cred"), "cred", read_credential);
  return hello;
}

}  // namespace

Hash256 Hello::bind() const {
  constexpr std::uint8_t kZero[] = {0};
  return crypto::sha256({as_bytes("Parlour/1 bind"), kZero, call, ep, sig, kem});
}

Result<Hello, MessageError> parse_hello(ByteView body) {
  return read_body(body, "Hello", read_hello);
}

Bytes encode(const Hello& hello) {
  JsonArray caps(hello.caps.begin(), hello.caps.end());
  return body_bytes(
      JsonObject{{"call", text_of(hello.call)},
                 {"ep", text_of(hello.ep)},
                 {"role", static_cast<int>(hello.role)},
                 {"name", hello.name.reveal()},
                 {"sig", text_of(hello.sig)},
                 {"kem", text_of(hello.kem)},
                 {"nonce", text_of(hello.nonce)},
                 {"iat", hello.issued_at_ms},
                 {"caps", std::move(caps)},
                 {"renews", hello.renews ? Json(text_of(*hello.renews)) : Json()},
                 {"cred", JsonObject{{"kind", kCredentialNames[static_cast<std::size_t>(hello.cred.kind)]},
                                     {"proof", hello.cred.proof}}}});
}

SignedMessage sign(const Hello& hello, const crypto::P256Key& sig) {
  return sign_message(MessageType::kHello, signer_of(hello.ep), encode(hello), sig);
}

}  // namespace parlour::e2ee
