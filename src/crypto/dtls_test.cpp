#include "crypto/dtls.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "base/random.h"
#include "dtls_records.h"

namespace parlour::crypto {
namespace {

constexpr UtcTime kBorn{1'700'000'000'000'000};

const Certificate& certificate(int which) {
  static const auto* made = new std::vector<Certificate>([] {
    std::vector<Certificate> list;
    for (const char* name : {"server", "client", "stranger"}) {
      list.push_back(std::move(Certificate::make_self_signed(name, {}, kBorn, 24h)).value());
    }
    return list;
  }());
  return (*made)[static_cast<std::size_t>(which)];
}

// A client and a server on virtual time. `drop(from_client, n)` decides about the n-th datagram of a side;
// each datagram takes 10 ms.
struct Pair {
  SteadyTime now{1'000'000};
  Dtls server;
  Dtls client;
  std::function<bool(bool from_client, int index)> drop = [](bool, int) { return false; };
  // The client's datagrams as they go out; one may become several.
  std::function<std::vector<Bytes>(const Bytes&)> of_client = [](const Bytes& datagram) {
    return std::vector<Bytes>{datagram};
  };
  struct Flying {
    SteadyTime at;
    bool to_server;
    Bytes bytes;
  };
  std::deque<Flying> flying;
  int sent[2] = {0, 0};

  static Dtls make(DtlsRole role, int own, int peer, std::vector<SrtpProfile> profiles, std::size_t mtu) {
    Dtls::Config config{role, &certificate(own), certificate(peer).fingerprint(), std::move(profiles), mtu};
    return std::move(Dtls::create(config, SteadyTime{1'000'000})).value();
  }
  static constexpr auto kBoth = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAes128CmHmacSha1_80};

  explicit Pair(std::vector<SrtpProfile> client_profiles = kBoth, int client_certificate = 1,
                int server_expected = 0, std::size_t mtu = 1200)
      : server(make(DtlsRole::kServer, 0, 1, kBoth, mtu)),
        client(
            make(DtlsRole::kClient, client_certificate, server_expected, std::move(client_profiles), mtu)) {}

  void collect() {
    for (bool from_client : {true, false}) {
      for (Bytes& made : (from_client ? client : server).take_outgoing()) {
        for (Bytes& datagram : from_client ? of_client(made) : std::vector<Bytes>{made}) {
          if (drop(from_client, sent[from_client]++)) continue;
          flying.push_back({now + 10ms, from_client, std::move(datagram)});
        }
      }
    }
  }

  bool both(DtlsState state) const { return server.state() == state && client.state() == state; }

  // Until both are at rest or `limit` has passed.
  void run(Duration limit = 60s) {
    SteadyTime end = now + limit;
    collect();
    while (now < end && !(both(DtlsState::kConnected) && flying.empty())) {
      std::optional<SteadyTime> next;
      auto consider = [&](std::optional<SteadyTime> t) {
        if (t && (!next || *t < *next)) next = t;
      };
      consider(client.next_deadline());
      consider(server.next_deadline());
      if (!flying.empty()) consider(flying.front().at);
      if (!next) return;
      now = std::max(now, *next);
      while (!flying.empty() && flying.front().at <= now) {
        Flying datagram = std::move(flying.front());
        flying.pop_front();
        (datagram.to_server ? server : client).handle(datagram.bytes, now);
      }
      client.on_deadline(now);
      server.on_deadline(now);
      collect();
    }
  }

  void expect_equal_keys(SrtpProfile profile, std::size_t salt) {
    auto s = server.take_srtp_keys();
    auto c = client.take_srtp_keys();
    ASSERT_TRUE(s && c);
    EXPECT_EQ(s->profile, profile);
    EXPECT_EQ(c->profile, profile);
    EXPECT_TRUE(equal(s->local_key.view(), c->remote_key.view()));
    EXPECT_TRUE(equal(s->remote_key.view(), c->local_key.view()));
    EXPECT_TRUE(equal(s->local_salt.view(), c->remote_salt.view()));
    EXPECT_TRUE(equal(s->remote_salt.view(), c->local_salt.view()));
    EXPECT_FALSE(equal(s->local_key.view(), s->remote_key.view()));
    EXPECT_EQ(s->local_key.size(), 16u);
    EXPECT_EQ(s->local_salt.size(), salt);
    EXPECT_FALSE(server.take_srtp_keys());
  }
};

TEST(Dtls, ShakesHandsAndExportsEqualKeys) {
  Pair pair;
  pair.run();
  ASSERT_TRUE(pair.both(DtlsState::kConnected)) << pair.server.failure() << " / " << pair.client.failure();
  pair.expect_equal_keys(SrtpProfile::kAeadAes128Gcm, 12);
  EXPECT_EQ(pair.server.dropped_records(), 0u);
  EXPECT_EQ(pair.client.dropped_records(), 0u);
  EXPECT_FALSE(pair.server.next_deadline());
  EXPECT_FALSE(pair.client.next_deadline());
  EXPECT_LE(pair.now - SteadyTime{1'000'000}, 40ms);  // two round trips
}

TEST(Dtls, TakesTheOlderProfileWhenThePeerHasNoOther) {
  Pair pair({SrtpProfile::kAes128CmHmacSha1_80});
  pair.run();
  ASSERT_TRUE(pair.both(DtlsState::kConnected));
  pair.expect_equal_keys(SrtpProfile::kAes128CmHmacSha1_80, 14);
}

TEST(Dtls, SurvivesTheLossOfEachSingleDatagram) {
  for (bool lost_from_client : {true, false}) {
    for (int lost = 0; lost < 4; ++lost) {
      SCOPED_TRACE(std::string(lost_from_client ? "client" : "server") + " datagram " + std::to_string(lost));
      Pair pair(Pair::kBoth, 1, 0, 400);  // a small MTU: several datagrams a flight
      pair.drop = [=](bool from_client, int index) {
        return from_client == lost_from_client && index == lost;
      };
      pair.run();
      ASSERT_TRUE(pair.both(DtlsState::kConnected))
          << pair.server.failure() << " / " << pair.client.failure();
      pair.expect_equal_keys(SrtpProfile::kAeadAes128Gcm, 12);
      EXPECT_LE(pair.now - SteadyTime{1'000'000}, 800ms);
    }
  }
}

// Browsers' ClientHello with its post-quantum key share takes two datagrams; ours is made into two here. The
// handshake's hash is over whole messages (RFC 6347 4.2.6), so fragments of another size change nothing;
// record numbers are doubled to make room.
std::vector<Bytes> split_hello(const Bytes& datagram) {
  Bytes all = datagram;
  for (std::size_t at = 0; at + 13 <= all.size(); at += 13u + load_u16(&all[at + 11])) {
    if (load_u16(&all[at + 3]) != 0) continue;  // epoch 0 only: the rest is authenticated
    store_u32(&all[at + 7], 2 * load_u32(&all[at + 7]));
  }
  const bool is_hello = all.size() > 25 && all[0] == 22 && load_u16(&all[3]) == 0 && all[13] == 1;
  if (!is_hello) return {all};
  const ByteView header = ByteView(all).first(25), body = ByteView(all).subspan(25);
  std::vector<Bytes> out;
  const std::size_t half = body.size() / 2;
  for (const auto& [offset, size] : {std::pair{std::size_t{0}, half}, std::pair{half, body.size() - half}}) {
    Bytes piece = to_bytes(header);
    store_u32(&piece[7], load_u32(&piece[7]) + (offset == 0 ? 0 : 1));
    store_u16(&piece[11], static_cast<std::uint16_t>(12 + size));
    piece[19] = 0;  // 24-bit fragment offset and length
    store_u16(&piece[20], static_cast<std::uint16_t>(offset));
    piece[22] = 0;
    store_u16(&piece[23], static_cast<std::uint16_t>(size));
    append(piece, body.subspan(offset, size));
    out.push_back(std::move(piece));
  }
  return out;
}

TEST(FaultI3, AClientHelloInTwoDatagramsGetsThroughWhicheverOfThemIsLost) {
  for (int first = 0; first < 6; ++first) {
    for (int second = first; second < 6; ++second) {
      for (bool from_client : {true, false}) {
        SCOPED_TRACE(std::to_string(first) + ", " + std::to_string(second) + (from_client ? " up" : " down"));
        Pair pair(Pair::kBoth, 1, 0, 400);
        pair.of_client = split_hello;
        int at_once = 0;
        pair.drop = [&](bool is_client, int index) {
          if (is_client && pair.now == SteadyTime{1'000'000}) at_once = index + 1;
          return is_client == from_client && (index == first || index == second);
        };
        pair.run();
        EXPECT_EQ(at_once, 2);
        ASSERT_TRUE(pair.both(DtlsState::kConnected))
            << pair.server.failure() << " / " << pair.client.failure();
        pair.expect_equal_keys(SrtpProfile::kAeadAes128Gcm, 12);
        EXPECT_LE(pair.now - SteadyTime{1'000'000}, 2s);
      }
    }
  }
}

TEST(Dtls, RepeatsItsLastFlightWhenThePeerRepeatsItsOwn) {
  Pair pair;
  // The server's last flight is lost twice; only the client's repetitions can bring it out again.
  pair.drop = [](bool from_client, int index) { return !from_client && (index == 1 || index == 2); };
  pair.run();
  EXPECT_TRUE(pair.both(DtlsState::kConnected));
}

TEST(Dtls, SurvivesHeavyRandomLoss) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    Pair pair(Pair::kBoth, 1, 0, 500);
    pair.drop = [&](bool, int) { return random.u32() % 100 < 30; };
    pair.run();
    EXPECT_TRUE(pair.both(DtlsState::kConnected))
        << "seed " << seed << ": " << pair.server.failure() << " / " << pair.client.failure();
  }
}

