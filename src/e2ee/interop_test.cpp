// E2EE03: C++ and TypeScript read each other. testdata/interop.json was written by this side, the web
// client's own file by the other; both have one form and are checked in one way, here and in the web client's
// tests.
//
// {root: point, now_ms, to, kem: private scalar, link_secret, messages: [{t,k,b,s}…], keys: [{k, key}…],
// code,
//  frames: [{codec: "opus"|"vp8", kid, ctr, plain, sealed}…]}; byte strings base64url. All keys in it are for
//  tests.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "call_fixture.h"
#include "e2ee/call_code.h"
#include "e2ee/sframe.h"

namespace parlour::e2ee {
namespace {

using testing::kTypeId;
using testing::Person;
using testing::TestCall;

Bytes bytes_of(const Json& json, std::string_view name) {
  return from_base64url(json.string_or(name)).value();
}

FrameCodec codec_of(const Json& frame) {
  return frame.string_or("codec") == "opus" ? FrameCodec::kOpus : FrameCodec::kVp8;
}

void check_link(const Json& file, const CallChain& chain) {
  const Bytes secret = bytes_of(file, "link_secret");
  const auto to = static_cast<std::uint8_t>(file.integer_or("to"));
  const Hello& customer = *chain.hello_of(to);
  EXPECT_EQ(customer.cred.kind, CredentialKind::kLink);
  EXPECT_EQ(customer.cred.proof, to_base64url(link_proof_of_customer(secret, customer.bind())));
  ASSERT_TRUE(chain.newest()->link_proofs.contains(to));
  EXPECT_EQ(chain.newest()->link_proofs.at(to).mac,
            link_proof_of_steward(secret, chain.newest()->roster_hash));
}

void check(const Json& file) {
  CallChain::Config config;
  Bytes root = bytes_of(file, "root");
  ASSERT_EQ(root.size(), config.root.size());
  std::copy(root.begin(), root.end(), config.root.begin());
  CallChain chain(config);
  UtcTime now{file.integer_or("now_ms") * 1000};
  for (const Json& json : *file.find("messages")->as_array()) {
    auto message = signed_message_from_json(json);
    ASSERT_TRUE(message);
    auto event = chain.accept(*message, now);
    ASSERT_TRUE(event) << to_text(message->type) << ": " << to_text(event.error().fault) << " "
                       << event.error().malformed.member;
  }
  EXPECT_EQ(to_text(call_code(root_fingerprint(config.root), chain.newest()->roster)),
            file.string_or("code"));

  // What the secret of the customer's link proves to either side.
  check_link(file, chain);
  auto kem = crypto::P256Key::from_private(bytes_of(file, "kem"));
  ASSERT_TRUE(kem);
  const SenderKey* sender_key = nullptr;
  for (const auto& [idx, sender] : chain.newest()->senders) {
    if (sender.key) sender_key = &*sender.key;
  }
  ASSERT_NE(sender_key, nullptr);
  std::map<Kind, Bytes> base_keys;
  for (const Json& key : *file.find("keys")->as_array()) {
    auto kind = static_cast<Kind>(key.integer_or("k"));
    auto opened = unwrap_base_key(*sender_key, static_cast<std::uint8_t>(file.integer_or("to")), kind, *kem);
    ASSERT_TRUE(opened) << to_text(opened.error());
    EXPECT_TRUE(equal(opened->view(), bytes_of(key, "key")));
    base_keys[kind] = to_bytes(opened->view());
  }
  for (const Json& frame : *file.find("frames")->as_array()) {
    auto kid = Kid::from_value(static_cast<std::uint64_t>(frame.integer_or("kid")));
    ASSERT_TRUE(kid);
    auto key = derive_frame_key(base_keys.at(kid->kind()), *kid);
    ASSERT_TRUE(key);
    Bytes sealed = bytes_of(frame, "sealed"), plain = bytes_of(frame, "plain");
    auto opened = open_frame(codec_of(frame), *key, sealed);
    ASSERT_TRUE(opened) << to_text(opened.error());
    EXPECT_EQ(*opened, plain);
    EXPECT_EQ(seal_frame(codec_of(frame), *key, static_cast<std::uint64_t>(frame.integer_or("ctr")), plain),
              sealed);
  }
}

Json read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  auto json = parse_json(text.str(), {.bytes = 1 << 20});
  return json ? *json : Json();
}

Json write_call() {
  TestCall call({kTypeId, 3, RecordRule::kRequired, {true, false}, 600});
  Person& adviser = call.person(Role::kAgent);
  Person& customer = call.person(Role::kCustomer);
  const Bytes secret = to_bytes("sixteen letters.");
  customer.hello.cred = {CredentialKind::kLink,
                         to_base64url(link_proof_of_customer(secret, customer.hello.bind()))};
  customer.hello_message = sign(customer.hello, customer.sig);
  JsonArray messages;
  auto feed = [&](const SignedMessage& message) {
    EXPECT_EQ(call.outcome(message), "accepted");
    messages.push_back(to_json(message));
  };
  feed(sign(call.policy, call.root));
  feed(adviser.hello_message);
  feed(customer.hello_message);
  feed(call.signed_by(adviser, call.next_roster({&adviser, &customer})));
  feed(call.signed_by(adviser, call.link_proof(customer, secret)));
  feed(call.signed_by(adviser, call.sender_key(adviser)));
  feed(call.signed_by(customer, call.ack(customer.idx)));
  feed(call.recorder_ack());
  feed(call.signed_by(adviser, call.activated(adviser)));
  feed(call.signed_by(adviser, call.progress(adviser, 1, 70'000)));

  JsonArray keys, frames;
  for (Kind kind : {Kind::kAudio, Kind::kPictures}) {
    keys.push_back(JsonObject{{"k", static_cast<int>(kind)},
                              {"key", to_base64url(TestCall::base_key(adviser, 1, kind))}});
  }
  auto frame = [&](FrameCodec codec, std::uint8_t slot, std::uint64_t counter, Bytes plain) {
    Kid kid{1, adviser.idx, slot};
    auto key = derive_frame_key(TestCall::base_key(adviser, 1, kid.kind()), kid);
    frames.push_back(JsonObject{{"codec", codec == FrameCodec::kOpus ? "opus" : "vp8"},
                                {"kid", kid.value()},
                                {"ctr", counter},
                                {"plain", to_base64url(plain)},
                                {"sealed", to_base64url(seal_frame(codec, *key, counter, plain))}});
  };
  frame(FrameCodec::kOpus, kSlotMicrophone, 0, to_bytes("an Opus frame"));
  frame(FrameCodec::kOpus, kSlotMicrophone, 70'000, to_bytes("another"));
  frame(FrameCodec::kVp8, kSlotCamera, 8, {0x50, 0x01, 0x02, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 0x77});
  frame(FrameCodec::kVp8, kSlotScreen, 4'294'967'295u, {0x51, 0x01, 0x02});
  Hash256 root = root_fingerprint(call.root.public_key());
  return JsonObject{{"root", to_base64url(call.root.public_key())},
                    {"now_ms", call.now.us / 1000},
                    {"to", customer.idx},
                    {"kem", to_base64url(customer.kem.private_scalar().view())},
                    {"link_secret", to_base64url(secret)},
                    {"messages", std::move(messages)},
                    {"keys", std::move(keys)},
                    {"code", to_text(call_code(root, call.chain.newest()->roster))},
                    {"frames", std::move(frames)}};
}

TEST(Interop, E2EE03_AFreshCallReadsItself) {
  Json call = write_call();
  check(call);
  // How testdata/interop.json is made anew after a change of the protocol's label.
  if (const char* path = std::getenv("PARLOUR_WRITE_INTEROP"))
    std::ofstream(path) << write_json(call) << '\n';
}

TEST(Interop, E2EE03_TheStoredCallIsStillRead) {
  Json file = read_file(PARLOUR_E2EE_TESTDATA "/interop.json");
  ASSERT_TRUE(file.is_object());
  check(file);
}

TEST(Interop, E2EE03_TheWebClientsCallIsRead) {
  Json file = read_file(PARLOUR_E2EE_TESTDATA "/interop_web.json");
  if (!file.is_object()) GTEST_SKIP() << "testdata/interop_web.json is written by the web client's tests";
  check(file);
}

}  // namespace
}  // namespace parlour::e2ee
