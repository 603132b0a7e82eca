// A C face of RE2 (https://github.com/google/re2): linear-time regular expressions, as Prometheus and Go use them.
#ifndef VITALS_CRE2_H
#define VITALS_CRE2_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

/// Why a pattern could not be compiled.
typedef enum {
    CRE2_INTERNAL,
    CRE2_BAD_ESCAPE,
    CRE2_BAD_CLASS,
    CRE2_BAD_RANGE,
    CRE2_MISSING_BRACKET,
    CRE2_MISSING_PARENTHESIS,
    CRE2_UNEXPECTED_PARENTHESIS,
    CRE2_TRAILING_BACKSLASH,
    CRE2_REPEAT_ARGUMENT,
    CRE2_REPEAT_SIZE,
    CRE2_REPEAT_OPERATOR,
    CRE2_BAD_PERL_OPERATOR,
    CRE2_BAD_UTF8,
    CRE2_BAD_NAMED_GROUP,
    CRE2_TOO_LARGE,
} cre2_error;

/// Compiles `pattern`. With `anchored` it has to match the whole text and its dot matches a newline too, as Prometheus' matchers
/// do. On a syntax error the answer is NULL, `error` the reason, and `argument` (of `argument_capacity` bytes, at least 1) the
/// part of the pattern that is to blame, NUL-terminated.
cre2_pattern *_Nullable cre2_compile(const char *_Nonnull pattern, size_t length, bool anchored, cre2_error *_Nonnull error,
                                     char *_Nonnull argument, size_t argument_capacity);

void cre2_free(cre2_pattern *_Nonnull pattern);

/// Whether the pattern matches somewhere in `text` (the whole of it, when compiled anchored). Safe from several threads at once.
bool cre2_matches(const cre2_pattern *_Nonnull pattern, const char *_Nullable text, size_t length);

/// The number of capturing groups, without group 0.
int cre2_group_count(const cre2_pattern *_Nonnull pattern);

/// The index of the group named `name`, or -1.
int cre2_group_index(const cre2_pattern *_Nonnull pattern, const char *_Nonnull name, size_t length);

/// Finds the first match at or after `start`. `offsets` gets 2 × `groups` byte offsets (start, end; -1, -1 for a group that took
/// no part), group 0 first. False when there is no match.
bool cre2_find(const cre2_pattern *_Nonnull pattern, const char *_Nullable text, size_t length, size_t start, int groups,
               ptrdiff_t *_Nonnull offsets);

#ifdef __cplusplus
}
#endif

#endif
