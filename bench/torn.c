// Notes every change of files below a folder, for images of what a power loss would have left.
//
// Loaded before the C library (LD_PRELOAD); `TORN_HOME` names the folder, `TORN_LOG` the file that
// the notes go to. A note is written when the call has succeeded and before it returns, so that
// whatever is acknowledged later is later in the log too. `attack.py` reads the notes:
//
//     u8 kind, u64 time in ns (CLOCK_MONOTONIC), u64 inode, u64 offset or size,
//     u32 bytes of a path, u32 bytes of data, the path, the data
//
// What SQLite maps into memory (`-shm`) is not noted: it is made anew after a crash.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { CREATE = 'c', WRITE = 'w', TRUNCATE = 't', SYNC = 's', RENAME = 'r', UNLINK = 'u', MKDIR = 'm', RMDIR = 'd' };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int notes = -1;
static char home[PATH_MAX];

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t real_write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, bytes, count);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TORN_LOG"), *folder = getenv("TORN_HOME");
    if (!path || !folder) return;
    snprintf(home, sizeof home, "%s", folder);
    REAL(int, "open64", const char *, int, ...);
    notes = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_ours(const char *path) {
    size_t length = strlen(home), all = strlen(path);
    if (notes < 0 || !length || strncmp(path, home, length) != 0) return 0;
    return !(all > 4 && strcmp(path + all - 4, "-shm") == 0);
}

static void put(const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = real_write(notes, at, count);
        if (written < 0) abort();
        at += written;
        count -= written;
    }
}

static void note(char kind, uint64_t inode, uint64_t offset, const char *path, const void *data, size_t count) {
    int kept = errno;
    struct timespec now;
    uint32_t lengths[2] = {path ? strlen(path) : 0, count};
    pthread_mutex_lock(&lock);
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t numbers[3] = {now.tv_sec * 1000000000ull + now.tv_nsec, inode, offset};
    put(&kind, 1);
    put(numbers, sizeof numbers);
    put(lengths, sizeof lengths);
    put(path, lengths[0]);
    put(data, count);
    pthread_mutex_unlock(&lock);
    errno = kept;
}

// The path of an open file if it is ours, and its inode.
static int path_of(int fd, char *path, uint64_t *inode) {
    char link[64];
    struct stat about;
    if (notes < 0 || fd == notes) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0 || fstat(fd, &about) != 0) return 0;
    path[length] = 0;
    *inode = about.st_ino;
    return is_ours(path);
}

static void absolute(int folder, const char *path, char *into) {
    char base[PATH_MAX] = "";
    if (path[0] == '/') {
        snprintf(into, PATH_MAX, "%s", path);
        return;
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) base[0] = 0;
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, sizeof base - 1);
        base[length < 0 ? 0 : length] = 0;
    }
    if (snprintf(into, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) into[0] = 0;
}

static int opened(int fd, int flags, int was_there) {
    char path[PATH_MAX];
    uint64_t inode;
    int kept = errno;
    if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && path_of(fd, path, &inode)) {
        if (!was_there) note(CREATE, inode, 0, path, NULL, 0);
        else if (flags & O_TRUNC) note(TRUNCATE, inode, 0, path, NULL, 0);
    }
    errno = kept;
    return fd;
}

#define MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags, mode) \
        REAL(int, #name, const char *, int, ...); \
        int was_there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0; \
        return opened(real(path, flags, mode), flags, was_there); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE(flags, mode) \
        REAL(int, #name, int, const char *, int, ...); \
        int was_there = faccessat(folder, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0; \
        return opened(real(folder, path, flags, mode), flags, was_there); \
    }
OPENAT(openat)
OPENAT(openat64)

static ssize_t written(int fd, const void *bytes, ssize_t count, off_t offset) {
    char path[PATH_MAX];
    uint64_t inode;
    int kept = errno;
    if (count > 0 && path_of(fd, path, &inode)) {
        // Without an offset the file's own, which the call has moved.
        uint64_t at = offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - count;
        note(WRITE, inode, at, path, bytes, count);
    }
    errno = kept;
    return count;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    return written(fd, bytes, real_write(fd, bytes, count), -1);
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *bytes, size_t count, off_t offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, off_t); \
        return written(fd, bytes, real(fd, bytes, count, offset), offset); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    uint64_t inode;
    if (!path_of(fd, path, &inode)) {
        REAL(ssize_t, "writev", int, const struct iovec *, int);
        return real(fd, parts, count);
    }
    // One part at a time, so that each is noted; callers go on after a short count.
    for (int part = 0; part < count; part++) {
        if (parts[part].iov_len > 0) return write(fd, parts[part].iov_base, parts[part].iov_len);
    }
    return 0;
}

#define TRUNCATE_FD(name) \
    int name(int fd, off_t size) { \
        char path[PATH_MAX]; \
        uint64_t inode; \
        REAL(int, #name, int, off_t); \
        int done = real(fd, size); \
        if (done == 0 && path_of(fd, path, &inode)) note(TRUNCATE, inode, size, path, NULL, 0); \
        return done; \
    }
TRUNCATE_FD(ftruncate)
TRUNCATE_FD(ftruncate64)

#define SYNC_FD(name) \
    int name(int fd) { \
        char path[PATH_MAX]; \
        uint64_t inode; \
        REAL(int, #name, int); \
        int done = real(fd); \
        if (done == 0 && path_of(fd, path, &inode)) note(SYNC, inode, 0, path, NULL, 0); \
        return done; \
    }
SYNC_FD(fsync)
SYNC_FD(fdatasync)

static int renamed(int done, int from_folder, const char *from, int to_folder, const char *to) {
    char before[PATH_MAX], after[PATH_MAX];
    if (done != 0) return done;
    absolute(from_folder, from, before);
    absolute(to_folder, to, after);
    if (is_ours(before) || is_ours(after)) note(RENAME, 0, 0, before, after, strlen(after));
    return done;
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return renamed(real(from, to), AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    return renamed(real(from_folder, from, to_folder, to), from_folder, from, to_folder, to);
}

static int removed(int done, char kind, int folder, const char *name) {
    char path[PATH_MAX];
    if (done != 0) return done;
    absolute(folder, name, path);
    if (is_ours(path)) note(kind, 0, 0, path, NULL, 0);
    return done;
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return removed(real(path), UNLINK, AT_FDCWD, path);
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    return removed(real(folder, path, flags), flags & AT_REMOVEDIR ? RMDIR : UNLINK, folder, path);
}

int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    return removed(real(path), RMDIR, AT_FDCWD, path);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return removed(real(path, mode), MKDIR, AT_FDCWD, path);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    return removed(real(folder, path, mode), MKDIR, folder, path);
}

// Whoever copies within the kernel is sent to copy by reading and writing.
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t count, unsigned flags) {
    (void)from, (void)from_at, (void)to, (void)to_at, (void)count, (void)flags;
    errno = ENOSYS;
    return -1;
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t count) {
    char path[PATH_MAX];
    uint64_t inode;
    if (path_of(to, path, &inode)) {
        errno = ENOSYS;
        return -1;
    }
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    return real(to, from, at, count);
}
