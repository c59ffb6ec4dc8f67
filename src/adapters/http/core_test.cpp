// The socket-free parts: target, cookies, ranges, routes, rate limits, static files, the form of an answer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "answer.h"
#include "base/json.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/rate_limiter.h"
#include "http/router.h"
#include "http/static_files.h"
#include "http/target.h"

namespace parlour::http {
namespace {

Request make_request(Method method, std::string_view target_text) {
  auto target = parse_target(target_text);
  EXPECT_TRUE(target) << target_text;
  Request request;
  request.method = method;
  if (target) {
    request.path = target->path;
    request.segments = target->segments;
    request.query = target->query;
  }
  return request;
}

Response answer_of(Router& router, Request request) {
  Response got;
  got.status = 0;
  router.route(request);
  router.handle(std::move(request), [&](Response response) { got = std::move(response); });
  return got;
}

TEST(Target, DecodesPathAndQuery) {
  auto target = parse_target("/a%20b/%C3%BC/?q=x+y%2Bz&empty=&bare");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a b/\xC3\xBC/");
  EXPECT_EQ(target->segments, (std::vector<std::string>{"a b", "\xC3\xBC", ""}));
  EXPECT_EQ(target->query, (TextMap{{"q", "x y+z"}, {"empty", ""}, {"bare", ""}}));
}

TEST(Target, DecodesOnce) {
  auto target = parse_target("/%252e%252e");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/%2e%2e");
}

// Security check 24.
TEST(Target, PathsThatLeadElsewhereAreNotThere) {
  for (const char* path : {"/..",
                           "/.",
                           "/a/../b",
                           "/%2e%2e/etc/passwd",
                           "/%2E%2e/x",
                           "/..%5c..%5cx",
                           "/a%5cb",
                           "/a\\b",
                           "/a%2fb",
                           "/a%2Fb",
                           "/%00",
                           "/a%00.html",
                           "/%c0%ae%c0%ae/x",
                           "/%c0%af",
                           "/%e0%80%ae",
                           "//a",
                           "/a//b",
                           "/%0d%0aX",
                           "/%1b",
                           "/%7f",
                           "/%ff",
                           "/\xC3\xBC",
                           "/a b"}) {
    auto target = parse_target(path);
    ASSERT_FALSE(target) << path;
    EXPECT_EQ(target.error(), TargetError::kNoSuchPath) << path;
  }
}

TEST(Target, RefusesBrokenForms) {
  for (const char* target : {"", "*", "http://host/path", "a", "/%", "/%2", "/%zz", "/a?%", "/a?x=%0g",
                             "/a?=1", "/a?x=1&x=2", "/a?x=%00", "/a?x=%ff", "/a#b", "/a?b#c", "/a?b c"})
    EXPECT_FALSE(parse_target(target)) << target;
  std::string many = "/?";
  for (int i = 0; i < 65; ++i) many += "k" + std::to_string(i) + "=1&";
  EXPECT_FALSE(parse_target(many));
}

TEST(Cookies, TakesPlainPairsAndLeavesOutAmbiguousOnes) {
  EXPECT_EQ(parse_cookies("a=1; __Host-session=xyz;b=\"q\""),
            (TextMap{{"a", "1"}, {"__Host-session", "xyz"}, {"b", "q"}}));
  EXPECT_EQ(parse_cookies("a=1; b=2; a=3"), (TextMap{{"b", "2"}}));
  EXPECT_EQ(parse_cookies("a=1; a=2; a=3"), TextMap{});
  EXPECT_EQ(parse_cookies("; =x; nothing; bad name=1; c=with space; d=a,b; e=1"), (TextMap{{"e", "1"}}));
}

TEST(Cookies, HostCookieHasItsFlags) {
  EXPECT_EQ(host_cookie("session", "abc", std::nullopt),
            "__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(expired_host_cookie("session"),
            "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
}

TEST(Range, SingleRangesOnly) {
  auto range = [](std::string_view header) {
    auto got = parse_range(header, 1000);
    return got ? std::to_string(got->first) + "-" + std::to_string(got->last)
           : got.error() == RangeError::kIgnored ? "ignored"
                                                 : "416";
  };
  EXPECT_EQ(range("bytes=0-0"), "0-0");
  EXPECT_EQ(range("bytes=10-"), "10-999");
  EXPECT_EQ(range("bytes=10-5000"), "10-999");
  EXPECT_EQ(range("bytes=-1"), "999-999");
  EXPECT_EQ(range("bytes=-5000"), "0-999");
  EXPECT_EQ(range("items=0-1"), "ignored");
  EXPECT_EQ(range(""), "ignored");
  for (const char* bad :
       {"bytes=", "bytes=-", "bytes=-0", "bytes=1000-", "bytes=5-4", "bytes=0-1,3-4", "bytes=a-b",
        "bytes=0x1-2", "bytes=99999999999999999999-", "bytes=1 0-20", "bytes=--1"})
    EXPECT_EQ(range(bad), "416") << bad;
  EXPECT_FALSE(parse_range("bytes=0-0", 0));
}

TEST(Origin, OnlyOurOwnPagesMayChangeThings) {
  Request request;
  EXPECT_FALSE(is_same_origin(request, "https://us"));
  request.headers["sec-fetch-site"] = "same-origin";
  EXPECT_TRUE(is_same_origin(request, "https://us"));
  request.headers["origin"] = "https://them";
  EXPECT_FALSE(is_same_origin(request, "https://us"));
  request.headers["origin"] = "null";
  EXPECT_FALSE(is_same_origin(request, "https://us"));
  request.headers["origin"] = "https://us";
  request.headers["sec-fetch-site"] = "cross-site";
  EXPECT_TRUE(is_same_origin(request, "https://us"));
  request.headers = {{"sec-fetch-site", "same-site"}};
  EXPECT_FALSE(is_same_origin(request, "https://us"));
}

TEST(Subscriber, IsTheWholeIpv4AddressOrTheFirstHalfOfAnIpv6One) {
  EXPECT_EQ(subscriber_of({"192.0.2.7", 1}), "192.0.2.7");
  EXPECT_EQ(subscriber_of({"2001:db8:1:2:3:4:5:6", 1}), "2001:db8:1:2::/64");
  EXPECT_EQ(subscriber_of({"2001:db8::6", 1}), "2001:db8:0:0::/64");
  EXPECT_EQ(subscriber_of({"2001:db8:1:2::6", 1}), "2001:db8:1:2::/64");
  EXPECT_EQ(subscriber_of({"::1", 1}), "0:0:0:0::/64");
  EXPECT_EQ(subscriber_of({"fe80::1:2:3:4:5", 1}), "fe80:0:0:1::/64");
}

class RouterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto named = [](std::string name) {
      return [name](Request request, Reply reply) {
        reply(Response::text(200, "text/plain", name + ":" + std::string(request.parameter("id"))));
      };
    };
    router_.add(Method::kGet, "/api/v1/meetings", named("list"));
    router_.add(Method::kPost, "/api/v1/meetings", named("create"), 1'000'000);
    router_.add(Method::kGet, "/api/v1/meetings/{id}", named("one"));
    router_.add(Method::kGet, "/api/v1/meetings/today", named("today"));
    router_.add(Method::kPost, "/api/v1/meetings/{id}/cancel", named("cancel"));
  }
  std::string body(Method method, std::string_view target) {
    Response response = answer_of(router_, make_request(method, target));
    return response.status == 200 ? std::get<std::string>(response.body) : std::to_string(response.status);
  }
  Router router_;
};

TEST_F(RouterTest, FindsRoutesAndParameters) {
  EXPECT_EQ(body(Method::kGet, "/api/v1/meetings"), "list:");
  EXPECT_EQ(body(Method::kGet, "/api/v1/meetings/17"), "one:17");
  EXPECT_EQ(body(Method::kGet, "/api/v1/meetings/today"), "today:");
  EXPECT_EQ(body(Method::kPost, "/api/v1/meetings/17/cancel"), "cancel:17");
  EXPECT_EQ(body(Method::kHead, "/api/v1/meetings/17"), "one:17") << "HEAD is served by GET";
  EXPECT_EQ(body(Method::kGet, "/api/v1/meetings/a%20b"), "one:a b");
}

TEST_F(RouterTest, AnswersNotFoundForWhatIsNotThere) {
  for (const char* target : {"/", "/api", "/api/v1/meetings/", "/api/v1/meetings/17/cancel/x",
                             "/API/v1/meetings", "/api/v1/meetings/17/"})
    EXPECT_EQ(body(Method::kGet, target), "404") << target;
}

TEST_F(RouterTest, NamesTheMethodsThatAreAllowed) {
  Response response = answer_of(router_, make_request(Method::kDelete, "/api/v1/meetings"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(*response.find_header("allow"), "GET, HEAD, POST");
}

TEST_F(RouterTest, TellsTheBodyLimitBeforeTheBodyIsRead) {
  Request post = make_request(Method::kPost, "/api/v1/meetings");
  EXPECT_EQ(router_.route(post).body_limit, 1'000'000u);
  EXPECT_EQ(router_.route(post).name, "/api/v1/meetings");
  Request other = make_request(Method::kPost, "/nowhere");
  EXPECT_EQ(router_.route(other).body_limit, 0u);
}

TEST_F(RouterTest, ListsItsRoutes) {
  EXPECT_EQ(router_.list().size(), 5u);
}

TEST(Problem, IsJsonWithAStableType) {
  Response response =
      problem(409, "meeting-over", "The meeting is over.", "Ask for a new one.", {{"field", "start"}});
  EXPECT_EQ(*response.find_header("Content-Type"), "application/problem+json");
  EXPECT_EQ(std::get<std::string>(response.body),
            R"({"type":"urn:parlour:problem:meeting-over","title":"The meeting is over.","status":409,)"
            R"("detail":"Ask for a new one.","field":"start"})");
}

TEST(RateLimiter, GivesBackOverTime) {
  RateLimiter limiter({20, 20, 100});
  SteadyTime now{1'000'000};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limiter.take("a", now));
  EXPECT_FALSE(limiter.take("a", now));
  EXPECT_FALSE(limiter.available("a", now));
  EXPECT_TRUE(limiter.take("b", now)) << "keys are separate";
  EXPECT_EQ(limiter.retry_after("a", now), 3s);
  EXPECT_FALSE(limiter.take("a", now + 2900ms));
  EXPECT_TRUE(limiter.take("a", now + 3s));
  EXPECT_FALSE(limiter.take("a", now + 3s));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limiter.take("a", now + 24h * 365 * 100));
  EXPECT_FALSE(limiter.take("a", now + 24h * 365 * 100));
}

TEST(RateLimiter, RefusedTriesDoNotLoseWhatHasComeBack) {
  RateLimiter limiter({60, 1, 100});
  SteadyTime now{0};
  EXPECT_TRUE(limiter.take("a", now));
  for (int i = 1; i < 10; ++i) EXPECT_FALSE(limiter.take("a", now + i * 100ms));
  EXPECT_TRUE(limiter.take("a", now + 1s));
}

TEST(RateLimiter, TableIsBoundedAndForgetsTheLeastRecentlyUsed) {
  RateLimiter limiter({1, 1, 10});
  SteadyTime now{0};
  EXPECT_TRUE(limiter.take("kept", now));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(limiter.take("key" + std::to_string(i), now));
    EXPECT_FALSE(limiter.take("kept", now));
  }
  EXPECT_EQ(limiter.size(), 10u);
}

class StaticFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "parlour_static_XXXXXX").string();
    directory_ = mkdtemp(name.data());
    std::filesystem::create_directories(directory_ / "assets");
    std::filesystem::create_directories(directory_ / ".git");
    put("join.html", "<p>join");
    put("console.html", "<p>console");
    put("assets/app-1a2B_-4d.js", "let x");
    put("assets/app-1a2B_-4d.js.gz", "gzip form");
    put("assets/app-1a2B_-4d.js.map", "source");
    put("assets/plain.css", "p{}");
    put(".git/config", "secret");
    std::filesystem::create_symlink("/etc/passwd", directory_ / "link.txt");
    auto loaded = StaticFiles::load(directory_);
    ASSERT_TRUE(loaded) << loaded.error();
    files_.emplace(std::move(*loaded));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void put(const char* name, const char* text) { std::ofstream(directory_ / name) << text; }
  Response get(std::string_view target, TextMap headers = {}, Method method = Method::kGet) {
    Request request = make_request(method, target);
    request.headers = std::move(headers);
    return files_->answer(request);
  }
  static std::string body(const Response& response) {
    auto* shared = std::get_if<Response::SharedText>(&response.body);
    return shared != nullptr && *shared ? **shared : "";
  }

  std::filesystem::path directory_;
  std::optional<StaticFiles> files_;
};

