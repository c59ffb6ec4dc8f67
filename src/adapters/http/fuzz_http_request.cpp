// The parts of a request that our own code reads. Input: target, cookie header, range header, other headers,
// a line each.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "answer.h"
#include "http/message.h"
#include "http/router.h"
#include "http/target.h"

namespace {

using namespace parlour::http;

std::string_view next_line(std::string_view& input) {
  std::size_t end = input.find('\n');
  std::string_view line = input.substr(0, end);
  input = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  return line;
}

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_safe(const std::string& segment) {
  return segment != "." && segment != ".." && segment.find('/') == std::string::npos &&
         segment.find('\\') == std::string::npos && segment.find('\0') == std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view target_line = next_line(input);
  std::string_view cookie_line = next_line(input);
  std::string_view range_line = next_line(input);

  Request request;
  if (auto target = parse_target(target_line)) {
    require(!target->segments.empty() && target->path.front() == '/');
    for (std::size_t i = 0; i < target->segments.size(); ++i) {
      require(is_safe(target->segments[i]));
      require(!target->segments[i].empty() || i + 1 == target->segments.size());
    }
    request.path = target->path;
    request.segments = target->segments;
    request.query = target->query;
  } else {
    request.path = "/";
    request.segments = {""};
  }
  request.cookies = parse_cookies(cookie_line);
  for (const auto& [name, value] : request.cookies)
    require(!name.empty() && value.find(';') == std::string::npos);
  for (std::uint64_t total :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100'000}, ~std::uint64_t{0}}) {
    auto range = parse_range(range_line, total);
    if (range) require(range->first <= range->last && range->last < total);
  }

  Router router;
  router.add(Method::kGet, "/api/v1/meetings/{id}", [](Request taken, Reply reply) {
    require(!taken.parameter("id").empty());
    reply(Response::text(200, "text/plain", std::string(taken.parameter("id"))));
  });
  router.add(Method::kPost, "/{a}/b/{c}", [](Request, Reply reply) { reply(Response::empty(204)); });
  router.route(request);
  // Whatever comes back must be one well-framed header, also when values of the request stand in it.
  router.handle(request, [&](Response response) {
    response.set_header("X-Echo", request.path);
    SecurityHeaders security("https://localhost", true);
    AnswerContext context;
    context.range = range_line;
    Answer answer(std::move(response), context, security, parlour::UtcTime{0});
    std::string_view header = answer.header_left();
    require(header.find("\r\n\r\n") == header.size() - 4);
  });
  return 0;
}
