/* Preloaded under a sync: counts the calls that change files below one folder, and fails at one.

   The file named by CRASH_CONTROL holds `struct control`; all processes of a sync share it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, COUNT, KILL, TORN, FULL };
enum { GO, HALF, NO_SPACE };

struct control {
    int64_t count, at, mode;
    char folder[1024];
    char fault[1024]; /* the call that failed first, and its path */
};
static struct control *control;

__attribute__((constructor)) static void start(void) {
    const char *name = getenv("CRASH_CONTROL");
    int file = name ? syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) control = memory;
    close(file);
}

static _Noreturn void die(void) {
    kill(0, SIGKILL);
    for (;;) pause();
}

static int is_below(const char *path) {
    size_t length = strlen(control->folder);
    return !strncmp(path, control->folder, length) && (!path[length] || path[length] == '/');
}

static int names(int at, const char *path, char *full) {
    if (!control || !control->mode) return 0;
    if (*path == '/') return snprintf(full, PATH_MAX, "%s", path), is_below(full);
    char link[64];
    snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, full, PATH_MAX - 1);
    if (length < 0) return 0;
    if (*path) snprintf(full + length, PATH_MAX - length, "/%s", path);
    else full[length] = 0;
    return is_below(full);
}

/* One more call. What to do with it; it does not return where the process is to be killed. */
static int step(const char *call, const char *path, int takes_space, int writes) {
    int64_t number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    int fails = control->mode == FULL ? takes_space && number >= control->at
                                      : control->mode > COUNT && number == control->at;
    if (!fails) return GO;
    if (!*control->fault)
        snprintf(control->fault, sizeof control->fault, "%s %.900s", call, path);
    if (control->mode == KILL || (control->mode == TORN && !writes)) die();
    return control->mode == TORN ? HALF : (errno = ENOSPC, NO_SPACE);
}

static int step_at(const char *call, int at, const char *path, int takes_space) {
    char full[PATH_MAX];
    return names(at, path, full) ? step(call, full, takes_space, 0) : GO;
}

#define WRITES(call, file, half, whole)                                                   \
    char path_[PATH_MAX];                                                                 \
    int todo_ = names(file, "", path_) ? step(call, path_, 1, 1) : GO;                    \
    if (todo_ == HALF) { (void)!(half); die(); }                                          \
    return todo_ == NO_SPACE ? -1 : (whole)

ssize_t write(int file, const void *data, size_t size) {
    WRITES("write", file, syscall(SYS_write, file, data, size / 2),
           syscall(SYS_write, file, data, size));
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t place) {
    WRITES("pwrite", file, syscall(SYS_pwrite64, file, data, size / 2, place),
           syscall(SYS_pwrite64, file, data, size, place));
}
ssize_t pwrite(int file, const void *data, size_t size, off_t place) {
    return pwrite64(file, data, size, place);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    WRITES("writev", file, syscall(SYS_write, file, parts->iov_base, parts->iov_len / 2),
           syscall(SYS_writev, file, parts, count));
}
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t place) {
    WRITES("pwritev", file, syscall(SYS_pwrite64, file, parts->iov_base, parts->iov_len / 2, place),
           syscall(SYS_pwritev, file, parts, count, place, 0));
}
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t place) {
    return pwritev64(file, parts, count, place);
}
ssize_t sendfile64(int file, int from, off64_t *place, size_t size) {
    WRITES("sendfile", file, syscall(SYS_sendfile, file, from, place, size / 2),
           syscall(SYS_sendfile, file, from, place, size));
}
ssize_t sendfile(int file, int from, off_t *place, size_t size) {
    return sendfile64(file, from, place, size);
}
ssize_t copy_file_range(int from, off64_t *start, int file, off64_t *place, size_t size,
                        unsigned flags) {
    WRITES("copy_file_range", file,
           syscall(SYS_copy_file_range, from, start, file, place, size / 2, flags),
           syscall(SYS_copy_file_range, from, start, file, place, size, flags));
}

#define CHANGES(call, at, path, space, real) \
    return step_at(call, at, path, space) == NO_SPACE ? -1 : (real)

