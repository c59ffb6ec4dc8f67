// What text may stand where: codes in the leaves, and outside text made harmless before it is committed.
// (Log injection: line breaks, terminal escapes, text that runs backwards, megabytes.) Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace parlour::audit {

constexpr std::size_t kCodeBytesMax = 128;
constexpr std::size_t kPersonalBytesMax = 1024;

// 1–128 of A–Z a–z 0–9 . _ : / + @ = , -  : cannot break a line, a terminal, a table or a shell.
bool is_code(std::string_view text);
// 64 lower-case hex digits.
bool is_sha256_hex(std::string_view text);

// Outside text (a user agent, a name) in a form that may be stored and shown anywhere: what is not UTF-8
// becomes U+FFFD; control characters (C0, DEL, C1), line and paragraph separators, direction marks and other
// invisible format characters (but the joiners that names need) become \u{hex}; a backslash becomes two, so
// the form has one meaning; cut at a character boundary to at most `bytes_max` with "…" at its end.
std::string harmless_text(std::string_view outside, std::size_t bytes_max = kPersonalBytesMax);
// True when harmless_text(text) would change nothing but backslashes: for checks of what is disclosed.
bool is_harmless(std::string_view text);

}  // namespace parlour::audit