TEST_F(StaticFilesTest, ServesTheEntries) {
  EXPECT_EQ(body(get("/j")), "<p>join");
  EXPECT_EQ(body(get("/console")), "<p>console");
  EXPECT_EQ(body(get("/console/meetings/17")), "<p>console");
  EXPECT_EQ(*get("/console").find_header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(get("/console").find_header("Cache-Control"), nullptr) << "the default, no-store, is added later";
  Response root = get("/");
  EXPECT_EQ(root.status, 302);
  EXPECT_EQ(*root.find_header("Location"), "/console");
  EXPECT_EQ(get("/j", {}, Method::kPost).status, 405);
  EXPECT_EQ(get("/consoles").status, 404);
}

TEST_F(StaticFilesTest, FaultD1EveryPathThatABrowserShowsIsAPage) {
  TextMap browser{{"accept", "text/html,application/xhtml+xml,*/*;q=0.8"}};
  for (const char* path : {"/j/", "/J", "/j%23abc.def", "/j/%23abc", "/join", "/j)", "/j%3E", "/Join/us"}) {
    EXPECT_EQ(body(get(path, browser)), "<p>join") << path;
    EXPECT_EQ(get(path, browser).status, 200) << path;
  }
  Response unknown = get("/consoles", browser);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(body(unknown), "<p>join");
  EXPECT_EQ(*unknown.find_header("Content-Type"), "text/html; charset=utf-8");
  Response api = get("/api/v1/nothing", browser);
  ASSERT_NE(api.find_header("Content-Type"), nullptr);
  EXPECT_EQ(*api.find_header("Content-Type"), "application/problem+json");
  EXPECT_NE(body(get("/api/v1/nothing", browser)), "<p>join") << "the interface answers programs";
  EXPECT_NE(body(get("/consoles", {{"accept", "*/*"}})), "<p>join");
  EXPECT_EQ(get("/consoles", browser, Method::kPost).status, 404);
}

TEST_F(StaticFilesTest, ChoosesTheCompressedFormAndKeepsHashedNamesForever) {
  EXPECT_EQ(body(get("/assets/app-1a2B_-4d.js")), "let x");
  Response gzip = get("/assets/app-1a2B_-4d.js", {{"accept-encoding", "br, gzip"}});
  EXPECT_EQ(body(gzip), "gzip form");
  EXPECT_EQ(*gzip.find_header("Content-Encoding"), "gzip");
  EXPECT_EQ(*gzip.find_header("Vary"), "Accept-Encoding");
  EXPECT_EQ(*gzip.find_header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(*gzip.find_header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(body(get("/assets/app-1a2B_-4d.js", {{"accept-encoding", "gzip;q=0, br"}})), "let x");
  EXPECT_EQ(body(get("/assets/app-1a2B_-4d.js", {{"accept-encoding", "gzip;q=0.5"}})), "gzip form");
  EXPECT_EQ(get("/assets/plain.css").find_header("Cache-Control"), nullptr);
}

TEST_F(StaticFilesTest, AnswersNotModified) {
  Response first = get("/assets/plain.css");
  std::string etag = *first.find_header("ETag");
  EXPECT_EQ(get("/assets/plain.css", {{"if-none-match", "\"x\", W/" + etag}}).status, 304);
  EXPECT_EQ(get("/assets/plain.css", {{"if-none-match", "\"x\""}}).status, 200);
  EXPECT_NE(*get("/assets/app-1a2B_-4d.js").find_header("ETag"),
            *get("/assets/app-1a2B_-4d.js", {{"accept-encoding", "gzip"}}).find_header("ETag"));
}

// Security checks 24 and 44.
TEST_F(StaticFilesTest, HasNeitherHiddenFilesNorSourceMapsNorLinks) {
  for (const char* target : {"/assets/app-1a2B_-4d.js.map", "/.git/config", "/link.txt", "/assets",
                             "/assets/", "/assets/app-1a2B_-4d.js.gz", "/etc/passwd"})
    EXPECT_EQ(get(target).status, 404) << target;
  EXPECT_EQ(files_->file_count(), 4u);
}

TEST_F(StaticFilesTest, RefusesADirectoryWithoutTheEntries) {
  EXPECT_FALSE(StaticFiles::load(directory_ / "assets"));
  EXPECT_FALSE(StaticFiles::load(directory_ / "nowhere"));
}

const SecurityHeaders kSecurity("https://parlour.example:8443", true);

std::string header_of(Response response, AnswerContext context = {}) {
  Answer answer(std::move(response), context, kSecurity, UtcTime{1'700'000'000'000'000});
  return std::string(answer.header_left());
}

TEST(Answer, CarriesTheSecurityHeaders) {
  std::string header = header_of(Response::empty(404));
  for (const char* field :
       {"HTTP/1.1 404 Not Found\r\n", "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n", "Content-Length: 0\r\n",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' "
        "wss://parlour.example:8443; ",
        "frame-ancestors 'none'\r\n", "Referrer-Policy: no-referrer\r\n",
        "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self), ",
        "Cross-Origin-Opener-Policy: same-origin\r\n", "Cross-Origin-Resource-Policy: same-origin\r\n",
        "Cache-Control: no-store\r\n"})
    EXPECT_NE(header.find(field), std::string::npos) << field;
  EXPECT_EQ(header.find("unsafe"), std::string::npos);
}

TEST(Answer, LetsHandlersChangeTheirPolicyButNotTheRest) {
  Response response = Response::empty(200);
  response.set_header("Content-Security-Policy", "sandbox");
  response.set_header("x-content-type-options", "sniff");
  response.set_header("Content-Length", "7");
  response.set_header("Transfer-Encoding", "chunked");
  std::string header = header_of(response);
  EXPECT_NE(header.find("Content-Security-Policy: sandbox\r\n"), std::string::npos);
  EXPECT_EQ(header.find("default-src"), std::string::npos);
  EXPECT_NE(header.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_EQ(header.find("x-content-type-options"), std::string::npos);
  EXPECT_NE(header.find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(header.find("chunked"), std::string::npos);
}

TEST(Answer, AFieldWithALineBreakBecomesAnInternalError) {
  for (const char* value : {"a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "\x01"})
    EXPECT_EQ(header_of(Response::empty(200).set_header("X-Name", value)).find("HTTP/1.1 500 "), 0u);
  EXPECT_EQ(header_of(Response::empty(200).set_header("X Name", "a")).find("HTTP/1.1 500 "), 0u);
  EXPECT_EQ(header_of(Response::empty(99)).find("HTTP/1.1 500 "), 0u);
}

TEST(Answer, HeadAndEmptyStatusesHaveNoBody) {
  AnswerContext head;
  head.is_head = true;
  Answer answer(Response::text(200, "text/plain", "12345"), head, kSecurity, UtcTime{0});
  EXPECT_NE(answer.header_left().find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answer.piece_left().empty());
  Answer no_content(Response::empty(204), {}, kSecurity, UtcTime{0});
  EXPECT_EQ(no_content.header_left().find("Content-Length"), std::string::npos);
}

class CountingSource final : public RangeSource {
 public:
  explicit CountingSource(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t, std::size_t, ReadDone) override {}
  void on_sent(std::uint64_t offset, std::uint64_t count) override { sent.emplace_back(offset, count); }
  void on_end() override { ++ends; }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> sent;
  int ends = 0;

 private:
  std::uint64_t size_;
};

TEST(Answer, ReportsWhatOfASourceWasWritten) {
  auto source = std::make_shared<CountingSource>(100'000);
  Response response = Response::empty(200);
  response.body = source;
  AnswerContext context;
  context.range = "bytes=10-70009";
  {
    Answer answer(std::move(response), context, kSecurity, UtcTime{0});
    EXPECT_NE(answer.header_left().find("Content-Range: bytes 10-70009/100000\r\n"), std::string::npos);
    EXPECT_NE(answer.header_left().find("Content-Length: 70000\r\n"), std::string::npos);
    EXPECT_EQ(answer.status(), 206);
    ASSERT_TRUE(answer.wants_read());
    EXPECT_EQ(answer.read_offset(), 10u);
    EXPECT_EQ(answer.read_size(), 65536u);
    answer.set_piece(Bytes(65536));
    answer.written(answer.header_left().size() - 1);
    EXPECT_TRUE(source->sent.empty());
    answer.written(1 + 1000);
    answer.written(64536);
    ASSERT_TRUE(answer.wants_read());
    EXPECT_EQ(answer.read_offset(), 10u + 65536u);
    EXPECT_EQ(answer.read_size(), 70000u - 65536u);
    EXPECT_FALSE(answer.is_done());
    EXPECT_EQ(source->ends, 0);
  }
  EXPECT_EQ(source->ends, 1);
  EXPECT_EQ(source->sent, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{10, 1000}, {1010, 64536}}));
}

TEST(Answer, UnsatisfiableRangesNameTheSize) {
  auto source = std::make_shared<CountingSource>(100);
  Response response = Response::empty(200);
  response.body = source;
  AnswerContext context;
  context.range = "bytes=100-";
  std::string header = header_of(std::move(response), context);
  EXPECT_EQ(header.find("HTTP/1.1 416 "), 0u);
  EXPECT_NE(header.find("Content-Range: bytes */100\r\n"), std::string::npos);
  EXPECT_EQ(source->ends, 1);
}

TEST(Answer, IfRangeOfAnotherVersionSendsTheWhole) {
  for (auto [tag, status] : {std::pair{"\"v1\"", "206"}, {"\"v2\"", "200"}, {"W/\"v1\"", "200"}}) {
    Response response = Response::empty(200);
    response.body = std::make_shared<CountingSource>(100);
    response.set_header("ETag", "\"v1\"");
    AnswerContext context;
    context.range = "bytes=0-9";
    context.if_range = tag;
    EXPECT_EQ(header_of(std::move(response), context).substr(9, 3), status) << tag;
  }
}

}  // namespace
}  // namespace parlour::http
