// Reading a command's options: --name VALUE and --flag, each at most once; unknown ones are refused with the
// nearest known one.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace parlour::bin {

class Options {
 public:
  // `values` take a value, `flags` don't. The rest are positional.
  static Result<Options, std::string> read(const std::vector<std::string>& arguments,
                                           std::vector<std::string> values,
                                           std::vector<std::string> flags = {}) {
    Options out;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& argument = arguments[i];
      if (!argument.starts_with("--")) {
        out.positional.push_back(argument);
        continue;
      }
      std::string name = argument.substr(2);
      if (std::find(flags.begin(), flags.end(), name) != flags.end()) {
        out.given_[name] = "yes";
        continue;
      }
      if (std::find(values.begin(), values.end(), name) == values.end()) {
        std::vector<std::string> all = values;
        all.insert(all.end(), flags.begin(), flags.end());
        return fail("There is no option " + argument + "; did you mean --" + nearest(name, all) + "?");
      }
      if (i + 1 == arguments.size()) return fail(argument + " needs a value.");
      if (!out.given_.emplace(name, arguments[++i]).second) return fail(argument + " was given twice.");
    }
    return out;
  }

  std::optional<std::string> get(const std::string& name) const {
    auto found = given_.find(name);
    return found == given_.end() ? std::nullopt : std::optional(found->second);
  }
  std::string get_or(const std::string& name, std::string fallback) const {
    return get(name).value_or(std::move(fallback));
  }
  bool has(const std::string& name) const { return given_.contains(name); }

  std::vector<std::string> positional;

 private:
  // By the length of the longest common subsequence: good enough for typing mistakes.
  static std::string nearest(const std::string& name, const std::vector<std::string>& known) {
    std::string best = known.empty() ? "" : known.front();
    std::size_t best_score = 0;
    for (const std::string& candidate : known) {
      std::vector<std::vector<std::size_t>> table(name.size() + 1,
                                                  std::vector<std::size_t>(candidate.size() + 1));
      for (std::size_t i = 1; i <= name.size(); ++i)
        for (std::size_t j = 1; j <= candidate.size(); ++j)
          table[i][j] = name[i - 1] == candidate[j - 1] ? table[i - 1][j - 1] + 1
                                                        : std::max(table[i - 1][j], table[i][j - 1]);
      std::size_t score =
          2 * table[name.size()][candidate.size()] * 100 / (name.size() + candidate.size() + 1);
      if (score > best_score) best_score = score, best = candidate;
    }
    return best;
  }

  std::map<std::string, std::string> given_;
};

}  // namespace parlour::bin
