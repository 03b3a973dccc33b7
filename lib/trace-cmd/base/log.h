/*
 * log.h - diagnostics with a level, on stderr.
 *
 * Layer 0. Library code uses log_debug() only; commands may use the others.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_NONE, LOG_CRIT, LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_ALL,
};

/* Show messages up to @level; the default is LOG_WARN. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Print one line, "@fmt" and a newline, if @level is enabled. */
void log_print(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_debug(...)	log_print(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)	log_print(LOG_INFO, __VA_ARGS__)
#define log_warn(...)	log_print(LOG_WARN, __VA_ARGS__)

#endif
