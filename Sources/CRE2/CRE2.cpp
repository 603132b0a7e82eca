#include "CRE2.h"

#include <re2/re2.h>

#include <cstring>
#include <string>
#include <vector>

struct cre2_pattern {
    RE2 re;
    cre2_pattern(const std::string &text, const RE2::Options &options) : re(text, options) {}
};

static cre2_pattern *compile(const std::string &text, char *error, size_t capacity) {
    RE2::Options options;
    options.set_log_errors(false);
    auto *pattern = new cre2_pattern(text, options);
    if (pattern->re.ok()) return pattern;
    std::strncpy(error, pattern->re.error().c_str(), capacity - 1);
    error[capacity - 1] = 0;
    delete pattern;
    return nullptr;
}

extern "C" {

cre2_pattern *cre2_compile_anchored(const char *pattern, size_t length, char *error, size_t capacity) {
    return compile("^(?s:" + std::string(pattern, length) + ")$", error, capacity);
}

cre2_pattern *cre2_compile(const char *pattern, size_t length, char *error, size_t capacity) {
    return compile(std::string(pattern, length), error, capacity);
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length) {
    return pattern->re.Match(re2::StringPiece(text, length), 0, length, RE2::UNANCHORED, nullptr, 0);
}

int cre2_group_count(const cre2_pattern *pattern) { return pattern->re.NumberOfCapturingGroups(); }

int cre2_group_index(const cre2_pattern *pattern, const char *name, size_t length) {
    const auto &groups = pattern->re.NamedCapturingGroups();
    const auto found = groups.find(std::string(name, length));
    return found == groups.end() ? -1 : found->second;
}

bool cre2_find(const cre2_pattern *pattern, const char *text, size_t length, size_t start, int groups, ptrdiff_t *offsets) {
    std::vector<re2::StringPiece> found(groups);
    const re2::StringPiece input(text, length);
    if (!pattern->re.Match(input, start, length, RE2::UNANCHORED, found.data(), groups)) return false;
    for (int i = 0; i < groups; i++) {
        const bool present = found[i].data() != nullptr;
        offsets[2 * i] = present ? found[i].data() - input.data() : -1;
        offsets[2 * i + 1] = present ? offsets[2 * i] + static_cast<ptrdiff_t>(found[i].size()) : -1;
    }
    return true;
}
}
