// One endpoint's connection: ICE-lite, DTLS (passive), SRTP both ways, on the shared port. Says whether
// packets may go out and where to; turns what happens into facts. One thread.
#pragma once

#include <optional>

#include "context.h"
#include "crypto/dtls.h"
#include "packet_budget.h"
#include "return_budget.h"
#include "rtc/ice_lite.h"
#include "rtc/srtp.h"
#include "rtc/stun.h"

namespace parlour::media {

class Transport {
 public:
  Transport(Context& context, Peer& peer, EndpointId endpoint, SteadyTime now);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  const rtc::IceCredentials& local() const { return ice_.local(); }
  void set_remote_ufrag(std::string ufrag) { ice_.set_remote_ufrag(std::move(ufrag)); }
  void restart_ice();

  // Expects this certificate. Called again with the same one it does nothing; false: another one, or no
  // memory.
  bool expect_fingerprint(const crypto::Hash256& fingerprint, SteadyTime now);

  // address_taken: another endpoint that is still there has proven the address.
  // True: an authenticated check, or an answer to it, of this endpoint.
  bool on_stun(const rtc::StunMessage& message, const rtc::Address& from, bool address_taken, SteadyTime now);
  void on_dtls(const rtc::Address& from, ByteView datagram, SteadyTime now);
  // In place; nullopt: counted and to be forgotten.
  std::optional<rtc::SrtpRtp> open_rtp(const rtc::Address& from, MutableByteView packet, SteadyTime now);
  std::optional<std::size_t> open_rtcp(const rtc::Address& from, MutableByteView packet, SteadyTime now);
  bool within_budget(SteadyTime now);

  // Keys and an address: media may be sent.
  bool ready() const { return connected_; }
  // A stale or gone endpoint does not defend its addresses against another that proves them.
  bool holds_addresses() const { return !stale_ && !gone_; }

  // Protects `size` bytes of the batch's next packet and sends it. False: full or refused by SRTP.
  bool send_rtp(MutableByteView buffer, std::size_t size, std::uint64_t index);
  bool send_rtcp(ByteView compound);

  void on_deadline(SteadyTime now);
  std::optional<SteadyTime> next_deadline() const;

 private:
  void drain_ice();
  void drain_dtls();
  void answer(const rtc::Address& to, ByteView datagram);
  void become_connected();

  Context& context_;
  Peer& peer_;
  EndpointId endpoint_;
  rtc::IceLite ice_;
  std::optional<crypto::Dtls> dtls_;
  crypto::Hash256 expected_fingerprint_{};
  std::optional<rtc::SrtpReceiver> receiver_;
  std::optional<rtc::SrtpSender> sender_;
  // A 4K screen share needs about 1,000 packets a second; the burst lets a second of stalled packets in at
  // once.
  PacketBudget budget_{3'000, 3'000};
  // A browser that starts checks all its pairs at most every 20 ms or so.
  PacketBudget check_budget_{100, 200};
  ReturnBudget return_budget_;
  bool connected_ = false;
  bool address_known_ = false;
  bool stale_ = false;
  bool gone_ = false;
  bool dtls_over_ = false;
};

}  // namespace parlour::media
