#include "e2ee/policy_draft.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace parlour::e2ee {
namespace {

constexpr char kTypeId[] = "018f3c1e-7a50-7b3e-9c41-0123456789ab";
constexpr char kOtherType[] = "018f3c1e-7a50-7b3e-9c41-0123456789ac";
constexpr UtcTime kNow{1'800'000'000'000'000};
constexpr std::int64_t kNowS = kNow.us / 1'000'000;

struct Signing : ::testing::Test {
  crypto::P256Key root = crypto::P256Key::generate();
  crypto::P256Key kem = crypto::P256Key::generate();
  crypto::P256Key sig = crypto::P256Key::generate();
  PolicyDraft draft = make();
  std::string fingerprint = recorder_fingerprint(kem.public_key(), sig.public_key());

  PolicyDraft make() const {
    PolicyDraft out;
    out.root = root.public_key();
    out.policy.org = "Example Bank";
    out.policy.version = 7;
    out.policy.types = {{kTypeId, 3, RecordRule::kRequired, {true, true}, 600},
                        {kTypeId, 4, RecordRule::kNever, {}, 0}};
    out.policy.rec = {key_name(kem.public_key()), kem.public_key(), sig.public_key(), kNowS - 10,
                      kNowS + 1000};
    return out;
  }
  std::string code(const PolicyDraft& what, const crypto::P256Key& key, std::string_view known,
                   UtcTime now) const {
    auto text = sign_policy_draft(what, key, known, now);
    return text ? "signed" : text.error().code;
  }
  std::string judged(const Policy& next, const Policy* previous, UtcTime now = kNow) const {
    auto checked = check_next_policy(next, previous, now);
    return checked ? "good" : checked.error().code;
  }
};

TEST_F(Signing, ADraftComesBackFromItsFileAndIsSigned) {
  auto read = parse_policy_draft(write_policy_draft(draft));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->policy, draft.policy);
  EXPECT_EQ(read->root, draft.root);
  auto text = sign_policy_draft(*read, root, fingerprint, kNow);
  ASSERT_TRUE(text) << text.error().text;
  auto policy = read_signed_policy(*text, root.public_key());
  ASSERT_TRUE(policy) << policy.error().text;
  EXPECT_EQ(*policy, draft.policy);
}

TEST_F(Signing, NobodySignsForAnotherKeyRecorderOrTime) {
  EXPECT_EQ(code(draft, kem, fingerprint, kNow), "draft.key");
  // The server that made the draft put its own keys in: the fingerprint that the operator wrote down tells.
  PolicyDraft swapped = draft;
  swapped.policy.rec.sig = root.public_key();
  EXPECT_EQ(code(swapped, root, fingerprint, kNow), "draft.recorder");
  swapped = draft;
  swapped.policy.rec.kem = root.public_key();
  EXPECT_EQ(code(swapped, root, fingerprint, kNow), "draft.recorder");
  swapped.policy.rec.id = key_name(root.public_key());
  EXPECT_EQ(code(swapped, root, fingerprint, kNow), "draft.recorder");
  EXPECT_EQ(code(draft, root, "", kNow), "draft.recorder");
  EXPECT_EQ(code(draft, root, fingerprint, UtcTime{(kNowS + 1000) * 1'000'000}), "draft.expired");
  std::string shouted = fingerprint;
  for (char& c : shouted) c = c == ' ' ? '-' : static_cast<char>(std::toupper(c));
  EXPECT_EQ(code(draft, root, shouted, kNow), "signed");
}

// In the words that browsers show: SHA-256 of the point, from Python's hashlib.
TEST(OrganisationFingerprint, IsTheFirstHalfOfTheHashInGroups) {
  P256Point point;
  point.fill(9);
  point[0] = 4;
  EXPECT_EQ(organisation_fingerprint(point), "fe0c fe17 c65e 5708 ad06 8af8 23a2 9583");
}

TEST_F(Signing, DamagedDraftsAreRefused) {
  const std::string good = write_policy_draft(draft);
  EXPECT_FALSE(parse_policy_draft(""));
  EXPECT_FALSE(parse_policy_draft("{}"));
  EXPECT_FALSE(parse_policy_draft(good.substr(0, good.size() - 1)));
  for (std::string_view member :
       {"\"org\"", "\"ver\"", "\"kem\"", "\"nbf\"", "\"organisation_key\"", "\"format\""}) {
    std::string bad = good;
    bad.replace(bad.find(member), member.size(), "\"other\"");
    EXPECT_FALSE(parse_policy_draft(bad)) << member;
  }
  std::string bad = good;
  const std::string key = to_hex(draft.root);
  bad[bad.find(key) + 10] ^= 1;  // not on the curve any more, all but surely
  EXPECT_FALSE(parse_policy_draft(bad));
}

TEST_F(Signing, ASignedPolicyIsReadUnderTheRightKeyOnly) {
  const std::string text = *sign_policy_draft(draft, root, fingerprint, kNow);
  EXPECT_EQ(read_signed_policy(text, kem.public_key()).error().code, "policy.signature");
  EXPECT_EQ(read_signed_policy("{}", root.public_key()).error().code, "policy.form");
  Policy bad = draft.policy;
  bad.rec.sig.fill(1);
  EXPECT_EQ(read_signed_policy(write_json(to_json(sign(bad, root))), root.public_key()).error().code,
            "policy.form");
}

TEST_F(Signing, APolicyFollowsByAHigherVersionAtItsTimeWithoutChangingATypeVersion) {
  Policy next = draft.policy;
  EXPECT_EQ(judged(next, nullptr), "good");
  EXPECT_EQ(judged(next, &draft.policy), "good");  // the same again
  EXPECT_EQ(judged(next, nullptr, UtcTime{(next.rec.not_before_s - 1) * 1'000'000}), "policy.early");
  EXPECT_EQ(judged(next, nullptr, UtcTime{next.rec.expires_s * 1'000'000}), "policy.expired");
  next.types.push_back({kOtherType, 1, RecordRule::kNever, {}, 0});
  EXPECT_EQ(judged(next, &draft.policy), "policy.older");  // the same version with other content
  next.version = 6;
  EXPECT_EQ(judged(next, &draft.policy), "policy.older");
  next.version = 8;
  EXPECT_EQ(judged(next, &draft.policy), "good");
  next.types[0].pause_max_s = 601;
  EXPECT_EQ(judged(next, &draft.policy), "policy.changed");
}

TEST(PolicyType, IsReadFromTheRecordingSection) {
  auto type = policy_type_of(kTypeId, 2,
                             R"({"recording":{"rule":{"value":"required"},"kinds":{"value":["a","v"]},)"
                             R"("pause_max_s":{"value":30}}})");
  ASSERT_TRUE(type);
  EXPECT_EQ(*type, (PolicyType{kTypeId, 2, RecordRule::kRequired, {true, true}, 30}));
  EXPECT_EQ(policy_type_of(kTypeId, 1, R"({"recording":{"rule":{"value":"never"}}})"),
            (PolicyType{kTypeId, 1, RecordRule::kNever, {}, 0}));
  // A rule without kinds, kinds without a rule, and what is none of ours.
  EXPECT_FALSE(policy_type_of(kTypeId, 1, R"({"recording":{"rule":{"value":"required"}}})"));
  EXPECT_FALSE(
      policy_type_of(kTypeId, 1, R"({"recording":{"rule":{"value":"never"},"kinds":{"value":["a"]}}})"));
  EXPECT_FALSE(
      policy_type_of(kTypeId, 1, R"({"recording":{"rule":{"value":"always"},"kinds":{"value":["a"]}}})"));
  EXPECT_FALSE(policy_type_of(kTypeId, 0, R"({"recording":{"rule":{"value":"never"}}})"));
  EXPECT_FALSE(policy_type_of("x", 1, R"({"recording":{"rule":{"value":"never"}}})"));
  EXPECT_FALSE(policy_type_of(kTypeId, 1, "{}"));
}

}  // namespace
}  // namespace parlour::e2ee