TEST(Dtls, SurvivesReorderingAndDuplicates) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    Pair pair(Pair::kBoth, 1, 0, 300);
    pair.collect();
    for (int step = 0; step < 4000 && !pair.both(DtlsState::kConnected); ++step) {
      if (!pair.flying.empty()) {
        std::size_t pick = random.u32() % pair.flying.size();
        Pair::Flying datagram = pair.flying[pick];
        if (random.u32() % 4 != 0) pair.flying.erase(pair.flying.begin() + static_cast<std::ptrdiff_t>(pick));
        (datagram.to_server ? pair.server : pair.client).handle(datagram.bytes, pair.now);
      }
      pair.now = pair.now + 5ms;
      pair.client.on_deadline(pair.now);
      pair.server.on_deadline(pair.now);
      pair.collect();
    }
    EXPECT_TRUE(pair.both(DtlsState::kConnected))
        << "seed " << seed << ": " << pair.server.failure() << " / " << pair.client.failure();
  }
}

TEST(Dtls, GivesUpWhenNobodyAnswers) {
  Pair pair;
  pair.drop = [](bool from_client, int) { return from_client; };
  pair.run();
  EXPECT_EQ(pair.client.state(), DtlsState::kFailed);
  EXPECT_EQ(pair.client.failure(), "the peer stopped answering the handshake");
  EXPECT_EQ(pair.sent[1], 11);
}

