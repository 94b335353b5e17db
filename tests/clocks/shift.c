/* A whole process tree whose wall clock is shifted by MOTCUA_CLOCK_SHIFT seconds; what runs steadily isn't touched.

   Belongs here: every way in which Python, DuckDB, SQLite and OpenSSL ask for the time of day, wait until one, and
   read or set a file's times, which the kernel keeps by its own clock. Doesn't: which tests run so (make clocks). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long shift(void) {
    static long seconds;
    static int is_known;
    if (!is_known) {
        const char *text = getenv("MOTCUA_CLOCK_SHIFT");
        seconds = text ? atol(text) : 0;
        is_known = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int failed = real(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += shift();
    return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
    static __typeof__(&gettimeofday) real;
    if (!real) real = REAL(gettimeofday);
    int failed = real(at, zone);
    if (!failed) at->tv_sec += shift();
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

static struct timespec unshifted(const struct timespec *at) {
    struct timespec real = *at;
    real.tv_sec -= shift();
    return real;
}

int sem_timedwait(sem_t *sem, const struct timespec *until) {
    struct timespec real = unshifted(until);
    return REAL(sem_timedwait)(sem, &real);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until) {
    /* One whose clock is the steady one gives a time near that clock's, which is far below any date. */
    struct timespec real = until->tv_sec < 1000000000 ? *until : unshifted(until);
    return REAL(pthread_cond_timedwait)(cond, mutex, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    struct timespec real = unshifted(until);
    return REAL(pthread_mutex_timedlock)(mutex, &real);
}

#define SHOWN(name, arguments, given)                       \
    int name arguments {                                    \
        int failed = REAL(name) given;                      \
        if (!failed) {                                      \
            found->st_mtim.tv_sec += shift();               \
            found->st_atim.tv_sec += shift();               \
            found->st_ctim.tv_sec += shift();               \
        }                                                   \
        return failed;                                      \
    }
#define WAYS(stat, lstat, fstat, fstatat)                                                                  \
    SHOWN(stat, (const char *path, struct stat *found), (path, found))                                     \
    SHOWN(lstat, (const char *path, struct stat *found), (path, found))                                    \
    SHOWN(fstat, (int file, struct stat *found), (file, found))                                            \
    SHOWN(fstatat, (int folder, const char *path, struct stat *found, int flags), (folder, path, found, flags))
WAYS(stat, lstat, fstat, fstatat)
#define stat stat64
WAYS(stat64, lstat64, fstat64, fstatat64)
#undef stat

static const struct timespec *kept(const struct timespec given[2], struct timespec real[2]) {
    if (!given) return NULL;
    for (int n = 0; n < 2; n++) {
        int is_a_word = given[n].tv_nsec == UTIME_NOW || given[n].tv_nsec == UTIME_OMIT;
        real[n] = is_a_word ? given[n] : unshifted(&given[n]);
    }
    return real;
}

int utimensat(int folder, const char *path, const struct timespec given[2], int flags) {
    struct timespec real[2];
    return REAL(utimensat)(folder, path, kept(given, real), flags);
}

int futimens(int file, const struct timespec given[2]) {
    struct timespec real[2];
    return REAL(futimens)(file, kept(given, real));
}
