/* Counts flushes, and makes them fail on demand. Loaded into a process with LD_PRELOAD.
 *
 * FLUSHES_COUNTED  a file of 8 bytes: the number of fsync and fdatasync calls is kept there.
 * FLUSHES_FAIL     a path: while a file is there, every flush fails with EIO.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic long *counter;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FLUSHES_COUNTED");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0)
        return;
    void *place = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (place != MAP_FAILED)
        counter = place;
    close(file);
}

static int flush(const char *name, int file) {
    const char *fail = getenv("FLUSHES_FAIL");
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (counter)
        atomic_fetch_add(counter, 1);
    if (fail && access(fail, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fsync(int file) { return flush("fsync", file); }

int fdatasync(int file) { return flush("fdatasync", file); }