TEST(Dtls, ServerRefusesAnotherFingerprint) {
  Pair pair(Pair::kBoth, 2);  // the stranger's certificate
  pair.run();
  EXPECT_EQ(pair.server.state(), DtlsState::kFailed);
  EXPECT_EQ(pair.server.failure(), "the peer's certificate has another fingerprint");
  EXPECT_FALSE(pair.server.take_srtp_keys());
  EXPECT_EQ(pair.client.state(), DtlsState::kFailed);
  EXPECT_FALSE(pair.client.take_srtp_keys());
}

TEST(Dtls, ClientRefusesAnotherFingerprint) {
  Pair pair(Pair::kBoth, 1, 2);
  pair.run();
  EXPECT_EQ(pair.client.state(), DtlsState::kFailed);
  EXPECT_EQ(pair.client.failure(), "the peer's certificate has another fingerprint");
  EXPECT_EQ(pair.server.state(), DtlsState::kFailed);
}

TEST(Dtls, DatagramsStayBelowTheMtu) {
  Pair pair(Pair::kBoth, 1, 0, 300);
  std::size_t largest = 0;
  pair.collect();
  for (int step = 0; step < 100 && !pair.both(DtlsState::kConnected); ++step) {
    if (pair.flying.empty()) break;
    auto datagram = std::move(pair.flying.front());
    pair.flying.pop_front();
    largest = std::max(largest, datagram.bytes.size());
    (datagram.to_server ? pair.server : pair.client).handle(datagram.bytes, pair.now);
    pair.collect();
  }
  EXPECT_TRUE(pair.both(DtlsState::kConnected));
  EXPECT_LE(largest, 300u);
  EXPECT_GT(largest, 200u);
}

