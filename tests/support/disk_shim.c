/* What a disk may do to a program, as a library that is preloaded.
 *
 * Faults, for files whose path holds $SHIM_PATH:
 *   SHIM_FAULT=CALL:ERROR:N[:once]   the Nth such call fails, and all later
 *   ones unless once. CALL: write pwrite fsync fdatasync rename ftruncate
 *   remove.
 *   ERROR: EIO ENOSPC SHORT (half is written) KILL (before the call).
 *   When the fault strikes, a byte goes to the file $SHIM_STRUCK.
 *
 * A record of what was written and what was synced, for $SHIM_ROOT and all
 * below, into $SHIM_LOG; what a power cut may leave is made of it
 * (tests/support/power_cut.py). Each entry is a line of tab-separated fields,
 * and for writes the bytes:
 *   W path offset size \n bytes   S path   D folder   T path size
 *   C path   R from to   U path   M folder   A size \n bytes (standard output)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum call { WRITE, PWRITE, FSYNC, FDATASYNC, RENAME, FTRUNCATE, REMOVE };
static const char *const kNames[] = {"write",     "pwrite", "fsync",
                                     "fdatasync", "rename", "ftruncate",
                                     "remove"};
static long counts[7];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, size - 1);
  if (n < 0) return NULL;
  path[n] = 0;
  return path;
}

/* ---- faults ---- */

/* 0 none, -1 fail with errno set, 1 short. Called with the mutex held. */
static int fault(enum call call, const char *path) {
  const char *spec = getenv("SHIM_FAULT");
  const char *part = getenv("SHIM_PATH");
  if (!spec || !path || !part || !strstr(path, part)) return 0;
  char name[16] = "", error[16] = "", once[8] = "";
  long n = 1;
  if (sscanf(spec, "%15[^:]:%15[^:]:%ld:%7s", name, error, &n, once) < 3 ||
      strcmp(name, kNames[call]) != 0) {
    return 0;
  }
  const long number = ++counts[call];
  if (once[0] ? number != n : number < n) return 0;
  const char *struck = getenv("SHIM_STRUCK");
  if (struck) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, struck,
                          O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) {
      syscall(SYS_write, fd, "x", 1);
      syscall(SYS_close, fd);
    }
  }
  if (!strcmp(error, "KILL")) raise(SIGKILL);
  if (!strcmp(error, "SHORT")) return 1;
  errno = !strcmp(error, "ENOSPC") ? ENOSPC : EIO;
  return -1;
}

/* ---- the record ---- */

static int below_root(const char *path) {
  const char *root = getenv("SHIM_ROOT");
  return root && path && !strncmp(path, root, strlen(root));
}

