#include "CRE2.h"

#include <re2/re2.h>

#include <cstring>
#include <string>
#include <vector>

struct cre2_pattern {
    RE2 re;
    RE2::Anchor anchor;
    cre2_pattern(const std::string &text, const RE2::Options &options, bool anchored)
        : re(text, options), anchor(anchored ? RE2::ANCHOR_BOTH : RE2::UNANCHORED) {}
};

static cre2_error reason(RE2::ErrorCode code) {
    switch (code) {
    case RE2::ErrorBadEscape: return CRE2_BAD_ESCAPE;
    case RE2::ErrorBadCharClass: return CRE2_BAD_CLASS;
    case RE2::ErrorBadCharRange: return CRE2_BAD_RANGE;
    case RE2::ErrorMissingBracket: return CRE2_MISSING_BRACKET;
    case RE2::ErrorMissingParen: return CRE2_MISSING_PARENTHESIS;
    case RE2::ErrorUnexpectedParen: return CRE2_UNEXPECTED_PARENTHESIS;
    case RE2::ErrorTrailingBackslash: return CRE2_TRAILING_BACKSLASH;
    case RE2::ErrorRepeatArgument: return CRE2_REPEAT_ARGUMENT;
    case RE2::ErrorRepeatSize: return CRE2_REPEAT_SIZE;
    case RE2::ErrorRepeatOp: return CRE2_REPEAT_OPERATOR;
    case RE2::ErrorBadPerlOp: return CRE2_BAD_PERL_OPERATOR;
    case RE2::ErrorBadUTF8: return CRE2_BAD_UTF8;
    case RE2::ErrorBadNamedCapture: return CRE2_BAD_NAMED_GROUP;
    case RE2::ErrorPatternTooLarge: return CRE2_TOO_LARGE;
    case RE2::NoError:
    case RE2::ErrorInternal: return CRE2_INTERNAL;
    }
    return CRE2_INTERNAL;
}

extern "C" {

cre2_pattern *cre2_compile(const char *pattern, size_t length, bool anchored, cre2_error *error, char *argument,
                           size_t capacity) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(anchored);
    auto *compiled = new cre2_pattern(std::string(pattern, length), options, anchored);
    if (compiled->re.ok()) return compiled;
    *error = reason(compiled->re.error_code());
    std::strncpy(argument, compiled->re.error_arg().c_str(), capacity - 1);
    argument[capacity - 1] = 0;
    delete compiled;
    return nullptr;
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

bool cre2_matches(const cre2_pattern *pattern, const char *text, size_t length) {
    return pattern->re.Match(re2::StringPiece(text, length), 0, length, pattern->anchor, nullptr, 0);
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
    if (!pattern->re.Match(input, start, length, pattern->anchor, found.data(), groups)) return false;
    for (int i = 0; i < groups; i++) {
        const bool present = found[i].data() != nullptr;
        offsets[2 * i] = present ? found[i].data() - input.data() : -1;
        offsets[2 * i + 1] = present ? offsets[2 * i] + static_cast<ptrdiff_t>(found[i].size()) : -1;
    }
    return true;
}
}
