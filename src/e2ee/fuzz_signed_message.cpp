// Signed messages as the signalling and the vault's log hand them in.
//
// Lines of one input go to one chain. A line that begins with '{' is a whole message {t, k, b, s}. In a line
// that begins with a digit 0..7 the digit is the type and the rest is a body, which is signed here with the
// one key that is also everybody's in the seeds: so the checks behind the signature are reached.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "e2ee/call_chain.h"

using namespace parlour;
using namespace parlour::e2ee;

namespace {

const crypto::P256Key& key() {
  static const auto* made = new crypto::P256Key(std::move(*crypto::P256Key::from_private(Bytes(32, 0x21))));
  return *made;
}

// What is read is what is written again, byte for byte, once the members are in our order.
template <class Body>
bool reads_stably(Result<Body, MessageError> (*parse)(ByteView), ByteView body) {
  auto read = parse(body);
  if (!read) return false;
  auto again = parse(encode(*read));
  if (!again || !(*again == *read)) std::abort();
  return true;
}

bool reads(MessageType type, ByteView body) {
  switch (type) {
    case MessageType::kPolicy:
      return reads_stably(parse_policy, body);
    case MessageType::kHello:
      return reads_stably(parse_hello, body);
    case MessageType::kRoster:
      return reads_stably(parse_roster, body);
    case MessageType::kSenderKey:
      return reads_stably(parse_sender_key, body);
    case MessageType::kKeyAck:
      return reads_stably(parse_key_ack, body);
    case MessageType::kActivated:
      return reads_stably(parse_activated, body);
    case MessageType::kProgress:
      return reads_stably(parse_progress, body);
    case MessageType::kLinkProof:
      return reads_stably(parse_link_proof, body);
  }
  return false;
}

std::string signer_of_body(MessageType type, ByteView body) {
  EndpointId ep{};
  ep.fill(1);
  if (type == MessageType::kPolicy) return std::string(kSignerRoot);
  if (type == MessageType::kHello) {
    if (auto hello = parse_hello(body)) ep = hello->ep;
  }
  if (type == MessageType::kKeyAck) {
    auto ack = parse_key_ack(body);
    if (ack && ack->from == kRecorderIdx) return std::string(kSignerRecorder);
  }
  return signer_of(ep);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = as_text(ByteView(data, size));
  CallChain chain(CallChain::Config{key().public_key(), std::nullopt, 0, 8});
  UtcTime now{1'800'000'000'000'000};
  for (int lines = 0; !rest.empty() && lines < 32; ++lines) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    if (line[0] >= '0' && line[0] <= '7') {
      auto type = static_cast<MessageType>(line[0] - '0');
      Bytes body = to_bytes(line.substr(1));
      // Signing costs as much as a thousand refusals: only what would be read is signed.
      if (!reads(type, body)) continue;
      std::string signer = signer_of_body(type, body);
      auto accepted = chain.accept(sign_message(type, std::move(signer), std::move(body), key()), now);
      if (!accepted && to_text(accepted.error().fault) == "unknown") std::abort();
    } else if (auto message = parse_signed_message(line)) {
      auto again = parse_signed_message(write_json(to_json(*message)));
      if (!again || again->body != message->body) std::abort();
      static_cast<void>(chain.accept(*message, now).has_value());
    }
    now = now + 1s;
  }
  return 0;
}
