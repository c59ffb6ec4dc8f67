#include "answer.h"

#include <algorithm>
#include <ctime>

#include "http/problem.h"
#include "http/target.h"

namespace parlour::http {
namespace {

// The unit of the write time-out and of reads from a source.
constexpr std::size_t kPieceSize = 64 * 1024;

// RFC 9110 section 15; what is not listed has no phrase, which is allowed.
std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_valid_field(const std::pair<std::string, std::string>& field) {
  const auto& [name, value] = field;
  bool value_is_clean = std::none_of(value.begin(), value.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_character) && value_is_clean;
}

// Ours to write: a handler that sets one of these would break the framing.
bool is_framing_field(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower == "content-length" || lower == "transfer-encoding" || lower == "connection" ||
         lower == "date";
}

// IMF-fixdate (RFC 9110 section 5.6.7), independent of the locale.
std::string http_date(UtcTime now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::time_t seconds = static_cast<std::time_t>(now.us / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  auto two = [](int value) {
    return std::string(1, static_cast<char>('0' + value / 10)) + std::to_string(value % 10);
  };
  return std::string(kDays[utc.tm_wday]) + ", " + two(utc.tm_mday) + ' ' + kMonths[utc.tm_mon] + ' ' +
         std::to_string(utc.tm_year + 1900) + ' ' + two(utc.tm_hour) + ':' + two(utc.tm_min) + ':' +
         two(utc.tm_sec) + " GMT";
}

}  // namespace

Answer::Answer(Response response, const AnswerContext& context, const SecurityHeaders& security, UtcTime now)
    : keep_alive_(context.keep_alive) {
  bool valid = response.status >= 200 && response.status <= 599 &&
               std::all_of(response.headers.begin(), response.headers.end(), is_valid_field);
  if (!valid) response = internal_error();
  std::erase_if(response.headers, [](const auto& field) { return is_framing_field(field.first); });

  if (auto* source = std::get_if<std::shared_ptr<RangeSource>>(&response.body);
      source != nullptr && *source) {
    source_ = std::move(*source);
    end_ = source_->size();
    resolve_range(response, context);
  }
  if (auto* text = std::get_if<std::string>(&response.body)) {
    own_text_ = std::move(*text);
    text_ = own_text_;
  } else if (auto* shared = std::get_if<Response::SharedText>(&response.body); shared != nullptr && *shared) {
    shared_text_ = std::move(*shared);
    text_ = *shared_text_;
  }
  if (!source_) end_ = text_.size();
  bool has_no_body = response.status == 204 || response.status == 304;
  if (has_no_body) first_ = next_ = end_ = 0;

  security.apply(response);
  write_header(response, context, now, end_ - first_);
  if (context.is_head || has_no_body) next_ = first_ = end_;
  if (!source_) next_piece_of_text();
}

Answer::~Answer() {
  if (source_) source_->on_end();
}

void Answer::resolve_range(Response& response, const AnswerContext& context) {
  response.set_header("Accept-Ranges", "bytes");
  if (response.status != 200 || context.is_head || context.range.empty()) return;
  // If-Range wants a strong match; anything else (a date, a weak tag) means "send the whole".
  if (!context.if_range.empty()) {
    const std::string* etag = response.find_header("ETag");
    if (etag == nullptr || *etag != context.if_range || etag->starts_with("W/")) return;
  }
  auto range = parse_range(context.range, end_);
  if (range) {
    response.status = 206;
    response.set_header("Content-Range", "bytes " + std::to_string(range->first) + '-' +
                                             std::to_string(range->last) + '/' + std::to_string(end_));
    first_ = next_ = range->first;
    end_ = range->last + 1;
  } else if (range.error() == RangeError::kUnsatisfiable) {
    Response refused = problem(416, "range-not-satisfiable", "This part does not exist.");
    refused.set_header("Content-Range", "bytes */" + std::to_string(end_));
    source_->on_end();
    source_ = nullptr;
    response = std::move(refused);
  }
}

void Answer::write_header(const Response& response, const AnswerContext& context, UtcTime now,
                          std::uint64_t length) {
  status_ = response.status;
  header_ = context.is_http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  header_ += std::to_string(response.status) + ' ';
  header_ += reason_of(response.status);
  header_ += "\r\nDate: " + http_date(now) + "\r\n";
  for (const auto& [name, value] : response.headers) header_ += name + ": " + value + "\r\n";
  if (response.status != 204 && response.status != 304)
    header_ += "Content-Length: " + std::to_string(length) + "\r\n";
  if (!keep_alive_)
    header_ += "Connection: close\r\n";
  else if (context.is_http_1_0)
    header_ += "Connection: keep-alive\r\n";
  header_ += "\r\n";
  header_left_ = header_;
}

std::size_t Answer::read_size() const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(kPieceSize, end_ - next_));
}

void Answer::set_piece(Bytes piece) {
  piece_ = std::move(piece);
  piece_left_ = as_text(piece_);
}

void Answer::next_piece_of_text() {
  std::size_t size = std::min<std::size_t>(kPieceSize, static_cast<std::size_t>(end_ - next_));
  piece_left_ = text_.substr(static_cast<std::size_t>(next_), size);
}

void Answer::written(std::size_t size) {
  std::size_t of_header = std::min(size, header_left_.size());
  header_left_.remove_prefix(of_header);
  std::size_t of_piece = std::min(size - of_header, piece_left_.size());
  piece_left_.remove_prefix(of_piece);
  if (of_piece > 0 && source_) source_->on_sent(next_, of_piece);
  next_ += of_piece;
  if (piece_left_.empty() && !source_) next_piece_of_text();
}

}  // namespace parlour::http
