// Drafts and signed Policies as files that somebody brings. What can be read is written again the same;
// nothing is signed but with the right key, fingerprint and time.
#include <cstdlib>

#include "e2ee/policy_draft.h"

using namespace parlour;
using namespace parlour::e2ee;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const crypto::P256Key key = *crypto::P256Key::from_private(Bytes(32, 7));
  const std::string_view text = as_text(ByteView(data, size));
  const UtcTime now{1'800'000'000'000'000};
  if (auto draft = parse_policy_draft(text)) {
    auto again = parse_policy_draft(write_policy_draft(*draft));
    if (!again || !(again->policy == draft->policy) || again->root != draft->root) std::abort();
    if (auto text_of = sign_policy_draft(*draft, key, "0000", now); text_of) std::abort();
  }
  if (auto policy = read_signed_policy(text, key.public_key()))
    static_cast<void>(check_next_policy(*policy, nullptr, now).has_value());
  static_cast<void>(policy_type_of("018f3c1e-7a50-7b3e-9c41-0123456789ab", 1, text).has_value());
  return 0;
}
