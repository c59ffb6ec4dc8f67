// One answer on its way out: status line and header as bytes, the body piece by piece. No I/O, no Beast:
// tested alone. Internal to adapters/http. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "http/security_headers.h"

namespace parlour::http {

// What of the request decides about the form of its answer.
struct AnswerContext {
  bool is_head = false;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  std::string range;  // of a GET
  std::string if_range;
};

class Answer {
 public:
  // Resolves ranges, adds the security headers, Date, Content-Length and Connection. A response with fields
  // that are not allowed in HTTP becomes a 500.
  Answer(Response response, const AnswerContext& context, const SecurityHeaders& security, UtcTime now);
  ~Answer();  // tells the source that nothing more will be sent
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  std::uint64_t body_sent() const { return next_ - first_; }
  RangeSource* source() { return source_.get(); }

  // True when the next piece has to be read from the source: ask for read_size() bytes at read_offset(), then
  // give them to set_piece(). False when front() has bytes or everything was sent.
  bool wants_read() const { return source_ != nullptr && piece_left_.empty() && next_ < end_; }
  std::uint64_t read_offset() const { return next_; }
  std::size_t read_size() const;
  void set_piece(Bytes piece);

  // What is to be written now: the rest of the header and the rest of the current piece, either may be empty.
  std::string_view header_left() const { return header_left_; }
  std::string_view piece_left() const { return piece_left_; }
  // `size` bytes of those two were written; fetches the next piece of a body in memory; tells the source.
  void written(std::size_t size);
  bool is_done() const { return header_left_.empty() && piece_left_.empty() && next_ >= end_; }

 private:
  void resolve_range(Response& response, const AnswerContext& context);
  void write_header(const Response& response, const AnswerContext& context, UtcTime now,
                    std::uint64_t length);
  void next_piece_of_text();

  int status_;
  bool keep_alive_;
  std::string header_;
  std::string_view header_left_;
  std::string own_text_;
  Response::SharedText shared_text_;
  std::string_view text_;  // the whole body when it is in memory
  std::shared_ptr<RangeSource> source_;
  Bytes piece_;
  std::string_view piece_left_;
  std::uint64_t first_ =
      0;  // of the body: the first byte to send, the next one that was not written yet, the end
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace parlour::http
