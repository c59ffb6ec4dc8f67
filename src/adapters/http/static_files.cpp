#include "http/static_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "http/problem.h"

namespace parlour::http {
namespace {

// The web client is well below this; a wrong directory is found out before it fills the memory.
constexpr std::uintmax_t kTotalLimit = 64 * 1024 * 1024;

std::string content_type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".mp3", "audio/mpeg"},
      {".ogg", "audio/ogg"},
      {".wav", "audio/wav"},
      {".webm", "video/webm"},
      {".mp4", "video/mp4"},
      {".txt", "text/plain; charset=utf-8"},
  };
  for (auto [ending, type] : kTypes)
    if (name.ends_with(ending)) return std::string(type);
  return "application/octet-stream";
}

// FNV-1a in two lanes, 128 bits. An ETag only tells versions of our own files apart.
std::string make_etag(std::string_view bytes) {
  std::uint64_t a = 14695981039346656037u;
  std::uint64_t b = 0x9E3779B97F4A7C15u;
  for (unsigned char c : bytes) {
    a = (a ^ c) * 1099511628211u;
    b = (b + c) * 6364136223846793005u + 1442695040888963407u;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (std::uint64_t lane : {a, b})
    for (int shift = 60; shift >= 0; shift -= 4) out += kHex[lane >> shift & 15];
  return out + '"';
}

// "/assets/name-HASH.ext" as the bundler writes it: eight characters of base64url before the ending.
bool has_hashed_name(std::string_view path) {
  if (!path.starts_with("/assets/")) return false;
  std::size_t dot = path.find_last_of('.');
  if (dot == std::string_view::npos || dot < 9) return false;
  std::string_view hash = path.substr(dot - 8, 8);
  return path[dot - 9] == '-' && std::all_of(hash.begin(), hash.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                  c == '_';
         });
}

// "gzip" with a weight other than zero (RFC 9110 section 12.5.3).
bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    std::size_t comma = header.find(',');
    std::string_view coding = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    std::string_view name = coding.substr(0, coding.find(';'));
    name = name.substr(std::min(name.find_first_not_of(" \t"), name.size()));
    name = name.substr(0, name.find_last_not_of(" \t") + 1);
    if (name != "gzip") continue;
    std::size_t weight = coding.find("q=");
    return weight == std::string_view::npos ||
           coding.find_first_of("123456789", weight) != std::string_view::npos;
  }
  return false;
}

// If-None-Match compares weakly (RFC 9110 section 13.1.2).
bool names_etag(std::string_view header, std::string_view etag) {
  if (header == "*") return true;
  while (!header.empty()) {
    std::size_t comma = header.find(',');
    std::string_view tag = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    tag = tag.substr(std::min(tag.find_first_not_of(" \t"), tag.size()));
    tag = tag.substr(0, tag.find_last_not_of(" \t") + 1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

std::optional<std::string> read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return std::nullopt;
  return bytes;
}

bool has_hidden_part(const std::filesystem::path& relative) {
  return std::any_of(relative.begin(), relative.end(),
                     [](const auto& part) { return part.string().starts_with('.'); });
}

// "/j" with what mail programs make of the rest of a link: "/j/", "/J", "/j#token" (the "%23" of it),
// "/join". No other page begins so.
bool is_link_path(std::string_view path) {
  return path.starts_with("/j") || path.starts_with("/J");
}

// A browser that shows what comes to a person; our interface's own paths are never pages.
bool wants_page(const Request& request) {
  return (request.method == Method::kGet || request.method == Method::kHead) &&
         !request.path.starts_with("/api/") &&
         request.header("accept").find("text/html") != std::string_view::npos;
}

}  // namespace

Result<StaticFiles, std::string> StaticFiles::load(const std::filesystem::path& directory) {
  std::error_code error;
  std::map<std::string, Response::SharedText> contents;
  std::uintmax_t total = 0;
  auto end = std::filesystem::recursive_directory_iterator();
  auto at = std::filesystem::recursive_directory_iterator(directory, error);
  if (error) return fail("cannot be read: " + directory.string());
  while (at != end) {
    if (at->is_regular_file(error) && !at->is_symlink(error)) {
      std::filesystem::path relative = at->path().lexically_relative(directory);
      std::string name = "/" + relative.generic_string();
      if (!has_hidden_part(relative) && !name.ends_with(".map") && !name.ends_with(".map.gz")) {
        total += at->file_size(error);
        if (error || total > kTotalLimit) return fail("too large to be a web client: " + directory.string());
        auto bytes = read_whole(at->path());
        if (!bytes) return fail("cannot be read: " + at->path().string());
        contents[name] = std::make_shared<const std::string>(std::move(*bytes));
      }
    }
    at.increment(error);
    if (error) return fail("cannot be read: " + directory.string());
  }

  StaticFiles files;
  for (const auto& [name, bytes] : contents) {
    if (name.ends_with(".gz") && contents.contains(name.substr(0, name.size() - 3))) continue;
    File file;
    file.plain = bytes;
    if (auto gzip = contents.find(name + ".gz"); gzip != contents.end()) file.gzip = gzip->second;
    file.content_type = content_type_of(name);
    file.etag = make_etag(*bytes);
    file.immutable = has_hashed_name(name);
    files.files_.emplace(name, std::move(file));
  }
  for (const char* entry : {"/join.html", "/console.html"})
    if (!files.files_.contains(entry))
      return fail(std::string(entry + 1) + " is missing in " + directory.string());
  return files;
}

const StaticFiles::File* StaticFiles::find(std::string_view path) const {
  if (path == "/console" || path.starts_with("/console/")) path = "/console.html";
  auto found = files_.find(path);
  if (found == files_.end() && is_link_path(path)) found = files_.find("/join.html");
  return found == files_.end() ? nullptr : &found->second;
}

Response StaticFiles::answer(const Request& request) const {
  const File* file = find(request.path);
  bool is_root = request.path == "/";
  bool is_missing = file == nullptr && !is_root;
  if (is_missing && wants_page(request)) file = find("/j");
  if (file == nullptr && !is_root) return not_found();
  if (request.method != Method::kGet && request.method != Method::kHead)
    return method_not_allowed("GET, HEAD");
  if (is_root) return Response::redirect(302, "/console");

  bool gzip = file->gzip != nullptr && accepts_gzip(request.header("accept-encoding"));
  std::string etag = gzip ? file->etag.substr(0, file->etag.size() - 1) + "-gz\"" : file->etag;
  Response response;
  if (is_missing) {
    response.status = 404;
    response.set_header("Content-Type", file->content_type);
    response.body = file->plain;
    return response;
  }
  response.set_header("ETag", etag);
  if (file->gzip != nullptr) response.set_header("Vary", "Accept-Encoding");
  if (file->immutable) response.set_header("Cache-Control", "public, max-age=31536000, immutable");
  if (names_etag(request.header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  response.set_header("Content-Type", file->content_type);
  if (gzip) response.set_header("Content-Encoding", "gzip");
  response.body = gzip ? file->gzip : file->plain;
  return response;
}

}  // namespace parlour::http
