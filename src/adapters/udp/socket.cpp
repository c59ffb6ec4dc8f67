#include "socket.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace parlour::udp {

namespace {

// One second of a hundred senders; the kernel may give less (net.core.rmem_max).
constexpr int kBufferSize = 8 * 1024 * 1024;

std::string because(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

}  // namespace

UdpSocket::UdpSocket(int descriptor, bool is_v6)
    : descriptor_(descriptor), is_v6_(is_v6), in_(std::make_unique<In>()), out_(std::make_unique<Out>()) {
  for (std::size_t i = 0; i < kBatch; ++i) {
    in_->parts[i] = {in_->bytes[i].data(), kDatagramMax};
    in_->messages[i] = {};
    in_->messages[i].msg_hdr.msg_iov = &in_->parts[i];
    in_->messages[i].msg_hdr.msg_iovlen = 1;
    in_->messages[i].msg_hdr.msg_name = &in_->from[i];
    out_->messages[i] = {};
    out_->messages[i].msg_hdr.msg_iov = &out_->parts[i];
    out_->messages[i].msg_hdr.msg_iovlen = 1;
    out_->messages[i].msg_hdr.msg_name = &out_->to[i];
  }
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      is_v6_(other.is_v6_),
      local_(other.local_),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)) {}

UdpSocket::~UdpSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<UdpSocket, std::string> UdpSocket::open(const rtc::Address& bind) {
  const bool is_v6 = bind.is_v6();
  const int descriptor = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return fail(because("no UDP socket"));
  UdpSocket made(descriptor, is_v6);
  const int off = 0;
  if (is_v6 && ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return fail(because("no socket for IPv4 and IPv6"));
  }
  // Best effort: small buffers lose packets under load, they do not prevent service.
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kBufferSize, sizeof kBufferSize);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &kBufferSize, sizeof kBufferSize);
  SocketAddress address{};
  const socklen_t size = made.write_address(bind, address);
  if (::bind(descriptor, &address.any, size) != 0) return fail(because("the UDP address cannot be used"));
  SocketAddress bound{};
  socklen_t bound_size = sizeof bound;
  if (::getsockname(descriptor, &bound.any, &bound_size) != 0) return fail(because("no local address"));
  made.local_ = read_address(bound);
  return made;
}

socklen_t UdpSocket::write_address(const rtc::Address& address, SocketAddress& out) const {
  if (!is_v6_) {
    out.v4 = {};
    out.v4.sin_family = AF_INET;
    out.v4.sin_port = htons(address.port());
    if (address.is_v4()) std::memcpy(&out.v4.sin_addr, address.ip().data(), 4);
    return sizeof out.v4;
  }
  out.v6 = {};
  out.v6.sin6_family = AF_INET6;
  out.v6.sin6_port = htons(address.port());
  if (address.is_v6()) {
    std::memcpy(&out.v6.sin6_addr, address.ip().data(), 16);
  } else {
    // ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
    out.v6.sin6_addr.s6_addr[10] = 0xFF;
    out.v6.sin6_addr.s6_addr[11] = 0xFF;
    std::memcpy(&out.v6.sin6_addr.s6_addr[12], address.ip().data(), 4);
  }
  return sizeof out.v6;
}

rtc::Address UdpSocket::read_address(const SocketAddress& from) {
  if (from.any.sa_family == AF_INET6) {
    ByteArray<16> ip;
    std::memcpy(ip.data(), &from.v6.sin6_addr, ip.size());
    return rtc::Address::v6(ip, ntohs(from.v6.sin6_port));
  }
  ByteArray<4> ip;
  std::memcpy(ip.data(), &from.v4.sin_addr, ip.size());
  return rtc::Address::v4(ip, ntohs(from.v4.sin_port));
}

const rtc::Address& UdpSocket::sender(std::size_t i) {
  in_->sender = read_address(in_->from[i]);
  return in_->sender;
}

std::size_t UdpSocket::receive() {
  // The kernel writes the sizes of names, so they have to be set each time.
  for (mmsghdr& message : in_->messages) message.msg_hdr.msg_namelen = sizeof(SocketAddress);
  // An error that an earlier send caused (port unreachable) is reported once and takes no datagram with it.
  for (int tries = 0; tries < 4; ++tries) {
    const int count = ::recvmmsg(descriptor_, in_->messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  }
  return 0;
}

std::size_t UdpSocket::send(const media::OutputBatch& batch) {
  std::size_t refused = 0;
  const auto& packets = batch.packets();
  for (std::size_t first = 0; first < packets.size(); first += kBatch) {
    const std::size_t count = std::min(kBatch, packets.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      const media::OutputBatch::Packet& packet = packets[first + i];
      const ByteView bytes = batch.bytes(packet);
      // sendmmsg only reads; its structure is shared with recvmmsg and so not const.
      out_->parts[i] = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
      out_->messages[i].msg_hdr.msg_namelen = write_address(packet.to, out_->to[i]);
    }
    for (std::size_t done = 0; done < count;) {
      const int sent =
          ::sendmmsg(descriptor_, &out_->messages[done], static_cast<unsigned>(count - done), MSG_DONTWAIT);
      if (sent > 0) {
        done += static_cast<std::size_t>(sent);
      } else if (errno != EINTR) {
        // The first of the rest was refused; the others may still go.
        ++refused;
        ++done;
      }
    }
  }
  return refused;
}

}  // namespace parlour::udp