static void record(const char *head, const void *bytes, size_t size) {
  static int log = -2;
  if (log == -2) {
    const char *path = getenv("SHIM_LOG");
    log = path ? (int)syscall(SYS_openat, AT_FDCWD, path,
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
               : -1;
  }
  if (log < 0) return;
  syscall(SYS_write, log, head, strlen(head));
  for (size_t done = 0; done < size;) {
    long n = syscall(SYS_write, log, (const char *)bytes + done, size - done);
    if (n <= 0) break;
    done += (size_t)n;
  }
}

static void record_write(const char *path, int fd, off_t at, const void *bytes,
                         size_t size) {
  char head[5000];
  if (fd == STDOUT_FILENO && getenv("SHIM_ROOT")) {
    snprintf(head, sizeof head, "A\t%zu\n", size);
    record(head, bytes, size);
  } else if (below_root(path)) {
    snprintf(head, sizeof head, "W\t%s\t%lld\t%zu\n", path, (long long)at,
             size);
    record(head, bytes, size);
  }
}

static void record_name(char what, const char *path, const char *to) {
  char head[9000];
  if (!below_root(path)) return;
  if (to) {
    snprintf(head, sizeof head, "%c\t%s\t%s\n", what, path, to);
  } else {
    snprintf(head, sizeof head, "%c\t%s\n", what, path);
  }
  record(head, NULL, 0);
}

/* ---- the calls ---- */

ssize_t write(int fd, const void *bytes, size_t size) {
  char path[4096];
  pthread_mutex_lock(&mutex);
  const char *name = path_of(fd, path, sizeof path);
  ssize_t done = -1;
  const int failed = fault(WRITE, name);
  if (failed >= 0) {
    struct stat info;
    off_t at = lseek(fd, 0, SEEK_CUR);
    const int flags = fcntl(fd, F_GETFL);
    if ((flags & O_APPEND) && fstat(fd, &info) == 0) at = info.st_size;
    done = REAL(write)(fd, bytes, failed == 1 && size > 1 ? size / 2 : size);
    if (done > 0) record_write(name, fd, at, bytes, (size_t)done);
  }
  pthread_mutex_unlock(&mutex);
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  char path[4096];
  pthread_mutex_lock(&mutex);
  const char *name = path_of(fd, path, sizeof path);
  ssize_t done = -1;
  const int failed = fault(PWRITE, name);
  if (failed >= 0) {
    done = REAL(pwrite64)(fd, bytes,
                          failed == 1 && size > 1 ? size / 2 : size, at);
    if (done > 0) record_write(name, fd, at, bytes, (size_t)done);
  }
  pthread_mutex_unlock(&mutex);
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  return pwrite64(fd, bytes, size, at);
}

static int sync_call(enum call call, int fd, int (*real)(int)) {
  char path[4096];
  struct stat info;
  pthread_mutex_lock(&mutex);
  const char *name = path_of(fd, path, sizeof path);
  int done = -1;
  if (fault(call, name) >= 0) {
    done = real(fd);
    if (done == 0 && fstat(fd, &info) == 0) {
      record_name(S_ISDIR(info.st_mode) ? 'D' : 'S', name, NULL);
    }
  }
  pthread_mutex_unlock(&mutex);
  return done;
}

int fsync(int fd) { return sync_call(FSYNC, fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_call(FDATASYNC, fd, REAL(fdatasync)); }

int ftruncate64(int fd, off64_t size) {
  char path[4096];
  pthread_mutex_lock(&mutex);
  const char *name = path_of(fd, path, sizeof path);
  int done = -1;
  if (fault(FTRUNCATE, name) >= 0) {
    done = REAL(ftruncate64)(fd, size);
    if (done == 0 && below_root(name)) {
      char head[5000];
      snprintf(head, sizeof head, "T\t%s\t%lld\n", name, (long long)size);
      record(head, NULL, 0);
    }
  }
  pthread_mutex_unlock(&mutex);
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&mutex);
  int done = -1;
  if (fault(RENAME, to) >= 0) {
    done = REAL(rename)(from, to);
    if (done == 0) record_name('R', from, to);
  }
  pthread_mutex_unlock(&mutex);
  return done;
}

static int open_call(const char *path, int flags, mode_t mode) {
  pthread_mutex_lock(&mutex);
  const int there = access(path, F_OK) == 0;
  const int done =
      (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);
  const int saved = errno;
  if (done >= 0 && !there) record_name('C', path, NULL);
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return done;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode =
      flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_call(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode =
      flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_call(path, flags, mode);
}

int unlink(const char *path) {
  pthread_mutex_lock(&mutex);
  const int done = fault(REMOVE, path) < 0 ? -1 : REAL(unlink)(path);
  if (done == 0) record_name('U', path, NULL);
  pthread_mutex_unlock(&mutex);
  return done;
}

int remove(const char *path) {
  pthread_mutex_lock(&mutex);
  const int done = fault(REMOVE, path) < 0 ? -1 : REAL(remove)(path);
  if (done == 0) record_name('U', path, NULL);
  pthread_mutex_unlock(&mutex);
  return done;
}

int mkdir(const char *path, mode_t mode) {
  pthread_mutex_lock(&mutex);
  const int done = REAL(mkdir)(path, mode);
  if (done == 0) record_name('M', path, NULL);
  pthread_mutex_unlock(&mutex);
  return done;
}
