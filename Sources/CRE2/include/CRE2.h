// A C face of RE2 (https://github.com/google/re2): linear-time regular expressions, as Prometheus and Go use them.
#ifndef VITALS_CRE2_H
#define VITALS_CRE2_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

/// Compiles `pattern` as `^(?s:pattern)$`, the anchoring of Prometheus' matchers. On a syntax error the answer is NULL and
/// `error` (of `error_capacity` bytes, at least 1) holds the reason, NUL-terminated.
cre2_pattern *_Nullable cre2_compile_anchored(const char *_Nonnull pattern, size_t length, char *_Nonnull error,
                                              size_t error_capacity);

/// Compiles `pattern` as it stands. Errors as `cre2_compile_anchored`.
cre2_pattern *_Nullable cre2_compile(const char *_Nonnull pattern, size_t length, char *_Nonnull error,
                                     size_t error_capacity);

void cre2_free(cre2_pattern *_Nonnull pattern);

/// Whether the pattern matches somewhere in `text` (everywhere, when compiled anchored). Safe from several threads at once.
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