TEST(Dtls, DropsAndCountsGarbage) {
  Pair pair;
  SeededRandom random(5);
  for (int i = 0; i < 200; ++i) {
    Bytes garbage = random.bytes(random.u32() % 100 + 1);
    garbage[0] = static_cast<std::uint8_t>(20 + random.u32() % 44);
    pair.server.handle(garbage, pair.now);
  }
  EXPECT_EQ(pair.server.dropped_records(), 200u);
  EXPECT_TRUE(pair.server.take_outgoing().empty());
  pair.run();
  EXPECT_TRUE(pair.both(DtlsState::kConnected));
}

TEST(Dtls, RepeatedFirstMessageDoesNotMakeItARepeater) {
  Pair pair;
  Bytes hello = pair.client.take_outgoing().at(0);
  std::size_t bytes_out = 0;
  for (int i = 0; i < 1000; ++i) {
    pair.server.handle(hello, pair.now);
    for (const Bytes& datagram : pair.server.take_outgoing()) bytes_out += datagram.size();
    pair.now = pair.now + 1ms;
  }
  EXPECT_LT(bytes_out, 21u * 1200u);  // one answer per 50 ms, never one per packet
}

TEST(Dtls, ClosesBothSides) {
  Pair pair;
  pair.run();
  ASSERT_TRUE(pair.both(DtlsState::kConnected));
  pair.client.close(pair.now);
  EXPECT_EQ(pair.client.state(), DtlsState::kClosed);
  for (const Bytes& datagram : pair.client.take_outgoing()) pair.server.handle(datagram, pair.now);
  EXPECT_EQ(pair.server.state(), DtlsState::kClosed);
}

TEST(Dtls, IgnoresAClearAlertAfterTheHandshake) {
  Pair pair;
  pair.run();
  ASSERT_TRUE(pair.both(DtlsState::kConnected));
  Bytes alert = {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
  pair.server.handle(alert, pair.now);
  EXPECT_EQ(pair.server.state(), DtlsState::kConnected);
  EXPECT_EQ(pair.server.dropped_records(), 1u);
}

TEST(Dtls, RefusesAConfigurationWithoutCertificateOrProfiles) {
  EXPECT_FALSE(Dtls::create({DtlsRole::kServer, nullptr, Hash256{}}, SteadyTime{}));
  EXPECT_FALSE(Dtls::create({DtlsRole::kServer, &certificate(0), Hash256{}, {}}, SteadyTime{}));
}

TEST(DtlsRecords, RefusesMalformedFragments) {
  auto judge = [](Bytes payload, std::uint8_t type = 22, std::uint16_t version = 0xFEFD,
                  std::uint16_t epoch = 0) {
    Bytes record;
    Writer(record)
        .u8(type)
        .u16(version)
        .u16(epoch)
        .u48(0)
        .u16(static_cast<std::uint16_t>(payload.size()))
        .bytes(payload);
    ByteView view(record);
    auto next = next_dtls_record(view);
    return next && !next->malformed;
  };
  auto fragment = [](std::uint32_t length, std::uint16_t sequence, std::uint32_t offset, std::uint32_t size,
                     std::size_t body) {
    Bytes out;
    Writer(out).u8(1).u24(length).u16(sequence).u24(offset).u24(size).bytes(Bytes(body));
    return out;
  };
  EXPECT_TRUE(judge(fragment(10, 0, 0, 10, 10)));
  EXPECT_TRUE(judge(fragment(10, 0, 4, 6, 6)));
  EXPECT_TRUE(judge(fragment(0, 3, 0, 0, 0)));          // ServerHelloDone
  EXPECT_FALSE(judge(fragment(10, 0, 4, 7, 7)));        // beyond its message
  EXPECT_FALSE(judge(fragment(10, 0, 0, 10, 9)));       // beyond its record
  EXPECT_FALSE(judge(fragment(10, 0, 0, 0, 0)));        // an empty piece of something
  EXPECT_FALSE(judge(fragment(20'000, 0, 0, 10, 10)));  // too large a message
  EXPECT_FALSE(judge(fragment(10, 33, 0, 10, 10)));     // too late a message
  EXPECT_FALSE(judge({}));
  EXPECT_FALSE(judge(fragment(10, 0, 0, 10, 10), 22, 0x0303));
  EXPECT_FALSE(judge({1, 2}, 19));
  EXPECT_FALSE(judge({1, 2, 3}, 21));
  EXPECT_FALSE(judge({1, 0}, 22, 0xFEFD, 2));
  EXPECT_FALSE(judge({1}, 23));
  EXPECT_FALSE(judge(Bytes(2049), 22, 0xFEFD, 1));
}

}  // namespace
}  // namespace parlour::crypto
