// A client that says exactly what a test wants, over a plain socket to 127.0.0.1. Blocking, with a time-out
// of 5 s.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace parlour::http {

class TestClient {
 public:
  explicit TestClient(std::uint16_t port, int receive_buffer = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    timeval timeout{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (receive_buffer > 0)
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestClient() { disconnect(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void disconnect() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Reads until `size` bytes are there; false at the end of the stream, on error and time-out.
  bool fill(std::size_t size) {
    char scratch[16384];
    while (received_.size() < size) {
      ssize_t got = ::recv(socket_, scratch, sizeof scratch, 0);
      if (got <= 0) return false;
      received_.append(scratch, static_cast<std::size_t>(got));
    }
    return true;
  }

  struct Answer {
    int status = 0;  // 0: none came
    std::string header;
    std::string body;
    bool has(std::string_view field) const { return header.find(field) != std::string::npos; }
  };
  Answer read_answer(bool is_head = false) {
    Answer answer;
    std::size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos)
      if (!fill(received_.size() + 1)) return answer;
    answer.header = received_.substr(0, end + 4);
    received_.erase(0, end + 4);
    answer.status = std::atoi(answer.header.c_str() + 9);
    std::size_t length_at = answer.header.find("Content-Length: ");
    if (length_at == std::string::npos || is_head) return answer;
    auto length = static_cast<std::size_t>(std::atoll(answer.header.c_str() + length_at + 16));
    fill(length);
    answer.body = received_.substr(0, length);
    received_.erase(0, length);
    return answer;
  }
  Answer ask(std::string_view request) {
    send(request);
    return read_answer();
  }

  // True when the server ends the connection within the time-out, whatever it still says.
  bool is_closed_by_server() {
    char scratch[16384];
    while (true) {
      ssize_t got = ::recv(socket_, scratch, sizeof scratch, 0);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
      if (got < 0) return false;
    }
  }

  // RFC 6455 section 5.2. `first` holds FIN, reserved bits and opcode.
  static std::string frame(std::uint8_t first, std::string_view payload, bool masked = true) {
    std::string out(1, static_cast<char>(first));
    std::uint8_t mask_bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
      out += static_cast<char>(mask_bit | payload.size());
    } else if (payload.size() < 65536) {
      out += static_cast<char>(mask_bit | 126);
      out += static_cast<char>(payload.size() >> 8);
      out += static_cast<char>(payload.size());
    } else {
      out += static_cast<char>(mask_bit | 127);
      for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift);
    }
    if (!masked) return out += payload;
    const char mask[4] = {1, 2, 3, 4};
    out.append(mask, 4);
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
    return out;
  }

  struct Frame {
    std::uint8_t first = 0;
    std::string payload;
  };
  // Frames of a server are never masked.
  std::optional<Frame> read_frame() {
    if (!fill(2)) return std::nullopt;
    auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(received_[i]); };
    std::size_t header = 2;
    std::size_t size = byte(1) & 0x7f;
    if (size >= 126) {
      std::size_t extra = size == 126 ? 2 : 8;
      if (!fill(2 + extra)) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < extra; ++i) size = size << 8 | byte(2 + i);
      header += extra;
    }
    if (!fill(header + size)) return std::nullopt;
    Frame got{byte(0), received_.substr(header, size)};
    received_.erase(0, header + size);
    return got;
  }
  // The code of the close frame that comes sooner or later; 0 when the connection just ends.
  int read_close_code() {
    while (auto got = read_frame()) {
      if ((got->first & 0x0f) != 8) continue;
      if (got->payload.size() < 2) return 1005;
      return static_cast<std::uint8_t>(got->payload[0]) << 8 | static_cast<std::uint8_t>(got->payload[1]);
    }
    return 0;
  }

 private:
  int socket_ = -1;
  bool connected_ = false;
  std::string received_;
};

}  // namespace parlour::http