int fsync(int file) { CHANGES("fsync", file, "", 0, syscall(SYS_fsync, file)); }
int fdatasync(int file) { CHANGES("fdatasync", file, "", 0, syscall(SYS_fdatasync, file)); }
int ftruncate64(int file, off64_t size) {
    CHANGES("ftruncate", file, "", 0, syscall(SYS_ftruncate, file, size));
}
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }
int fallocate64(int file, int mode, off64_t place, off64_t size) {
    CHANGES("fallocate", file, "", 1, syscall(SYS_fallocate, file, mode, place, size));
}
int fallocate(int file, int mode, off_t place, off_t size) {
    return fallocate64(file, mode, place, size);
}
int posix_fallocate64(int file, off64_t place, off64_t size) {
    return fallocate64(file, 0, place, size) ? errno : 0;
}
int posix_fallocate(int file, off_t place, off_t size) {
    return posix_fallocate64(file, place, size);
}
int unlinkat(int at, const char *path, int flags) {
    CHANGES("unlink", at, path, 0, syscall(SYS_unlinkat, at, path, flags));
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int renameat2(int from, const char *old, int at, const char *path, unsigned flags) {
    CHANGES("rename", at, path, 0, syscall(SYS_renameat2, from, old, at, path, flags));
}
int renameat(int from, const char *old, int at, const char *path) {
    return renameat2(from, old, at, path, 0);
}
int rename(const char *old, const char *path) {
    return renameat2(AT_FDCWD, old, AT_FDCWD, path, 0);
}
int linkat(int from, const char *old, int at, const char *path, int flags) {
    CHANGES("link", at, path, 1, syscall(SYS_linkat, from, old, at, path, flags));
}
int link(const char *old, const char *path) { return linkat(AT_FDCWD, old, AT_FDCWD, path, 0); }
int mkdirat(int at, const char *path, mode_t mode) {
    int is_new = syscall(SYS_faccessat, at, path, F_OK) != 0;
    CHANGES("mkdir", at, path, is_new, syscall(SYS_mkdirat, at, path, mode));
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

static int open_at(int at, const char *path, int flags, mode_t mode) {
    int is_new = (flags & O_CREAT) && syscall(SYS_faccessat, at, path, F_OK);
    if ((flags & (O_CREAT | O_TRUNC)) && step_at("open", at, path, is_new) == NO_SPACE) return -1;
    return syscall(SYS_openat, at, path, flags, mode);
}
#define MODE(last) va_list rest_; va_start(rest_, last); mode_t mode = va_arg(rest_, mode_t); va_end(rest_)
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags);
    return open_at(at, path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) {
    MODE(flags);
    return open_at(at, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags);
    return open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int open(const char *path, int flags, ...) {
    MODE(flags);
    return open_at(AT_FDCWD, path, flags, mode);
}

/* libc's streams write behind our back, so those below the folder get our functions as their own.
   Chroma's graph is written through them. */
static ssize_t stream_read(void *file, char *data, size_t size) {
    return read((int)(intptr_t)file, data, size);
}
static ssize_t stream_write(void *file, const char *data, size_t size) {
    ssize_t done = write((int)(intptr_t)file, data, size);
    return done < 0 ? 0 : done;
}
static int stream_seek(void *file, off64_t *place, int from) {
    off64_t now = lseek64((int)(intptr_t)file, *place, from);
    return now < 0 ? -1 : (*place = now, 0);
}
static int stream_close(void *file) { return close((int)(intptr_t)file); }

FILE *fopen64(const char *path, const char *mode) {
    int how = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
    how |= *mode == 'w' ? O_CREAT | O_TRUNC : *mode == 'a' ? O_CREAT | O_APPEND : 0;
    how |= strchr(mode, 'e') ? O_CLOEXEC : 0;
    int file = open_at(AT_FDCWD, path, how, 0666);
    if (file < 0) return NULL;
    char full[PATH_MAX];
    if (how == O_RDONLY || !names(file, "", full)) return fdopen(file, mode);
    cookie_io_functions_t ours = {stream_read, stream_write, stream_seek, stream_close};
    FILE *stream = fopencookie((void *)(intptr_t)file, mode, ours);
    if (stream) setvbuf(stream, NULL, _IOFBF, 4096);
    return stream;
}
FILE *fopen(const char *path, const char *mode) { return fopen64(path, mode); }
