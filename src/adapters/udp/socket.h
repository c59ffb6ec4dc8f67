// A non-blocking UDP socket that reads and writes whole batches. One thread, except local_address().
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "media/output.h"
#include "rtc/address.h"

namespace parlour::udp {

class UdpSocket {
 public:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kDatagramMax = 2048;  // longer ones are cut by the kernel, and no media

  static Result<UdpSocket, std::string> open(const rtc::Address& bind);
  ~UdpSocket();
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&&) = delete;

  int descriptor() const { return descriptor_; }
  const rtc::Address& local_address() const { return local_; }

  // Reads what is there, at most kBatch datagrams; how many. They are valid until the next call.
  std::size_t receive();
  MutableByteView datagram(std::size_t i) { return {in_->bytes[i].data(), in_->messages[i].msg_len}; }
  const rtc::Address& sender(std::size_t i);

  // Sends all of the batch in order. Returns how many the kernel refused; those are lost, as on any network.
  std::size_t send(const media::OutputBatch& batch);

 private:
  union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  struct In {
    std::array<ByteArray<kDatagramMax>, kBatch> bytes;
    std::array<iovec, kBatch> parts;
    std::array<SocketAddress, kBatch> from;
    std::array<mmsghdr, kBatch> messages;
    rtc::Address sender;
  };
  struct Out {
    std::array<iovec, kBatch> parts;
    std::array<SocketAddress, kBatch> to;
    std::array<mmsghdr, kBatch> messages;
  };

  UdpSocket(int descriptor, bool is_v6);
  socklen_t write_address(const rtc::Address& address, SocketAddress& out) const;
  static rtc::Address read_address(const SocketAddress& from);

  int descriptor_;
  bool is_v6_;
  rtc::Address local_;
  std::unique_ptr<In> in_;
  std::unique_ptr<Out> out_;
};

}  // namespace parlour::udp
