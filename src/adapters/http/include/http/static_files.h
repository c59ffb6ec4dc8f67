// The built web client, served from memory.
//
// load() reads a directory once: every regular file becomes one entry under its relative name; no request
// ever names a file, so there is no traversal to defend against. Left out: names with a leading dot, source
// maps, symbolic links. "x.gz" beside "x" is the pre-compressed form of x, chosen by Accept-Encoding. Any
// thread.
//
//   /                       → 302 to /console
//   /j, /j/…, /J…, /join    → join.html: whatever was done to a link, its page is what explains
//   /console, /console/…    → console.html (its pages are routed in the browser)
//   /assets/name-HASH.ext   → immutable for a year; everything else is not stored
//   a browser's other paths → 404 with join.html, which says that there is no such page; programs get the 404
//   alone
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace parlour::http {

class StaticFiles {
 public:
  // The error says which file could not be used.
  static Result<StaticFiles, std::string> load(const std::filesystem::path& directory);

  // 200, 304, 302, 404, or 405 for other methods than GET and HEAD.
  Response answer(const Request& request) const;
  void handle(const Request& request, const Reply& reply) const { reply(answer(request)); }

  std::size_t file_count() const { return files_.size(); }

 private:
  struct File {
    Response::SharedText plain;
    Response::SharedText gzip;  // null: none
    std::string content_type;
    std::string etag;  // quoted, strong; the gzip form's is made from it
    bool immutable = false;
  };

  const File* find(std::string_view path) const;

  std::map<std::string, File, std::less<>> files_;  // "/assets/app-1a2b3c4d.js"
};

}  // namespace parlour::http
