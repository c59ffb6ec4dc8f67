#include "control.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <thread>

namespace parlour::bench {

namespace {

constexpr std::size_t kRequestMax = 64 * 1024;

std::size_t content_length(std::string_view head) {
  // Header names in any case (RFC 9110 5.1).
  std::string lower(head);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto at = lower.find("\r\ncontent-length:");
  if (at == std::string::npos) return 0;
  const std::size_t first = lower.find_first_of("0123456789", at);
  std::size_t value = 0;
  if (first != std::string::npos) std::from_chars(lower.data() + first, lower.data() + lower.size(), value);
  return value;
}

void serve_connection(int descriptor, const ControlHandler& handler) {
  std::string buffer;
  char chunk[4096];
  for (;;) {
    const auto head_end = buffer.find("\r\n\r\n");
    const std::size_t body_size =
        head_end == std::string::npos ? 0 : content_length(buffer.substr(0, head_end));
    if (head_end == std::string::npos || buffer.size() < head_end + 4 + body_size) {
      const auto got = ::recv(descriptor, chunk, sizeof chunk, 0);
      if (got <= 0 || buffer.size() + body_size > kRequestMax) break;
      buffer.append(chunk, static_cast<std::size_t>(got));
      continue;
    }
    const auto path_begin = buffer.find(' ') + 1;
    const std::string path = buffer.substr(path_begin, buffer.find(' ', path_begin) - path_begin);
    const auto body = parse_json(std::string_view(buffer).substr(head_end + 4, body_size));
    const std::string answer =
        write_json(body ? handler(path, *body) : Json(JsonObject{{"error", "the body is not JSON"}}));
    buffer.erase(0, head_end + 4 + body_size);
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                              std::to_string(answer.size()) + "\r\n\r\n" + answer;
    if (::send(descriptor, reply.data(), reply.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(reply.size()))
      break;
  }
  ::close(descriptor);
}

}  // namespace

bool serve_control(std::uint16_t port, const ControlHandler& handler) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 64) != 0) {
    return false;
  }
  for (;;) {
    const int descriptor = ::accept(listener, nullptr, nullptr);
    if (descriptor < 0) continue;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([descriptor, &handler] { serve_connection(descriptor, handler); }).detach();
  }
}

}  // namespace parlour::bench
